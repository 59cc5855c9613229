/**
 * The routed sockets: UDP port 434 on this host's own addresses, and ICMP errors that come to it.
 * A socket whose address does not exist yet is opened when the address appears. Addresses that the
 * configuration does not know (co-located care-of addresses) have one from the first datagram that
 * leaves by them until they go.
 */

import { formatIpv4, type Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { TUNNEL_DATA } from "../../forwarding/udp-tunnel.ts";
import { PROTOCOL_ICMP, parseIcmp, parseIpv4Packet } from "../../linux/frames.ts";
import type {
  PacketBatch,
  PacketIo,
  RawIpSocket,
  UdpDatagram,
  UdpSocket,
} from "../../linux/packet-io.ts";
import type { IcmpReceived, SendUdp, UdpReceived } from "../../protocol/core.ts";
import type { Wiring } from "../program.ts";
import { errorCode, explainError } from "./explain.ts";
import type { Problems } from "./problems.ts";

/** RFC 5944 §3.1: registration messages go to this UDP port. */
export const REGISTRATION_PORT = 434;
/** Destination unreachable, time exceeded, parameter problem (RFC 792). */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 11, 12]);

type SocketWiring = Pick<Wiring, "udpAddresses" | "comingAddresses" | "icmpErrors" | "icmpTypes">;

export class Sockets {
  readonly #io: PacketIo;
  readonly #problems: Problems;
  readonly #counters: Counters;
  readonly #isCaptured: (interfaceIndex: number, source: Ipv4) => boolean;
  readonly #onEvent: (event: UdpReceived | IcmpReceived) => void;
  readonly #isLocal: (address: Ipv4) => boolean;
  readonly #udp = new Map<Ipv4, UdpSocket | undefined>();
  /** By address and device. */
  readonly #lent = new Map<string, { readonly address: Ipv4; readonly socket: UdpSocket }>();
  #coming: ReadonlySet<Ipv4> = new Set();
  #wantsIcmp = false;
  #icmpTypes: readonly number[] = [];
  #icmp: RawIpSocket | undefined;

  constructor(options: {
    readonly io: PacketIo;
    readonly problems: Problems;
    readonly counters: Counters;
    /** Has a link's packet socket what comes in by this interface from there? */
    readonly isCaptured: (interfaceIndex: number, source: Ipv4) => boolean;
    /** Is it still an address of this host? */
    readonly isLocal: (address: Ipv4) => boolean;
    readonly onEvent: (event: UdpReceived | IcmpReceived) => void;
  }) {
    this.#io = options.io;
    this.#problems = options.problems;
    this.#counters = options.counters;
    this.#isCaptured = options.isCaptured;
    this.#isLocal = options.isLocal;
    this.#onEvent = options.onEvent;
  }

  /** Takes a wiring; sockets that it does not change stay open. */
  rewire(wiring: SocketWiring): void {
    this.#coming = new Set(wiring.comingAddresses);
    for (const [address, socket] of this.#udp) {
      if (wiring.udpAddresses.includes(address)) continue;
      socket?.close();
      this.#udp.delete(address);
      this.#problems.drop(`address ${formatIpv4(address)}`);
    }
    for (const address of wiring.udpAddresses) {
      if (!this.#udp.has(address)) this.#udp.set(address, undefined);
    }
    this.#wantsIcmp = wiring.icmpErrors;
    this.#icmpTypes = wiring.icmpTypes ?? [];
    if (!this.#wantsIcmp) {
      this.#icmp?.close();
      this.#icmp = undefined;
      this.#problems.drop("ICMP errors");
    }
    this.refresh();
  }

  /** Opens what is not open yet, and closes what was for an address that has gone. */
  refresh(): void {
    for (const [key, { address, socket }] of this.#lent) {
      if (this.#isLocal(address)) continue;
      socket.close();
      this.#lent.delete(key);
    }
    for (const [address, socket] of this.#udp) {
      if (socket === undefined) this.#openUdp(address);
      else this.#lookFor(address);
    }
    if (this.#wantsIcmp && this.#icmp === undefined) this.#openIcmp();
  }

  /** `undefined` when sent, otherwise the error name. */
  send(effect: SendUdp): string | undefined {
    const { source, sourcePort, device } = effect;
    if (sourcePort !== REGISTRATION_PORT) return "EADDRNOTAVAIL";
    const socket = device === undefined ? this.#udp.get(source) : this.#lend(source, device);
    if (socket === undefined) return "EADDRNOTAVAIL";
    return socket.send(effect.payload, effect.destination, effect.destinationPort, effect.ttl);
  }

  /** A whole ICMP packet by the routing table; `undefined` when sent, otherwise the error name. */
  route(packet: Uint8Array): string | undefined {
    return this.#icmp === undefined ? "EADDRNOTAVAIL" : this.#icmp.sendOne(packet);
  }

  close(): void {
    for (const socket of this.#udp.values()) socket?.close();
    this.#udp.clear();
    for (const { socket } of this.#lent.values()) socket.close();
    this.#lent.clear();
    this.#wantsIcmp = false; // or the next refresh would open it again
    this.#icmp?.close();
    this.#icmp = undefined;
  }

  /** A socket outlives its address, and is good for nothing then. */
  #lookFor(address: Ipv4): void {
    if (this.#coming.has(address)) return;
    const isThere = this.#isLocal(address);
    const problem = isThere ? undefined : "no interface has this address any more";
    this.#problems.set(`address ${formatIpv4(address)}`, problem);
  }

  #openUdp(address: Ipv4): void {
    const key = `address ${formatIpv4(address)}`;
    try {
      this.#udp.set(address, this.#open(address));
      this.#problems.set(key, undefined);
    } catch (error) {
      this.#problems.set(key, explainError(error));
    }
  }

  /** Failing, it is tried again with the next datagram. */
  #lend(address: Ipv4, device: string): UdpSocket | undefined {
    const key = `${address} ${device}`;
    const known = this.#lent.get(key);
    if (known !== undefined) return known.socket;
    try {
      const socket = this.#open(address, device);
      this.#lent.set(key, { address, socket });
      return socket;
    } catch (error) {
      this.#counters.add(`open-failed-${errorCode(error)}`);
      return undefined;
    }
  }

  #open(address: Ipv4, device?: string): UdpSocket {
    const socket = this.#io.openUdp({
      address,
      port: REGISTRATION_PORT,
      ...(device === undefined ? {} : { device }),
      mayBeAbsent: this.#coming.has(address),
      // The forwarding driver has a socket of its own for it (RFC 3519 §3.3).
      exceptFirstOctet: TUNNEL_DATA,
    });
    socket.onDatagram((datagram) => this.#receiveUdp(address, datagram));
    return socket;
  }

  #receiveUdp(address: Ipv4, datagram: UdpDatagram): void {
    const { interfaceIndex, source, destination = address } = datagram;
    if (interfaceIndex !== undefined && this.#isCaptured(interfaceIndex, source)) return;
    this.#onEvent({
      type: "udp",
      interface: undefined,
      linkSource: undefined,
      source,
      sourcePort: datagram.sourcePort,
      destination,
      destinationPort: REGISTRATION_PORT,
      ttl: datagram.ttl,
      payload: datagram.payload,
    });
  }

  #openIcmp(): void {
    try {
      this.#icmp = this.#io.openRawIp({ protocol: PROTOCOL_ICMP });
      this.#icmp.onPackets((batch) => this.#receiveIcmp(batch));
      this.#problems.set("ICMP errors", undefined);
    } catch (error) {
      this.#counters.add(`open-failed-${errorCode(error)}`);
      this.#problems.set("ICMP errors", explainError(error));
    }
  }

  #receiveIcmp(batch: PacketBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const start = batch.offsets[i] ?? 0;
      const packet = parseIpv4Packet(batch.slab.subarray(start, start + (batch.lengths[i] ?? 0)));
      if (!packet.ok) {
        this.#counters.add(`malformed-${packet.error}`);
        continue;
      }
      // Pings of this host pass by here too.
      const type = packet.value.payload[0] ?? -1;
      if (!ICMP_ERRORS.has(type) && !this.#icmpTypes.includes(type)) continue;
      // The batch is only valid during this call.
      const payload = packet.value.payload.slice();
      const event = parseIcmp(
        { ...packet.value, payload },
        { interface: undefined, linkSource: undefined },
      );
      if (event.ok) this.#onEvent(event.value);
      else this.#counters.add(`malformed-${event.error}`);
    }
  }
}
