/** UDP sockets through the native helper, with arrival interface and TTL. */

import { formatIpv4, type Ipv4, toIpv4, UNSPECIFIED } from "../base/address.ts";
import { pooledCopy } from "../base/pool.ts";
import { compileUdpFilter } from "./datagram-filter.ts";
import {
  fillByReceive,
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
} from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import type { UdpDatagram, UdpOptions, UdpSocket } from "./packet-io.ts";

const IP_PKTINFO = 8;
const IP_RECVTTL = 12;
const IP_FREEBIND = 15;
/** Off: only groups that this very socket joined, which are none. */
const IP_MULTICAST_ALL = 49;
const RECEIVE_BUFFER = 1024 * 1024;

/** Message i of a batch; `undefined` when it was cut. */
function datagram(batch: ReceiveBatch, i: number): UdpDatagram | undefined {
  const { metaView } = batch;
  const meta = i * META.size;
  if ((metaView.getUint32(meta + META.flags, LITTLE_ENDIAN) & MSG_TRUNC) !== 0) return undefined;
  const start = batch.offsets[i] ?? 0;
  return {
    source: toIpv4(metaView.getUint32(meta + META.address)),
    sourcePort: metaView.getUint16(meta + META.port),
    destination: toIpv4(metaView.getUint32(meta + META.destination)),
    interfaceIndex: metaView.getUint32(meta + META.interfaceIndex, LITTLE_ENDIAN),
    ttl: metaView.getUint32(meta + META.ttl, LITTLE_ENDIAN),
    payload: pooledCopy(batch.slab, start, start + (batch.lengths[i] ?? 0)),
  };
}

class HelperUdp extends HelperDescriptor implements UdpSocket {
  readonly #to = internetAddress(UNSPECIFIED, 0);

  onDatagram(handler: (datagram: UdpDatagram) => void): void {
    const deliver = (batch: ReceiveBatch): void => {
      for (let i = 0; i < batch.count && this.fd >= 0; i++) {
        const received = datagram(batch, i);
        if (received !== undefined) handler(received);
      }
    };
    this.poll(fillByReceive(this.native), deliver, { rounds: MESSAGE_ROUNDS });
  }

  send(payload: Uint8Array, destination: Ipv4, port: number, ttl: number): string | undefined {
    setInternetAddress(this.#to, destination, port);
    const sent = this.native.sendTo(this.fd, payload, this.#to, ttl);
    return sent < 0 ? errorName(sent) : undefined;
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

export function openHelperUdp(native: Native, options: UdpOptions): UdpSocket {
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
  return new HelperUdp(native, fd, what);
}
