/** The way into the tunnels: what is checked, counted and written before a packet leaves. */

import { type Ipv4, UNSPECIFIED } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { type PacketBatch, packetsIn, type RawIpSocket } from "../../linux/packet-io.ts";
import { encapsulate } from "../encapsulate.ts";
import { fragment } from "../fragment.ts";
import { DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED } from "../icmp-error.ts";
import { type DfPolicy, fitsTunnel, OUTER_HEADER, refusalFor, writeOuterHeader } from "../ipip.ts";
import { clampMss } from "../mss.ts";
import {
  destinationOf,
  isDontFragment,
  LONGEST_IPV4_HEADER,
  protocolOf,
  sourceOf,
  totalLength,
} from "../packet.ts";
import { REACHABLE, type Tunnel } from "../tunnel-table.ts";
import type { TunnelErrors } from "./tunnel-errors.ts";

/** No packet is to be sent or delivered. */
export const NONE = -1;
/** Before each fragment, for the headers of any tunnel. */
const FRAGMENT_ROOM = 64;

export interface EntranceOptions {
  readonly df: DfPolicy;
  readonly counters: Counters;
  /** MTU of the anchor. */
  readonly mtu: () => number;
  /** Are TCP connections clamped to it? */
  readonly mssClamp: boolean;
  /** A packet to this destination did not fit through the path of its tunnel. */
  readonly onTooBig: (destination: Ipv4, tunnelMtu: number, plane: number) => void;
}

export class Entrance {
  readonly #df: DfPolicy;
  readonly #counters: Counters;
  readonly #mtu: () => number;
  readonly #mssClamp: boolean;
  readonly #onTooBig: EntranceOptions["onTooBig"];
  readonly #errors: () => TunnelErrors;
  readonly #sender: (local: Ipv4, protocol: number) => RawIpSocket | undefined;
  /** Minimal encapsulation uses up the header, which the copies for other tunnels need. */
  readonly #header = new Uint8Array(LONGEST_IPV4_HEADER);
  #identification = 0;
  /** Identifications of the other packets of a run. */
  #reserved = 0;

  constructor(
    { df, counters, mtu, mssClamp, onTooBig }: EntranceOptions,
    errors: () => TunnelErrors,
    sender: (local: Ipv4, protocol: number) => RawIpSocket | undefined,
  ) {
    this.#df = df;
    this.#counters = counters;
    this.#mtu = mtu;
    this.#mssClamp = mssClamp;
    this.#onTooBig = onTooBig;
    this.#errors = errors;
    this.#sender = sender;
  }

  /** Simultaneous bindings (RFC 5944 §4.2.3): the copies for all but the last leave at once. */
  enterEach(slab: Uint8Array, packet: number, tunnels: readonly Tunnel[]): number {
    const header = this.#header;
    header.set(slab.subarray(packet, packet + LONGEST_IPV4_HEADER));
    let start = NONE;
    for (const tunnel of tunnels) {
      if (start !== NONE) {
        const error = this.sendOne(slab.subarray(start, start + totalLength(slab, start)));
        if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
        slab.set(header, packet);
      }
      start = this.enter(slab, packet, tunnel, 0);
    }
    return start;
  }

  /** One packet into one tunnel. */
  enter(slab: Uint8Array, packet: number, tunnel: Tunnel, plane: number): number {
    const refusal = refusalFor(slab, packet, tunnel);
    if (refusal !== undefined) return this.#drop(refusal);
    if (!fitsTunnel(slab, packet, tunnel.overhead)) return this.#drop("tunnel-too-big");
    const octets = totalLength(slab, packet);
    if (octets > tunnel.mtu && this.#isTooBig(slab, packet, tunnel, plane)) return NONE;
    // There is no way for an error to a visitor of another plane.
    const isUnreachable = tunnel.unreachable !== REACHABLE && plane === 0;
    if (isUnreachable) this.#errors().tellSender(slab, packet, tunnel);
    if (this.#mssClamp) clampMss(slab, packet, this.room(tunnel));
    return this.#write(slab, packet, tunnel);
  }

  /**
   * May a run with this first packet enter as that one does, without anything that is to be said or done about
   * each?
   */
  isPlain(slab: Uint8Array, packet: number, tunnel: Tunnel): boolean {
    const { encapsulation, router, overhead, mtu, unreachable } = tunnel;
    return (
      encapsulation !== "minimal" &&
      router === UNSPECIFIED &&
      unreachable === REACHABLE &&
      totalLength(slab, packet) <= mtu &&
      refusalFor(slab, packet, tunnel) === undefined &&
      fitsTunnel(slab, packet, overhead)
    );
  }

  /** The next packet to enter is the first of a run, of which these are the others. */
  expectMore(tunnel: Tunnel, packets: number, octets: number): void {
    tunnel.packetsOut += packets;
    tunnel.bytesOut += octets;
    this.#reserved = packets;
  }

  /** No kernel has looked at its length: what is too long is refused, or goes in pieces. */
  enterWhole(slab: Uint8Array, packet: number, tunnel: Tunnel, plane: number): number {
    const room = this.room(tunnel);
    const length = totalLength(slab, packet);
    if (length <= room) return this.enter(slab, packet, tunnel, plane);
    if (isDontFragment(slab, packet)) {
      const error = { type: DESTINATION_UNREACHABLE, code: FRAGMENTATION_NEEDED, mtu: room };
      if (plane === 0) this.#errors().refuse(tunnel.local, error, slab, packet, packet + length);
      return this.#drop("tunnel-path-too-narrow");
    }
    this.enterInPieces(slab.subarray(packet), tunnel, plane);
    return NONE;
  }

  /** The same, and it leaves at once; false: it has not, or in pieces. */
  sendWhole(slab: Uint8Array, packet: number, tunnel: Tunnel): boolean {
    const start = this.enterWhole(slab, packet, tunnel, 0);
    if (start === NONE) return false;
    const error = this.sendOne(slab.subarray(start, start + totalLength(slab, start)));
    if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
    return error === undefined;
  }

  #write(slab: Uint8Array, packet: number, tunnel: Tunnel): number {
    tunnel.packetsOut++;
    tunnel.bytesOut += totalLength(slab, packet);
    return encapsulate(slab, packet, tunnel, this.#df, this.#nextIdentification());
  }

  #nextIdentification(): number {
    const next = (this.#identification + 1) & 0xffff;
    this.#identification = next + this.#reserved;
    this.#reserved = 0;
    return next;
  }

  /**
   * The first packet that is too long for a narrow path sets a route for those that follow, by which
   * the kernel tells their sender or fragments them. It goes itself only if it may be fragmented.
   */
  #isTooBig(slab: Uint8Array, packet: number, tunnel: Tunnel, plane: number): boolean {
    this.#onTooBig(destinationOf(slab, packet), tunnel.mtu, plane);
    if (!isDontFragment(slab, packet)) return false;
    this.#counters.add("tunnel-path-too-narrow");
    return true;
  }

  sendOne(packet: Uint8Array): string | undefined {
    const sender = this.#sender(sourceOf(packet, 0), protocolOf(packet, 0));
    return sender === undefined ? "no-socket" : sender.sendOne(packet);
  }

  /** Packets that follow each other from one end, of one protocol, go in one call. */
  sendAll(batch: PacketBatch): void {
    const { slab, offsets, count } = batch;
    let first = 0;
    for (let i = 1; i <= count; i++) {
      const head = offsets[first] ?? 0;
      const next = offsets[i] ?? 0;
      const local = sourceOf(slab, head);
      const protocol = protocolOf(slab, head);
      if (i < count && sourceOf(slab, next) === local && protocolOf(slab, next) === protocol) {
        continue;
      }
      const part = first === 0 && i === count ? batch : partOf(batch, first, i);
      this.#sendFrom([local, protocol], part);
      first = i;
    }
  }

  #sendFrom(end: readonly [Ipv4, number], batch: PacketBatch): void {
    const sender = this.#sender(...end);
    if (sender === undefined) {
      this.#counters.add("tunnel-send-no-socket", packetsIn(batch));
      return;
    }
    // The socket passes over a packet that is refused, so what is missing must not be sent again.
    const refused = packetsIn(batch) - sender.send(batch);
    if (refused > 0) this.#counters.add("tunnel-send-refused", refused);
  }

  /** One of our own packets into this tunnel (RFC 3519 §4.9). */
  sendKeepalive(tunnel: Tunnel, packet: Uint8Array, plane: number): void {
    const roomy = new Uint8Array(FRAGMENT_ROOM + packet.length);
    roomy.set(packet, FRAGMENT_ROOM);
    const start = this.enter(roomy, FRAGMENT_ROOM, tunnel, plane);
    const error = start === NONE ? undefined : this.sendOne(roomy.subarray(start));
    this.#counters.add(error === undefined ? "tunnel-keepalives-sent" : `tunnel-send-${error}`);
  }

  /** A packet of any length, without its DF bit: in as many fragments as the tunnel wants. */
  enterInPieces(packet: Uint8Array, tunnel: Tunnel, plane: number): void {
    for (const part of fragment(packet, 0, this.room(tunnel), FRAGMENT_ROOM)) {
      const start = this.enter(part, FRAGMENT_ROOM, tunnel, plane);
      const error = start === NONE ? undefined : this.sendOne(part.subarray(start));
      if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
    }
  }

  /**
   * A copy of a packet that no kernel has forwarded, since it is for many (RFC 5944 §4.3): what is
   * too long is fragmented here. With `nestedTo` it is first encapsulated to that address.
   */
  sendCopy(packet: Uint8Array, tunnel: Tunnel, nestedTo: Ipv4 | undefined): void {
    const refusal = refusalFor(packet, 0, tunnel);
    const overhead = tunnel.overhead + (nestedTo === undefined ? 0 : OUTER_HEADER);
    if (refusal !== undefined || !fitsTunnel(packet, 0, overhead)) {
      this.#counters.add(refusal ?? "tunnel-too-big");
      return;
    }
    const roomy = new Uint8Array(FRAGMENT_ROOM + packet.length);
    roomy.set(packet, FRAGMENT_ROOM);
    let start = FRAGMENT_ROOM;
    if (nestedTo !== undefined) {
      const ends = { local: tunnel.local, remote: nestedTo };
      writeOuterHeader(roomy, start, ends, "clear", this.#nextIdentification());
      start -= OUTER_HEADER;
    }
    for (const part of fragment(roomy, start, this.room(tunnel), FRAGMENT_ROOM)) {
      const error = this.sendOne(part.subarray(this.#write(part, FRAGMENT_ROOM, tunnel)));
      if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
    }
  }

  /** What goes through a tunnel as far as we know. */
  room(tunnel: Tunnel): number {
    return Math.min(this.#mtu(), tunnel.mtu);
  }

  #drop(reason: string): typeof NONE {
    this.#counters.add(reason);
    return NONE;
  }
}

function partOf(batch: PacketBatch, first: number, end: number): PacketBatch {
  const { offsets, lengths, runs } = batch;
  return {
    ...batch,
    offsets: offsets.subarray(first, end),
    lengths: lengths.subarray(first, end),
    count: end - first,
    runs: runs?.from(first),
  };
}
