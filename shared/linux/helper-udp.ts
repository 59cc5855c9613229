/** UDP sockets through the native helper, with arrival interface and TTL. */

import { formatIpv4, type Ipv4, toIpv4, UNSPECIFIED } from "../base/address.ts";
import { pooledCopy } from "../base/pool.ts";
import { compileUdpFilter } from "./datagram-filter.ts";
import { runArguments } from "./helper-runs.ts";
import {
  type Fill,
  fillByReceive,
  fillByUdp,
  HelperDescriptor,
  MESSAGE_ROUNDS,
  type ReceiveBatch,
} from "./helper-socket.ts";
import {
  AF_INET,
  bindToDevice,
  check,
  errorName,
  int,
  internetAddress,
  LITTLE_ENDIAN,
  META,
  MSG_TRUNC,
  openSocket,
  SO_BROADCAST,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_IP,
  SOL_SOCKET,
  setInternetAddress,
  setReceiveBuffer,
  setSendBuffer,
} from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import {
  IoError,
  type PacketBatch,
  type UdpDatagram,
  type UdpOptions,
  type UdpSocket,
} from "./packet-io.ts";
import type { PortSocket, PortTaker, UdpPorts } from "./udp-ports.ts";

const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_RECVTTL = 12;
const IP_RECVTOS = 13;
const IP_FREEBIND = 15;
/** Off: only groups that this very socket joined, which are none. */
const IP_MULTICAST_ALL = 49;
const SO_DETACH_FILTER = 27;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
/** IP_MTU_DISCOVER is as it was. */
const NOT_CHANGED = -1;
const RECEIVE_BUFFER = 1024 * 1024;
/** Tunnelled traffic of some milliseconds at a gigabit a second. */
const TUNNEL_BUFFER = 4 * 1024 * 1024;
/** Of the outer header (RFC 2003 §3.1). */
const TUNNEL_TTL = 64;

/** IPv4 and UDP header, where datagrams come as packets. */
const HEADERS = 28;

/** Message i of a batch, after `headers` octets; `undefined` when it was cut. */
function datagram(batch: ReceiveBatch, i: number, headers: number): UdpDatagram | undefined {
  const { metaView } = batch;
  const meta = i * META.size;
  if ((metaView.getUint32(meta + META.flags, LITTLE_ENDIAN) & MSG_TRUNC) !== 0) return undefined;
  const start = (batch.offsets[i] ?? 0) + headers;
  return {
    source: toIpv4(metaView.getUint32(meta + META.address)),
    sourcePort: metaView.getUint16(meta + META.port),
    destination: toIpv4(metaView.getUint32(meta + META.destination)),
    interfaceIndex: metaView.getUint32(meta + META.interfaceIndex, LITTLE_ENDIAN),
    ttl: metaView.getUint32(meta + META.ttl, LITTLE_ENDIAN),
    payload: pooledCopy(batch.slab, start, start + (batch.lengths[i] ?? 0) - headers),
  };
}

class HelperUdp extends HelperDescriptor implements UdpSocket, PortSocket {
  readonly #to = internetAddress(UNSPECIFIED, 0);
  readonly #options: UdpOptions;
  readonly #ports: UdpPorts;
  /** For `udpSend`. */
  readonly #sending = new Int32Array(2);
  /** IP_MTU_DISCOVER for datagrams of our own. */
  readonly #discover = int(0);
  #handler: ((datagram: UdpDatagram) => void) | undefined;
  #taker: PortTaker | undefined;
  #isPolled = false;

  constructor(native: Native, fd: number, what: string, options: UdpOptions, ports: UdpPorts) {
    super(native, fd, what);
    this.#options = options;
    this.#ports = ports;
    if (options.exceptFirstOctet === undefined) return;
    native.getOption(fd, SOL_IP, IP_MTU_DISCOVER, this.#discover);
    const canSegment = native.getOption(fd, SOL_UDP, UDP_SEGMENT, int(0)) >= 0;
    this.#sending.set([NOT_CHANGED, canSegment ? 0 : 1]);
    ports.joined(options, this);
  }

  onDatagram(handler: (datagram: UdpDatagram) => void): void {
    if (this.#handler !== undefined) throw new IoError("EINVAL", "a second handler");
    this.#handler = handler;
    this.#start();
  }

  send(payload: Uint8Array, destination: Ipv4, port: number, ttl: number): string | undefined {
    if ((this.#sending[0] ?? NOT_CHANGED) !== NOT_CHANGED) {
      this.native.setOption(this.fd, SOL_IP, IP_MTU_DISCOVER, this.#discover);
      this.#sending[0] = NOT_CHANGED;
    }
    setInternetAddress(this.#to, destination, port);
    const sent = this.native.sendTo(this.fd, payload, this.#to, ttl);
    return sent < 0 ? errorName(sent) : undefined;
  }

  sendPackets(batch: PacketBatch): number {
    const { slab, offsets, lengths, count } = batch;
    const more = [this.#sending, ...runArguments(batch)] as const;
    return Math.max(0, this.native.udpSend(this.fd, slab, offsets, lengths, count, ...more));
  }

  shareWith(taker: PortTaker | undefined): void {
    const { native, fd } = this;
    this.#taker = taker;
    if (fd < 0) return;
    native.setOption(fd, SOL_UDP, UDP_GRO, int(taker === undefined ? 0 : 1));
    if (taker === undefined) {
      this.#filter();
      return;
    }
    native.setOption(fd, SOL_SOCKET, SO_DETACH_FILTER, int(0));
    native.setOption(fd, SOL_IP, IP_RECVTOS, int(1));
    native.setOption(fd, SOL_IP, IP_TTL, int(TUNNEL_TTL));
    setReceiveBuffer(native, fd, TUNNEL_BUFFER);
    setSendBuffer(native, fd, TUNNEL_BUFFER);
    this.#start();
  }

  override close(): void {
    this.#ports.left(this.#options, this);
    super.close();
  }

  #start(): void {
    if (this.#isPolled) return;
    this.#isPolled = true;
    const { address, port } = this.#options;
    const local = internetAddress(address, port);
    const plain = fillByReceive(this.native);
    const together = fillByUdp(
      this.native,
      Uint8Array.of(...local.slice(4, 8), ...local.slice(2, 4)),
      () => this.#taker?.takesRuns === true,
    );
    // Both see the socket as it is when it is read.
    let isCut = false;
    const fill: Fill = (fd, batch) => {
      isCut = this.#taker !== undefined;
      return isCut ? together(fd, batch) : plain(fd, batch);
    };
    const deliver = (batch: ReceiveBatch): void =>
      isCut ? this.#deal(batch) : this.#deliver(batch);
    this.poll(fill, deliver, { rounds: MESSAGE_ROUNDS });
  }

  #deliver(batch: ReceiveBatch): void {
    for (let i = 0; i < batch.count && this.fd >= 0; i++) {
      const received = datagram(batch, i, 0);
      if (received !== undefined) this.#handler?.(received);
    }
  }

  /** What bears the octet goes to the taker, the rest is ours. */
  #deal(batch: ReceiveBatch): void {
    const { slab, offsets, lengths, runs } = batch;
    const taker = this.#taker;
    const own: UdpDatagram[] = [];
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      const [offset = 0, length = 0] = [offsets[i], lengths[i]];
      if (length > HEADERS && slab[offset + HEADERS] === taker?.firstOctet) {
        offsets[kept] = offset;
        lengths[kept] = length;
        runs?.move(i, kept);
        kept++;
        continue;
      }
      const received = datagram(batch, i, HEADERS);
      if (received !== undefined) own.push(received);
    }
    batch.count = kept;
    if (kept > 0) taker?.take(batch);
    for (const received of own) {
      if (this.fd >= 0) this.#handler?.(received);
    }
  }

  #filter(): void {
    const { exceptFirstOctet = 0 } = this.#options;
    this.native.attachFilter(this.fd, compileUdpFilter(exceptFirstOctet));
  }
}

/**
 * Fails when another socket has this very address and port, which SO_REUSEADDR would hide. The
 * probe is bound to a device so that it does not clash with sockets of other devices.
 */
function refuseTaken(native: Native, options: UdpOptions, what: string): void {
  const { address, port } = options;
  const probe = openSocket(native, what, [AF_INET, SOCK_DGRAM, 0], (open) => {
    allowAbsent(native, open, options, what);
    bindToDevice(native, open, "lo", what);
    check(native.bind(open, internetAddress(address, port)), what);
  });
  native.close(probe);
}

function allowAbsent(native: Native, fd: number, options: UdpOptions, what: string): void {
  if (options.mayBeAbsent !== true) return;
  check(native.setOption(fd, SOL_IP, IP_FREEBIND, int(1)), what);
}

export function openHelperUdp(native: Native, options: UdpOptions, ports: UdpPorts): UdpSocket {
  const { address, port, device, exceptFirstOctet } = options;
  const on = device === undefined ? "" : ` on ${device}`;
  const what = `UDP socket ${formatIpv4(address)}:${port}${on}`;
  const fd = openSocket(native, what, [AF_INET, SOCK_DGRAM, 0], (open) => {
    check(native.setOption(open, SOL_IP, IP_PKTINFO, int(1)), what);
    check(native.setOption(open, SOL_IP, IP_RECVTTL, int(1)), what);
    check(native.setOption(open, SOL_IP, IP_MULTICAST_ALL, int(0)), what);
    check(native.setOption(open, SOL_SOCKET, SO_BROADCAST, int(1)), what);
    allowAbsent(native, open, options, what);
    setReceiveBuffer(native, open, RECEIVE_BUFFER);
    if (exceptFirstOctet !== undefined) {
      check(native.attachFilter(open, compileUdpFilter(exceptFirstOctet)), `filter of ${what}`);
    }
    // A socket for one address and one for all addresses of a device share the port.
    if (device === undefined) refuseTaken(native, options, what);
    check(native.setOption(open, SOL_SOCKET, SO_REUSEADDR, int(1)), what);
    if (device !== undefined) bindToDevice(native, open, device, what);
    check(native.bind(open, internetAddress(address, port)), what);
  });
  return new HelperUdp(native, fd, what, options, ports);
}
