/**
 * Packets between the TUN anchor and the raw tunnel sockets. What leaves by the anchor has been
 * forwarded by the kernel already (TTL, MTU, policy); it is encapsulated in place and sent. What
 * comes out of a tunnel is checked, decapsulated and given back to the kernel by the anchor.
 *
 * Fragmentation: the anchor's MTU is that of the uplink less what the headers take, so the kernel
 * fragments (or answers `fragmentation needed` to) what is too long before it is encapsulated, and
 * the outer datagram is never fragmented. RFC 2003 §3.1 allows that whatever the inner DF bit says,
 * RFC 3519 §4.8 demands it.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import {
  createBatch,
  HEADROOM,
  type PacketBatch,
  type PacketIo,
  type TunDevice,
} from "../../linux/packet-io.ts";
import { Arrival, carryCongestion, decapsulate } from "../decapsulate.ts";
import { encapsulate } from "../encapsulate.ts";
import { fragment } from "../fragment.ts";
import { ABSENT } from "../gre.ts";
import { DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED } from "../icmp-error.ts";
import { type DfPolicy, fitsTunnel, refusalFor } from "../ipip.ts";
import { clampMss } from "../mss.ts";
import {
  destinationOf,
  isDontFragment,
  isIpv4,
  LONGEST_IPV4_HEADER,
  sourceOf,
  totalLength,
} from "../packet.ts";
import {
  type ArrivalDrop,
  REACHABLE,
  type Tunnel,
  type TunnelTable,
  type WaitingPacket,
} from "../tunnel-table.ts";
import { Deliveries, type DeliveryPoint } from "./deliveries.ts";
import { GreOrder } from "./gre-order.ts";
import { isKeepaliveAnswer } from "./keepalives.ts";
import { TunnelErrors } from "./tunnel-errors.ts";
import { TunnelSockets } from "./tunnel-sockets.ts";

export interface DataPathOptions {
  readonly io: PacketIo;
  readonly tun: TunDevice;
  readonly table: TunnelTable;
  readonly df: DfPolicy;
  readonly counters: Counters;
  /** MTU of the anchor. */
  readonly mtu: () => number;
  /** Are TCP connections clamped to it? */
  readonly mssClamp: boolean;
  /** A packet to this destination did not fit through the path of its tunnel. */
  readonly onTooBig: (destination: Ipv4, tunnelMtu: number, plane: number) => void;
  /** A packet came to a tunnel end from nobody who may use it (RFC 3024 §4.3.2). */
  readonly onStranger: (reason: ArrivalDrop, remote: Ipv4, innerSource: Ipv4) => void;
}

/** No packet is to be sent or delivered. */
const NONE = -1;
/** Before each fragment, for the headers of any tunnel. */
const FRAGMENT_ROOM = 64;

export class DataPath {
  readonly #tun: TunDevice;
  readonly #table: TunnelTable;
  readonly #df: DfPolicy;
  readonly #counters: Counters;
  readonly #mtu: () => number;
  readonly #mssClamp: boolean;
  readonly #onStranger: DataPathOptions["onStranger"];
  readonly #onTooBig: DataPathOptions["onTooBig"];
  readonly #sockets: TunnelSockets;
  readonly #errors: TunnelErrors;
  readonly #order: GreOrder;
  /** Visitors that encapsulate what they send. */
  readonly deliveries: Deliveries;
  /** Anchors of the planes beside plane 0. */
  readonly #planes = new Map<number, TunDevice>();
  readonly #arrival = new Arrival();
  /** Minimal encapsulation uses up the header, which the copies for other tunnels need. */
  readonly #header = new Uint8Array(LONGEST_IPV4_HEADER);
  #identification = 0;
  #plane = 0;

  constructor(options: DataPathOptions) {
    this.#tun = options.tun;
    this.#table = options.table;
    this.#df = options.df;
    this.#counters = options.counters;
    this.#mtu = options.mtu;
    this.#mssClamp = options.mssClamp;
    this.#onStranger = options.onStranger;
    this.#onTooBig = options.onTooBig;
    this.#errors = new TunnelErrors({ ...options, send: (packet) => this.#sendOne(packet) });
    this.#order = new GreOrder(options.counters, (packet) => this.#deliverLate(packet));
    this.#sockets = new TunnelSockets(options.io, {
      onTunnel: (batch) => this.#decapsulateAll(batch),
      onIcmp: (batch) => this.#errors.read(batch),
    });
    this.deliveries = new Deliveries(options.io, (batch, point) => this.#deliverAll(batch, point));
    this.#tun.onPackets((batch) => this.#encapsulateAll(batch, 0));
  }

  /** What comes from this device belongs to that plane, and what is for that plane goes to it. */
  addPlane(plane: number, tun: TunDevice): void {
    this.#planes.set(plane, tun);
    tun.onPackets((batch) => this.#encapsulateAll(batch, plane));
  }

  removePlane(plane: number): void {
    this.#planes.delete(plane);
  }

  /** See `TunnelSockets.listen`. */
  listen(locals: ReadonlySet<Ipv4>, udp: ReadonlySet<Ipv4> = new Set()): void {
    this.#sockets.listen(locals, udp);
    this.deliveries.listen();
  }

  close(): void {
    this.#sockets.close();
    this.#order.close();
    this.deliveries.close();
  }

  #encapsulateAll(batch: PacketBatch, plane: number): void {
    const { slab, offsets, lengths } = batch;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      const start = this.#encapsulate(slab, offsets[i] ?? 0, lengths[i] ?? 0, plane);
      if (start === NONE) continue;
      offsets[kept] = start;
      lengths[kept] = totalLength(slab, start);
      kept++;
    }
    batch.count = kept;
    if (kept > 0) this.#sendAll(batch);
  }

  /** Where the packet for the last tunnel begins; those for the others have been sent. */
  #encapsulate(slab: Uint8Array, packet: number, length: number, plane: number): number {
    if (!isIpv4(slab, packet, length)) return this.#drop("tunnel-not-ipv4");
    const destination = destinationOf(slab, packet);
    const tunnels = this.#table.outFor(sourceOf(slab, packet), destination, plane);
    const first = tunnels[0];
    if (first === undefined) return this.#drop("tunnel-no-route");
    if (tunnels.length > 1) return this.#encapsulateForEach(slab, packet, tunnels);
    return this.#enter(slab, packet, first, plane);
  }

  /** Simultaneous bindings (RFC 5944 §4.2.3): the copies for all but the last leave at once. */
  #encapsulateForEach(slab: Uint8Array, packet: number, tunnels: readonly Tunnel[]): number {
    const header = this.#header;
    header.set(slab.subarray(packet, packet + LONGEST_IPV4_HEADER));
    let start = NONE;
    for (const tunnel of tunnels) {
      if (start !== NONE) {
        const error = this.#sendOne(slab.subarray(start, start + totalLength(slab, start)));
        if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
        slab.set(header, packet);
      }
      start = this.#enter(slab, packet, tunnel, 0);
    }
    return start;
  }

  /** One packet into one tunnel. */
  #enter(slab: Uint8Array, packet: number, tunnel: Tunnel, plane: number): number {
    const refusal = refusalFor(slab, packet, tunnel);
    if (refusal !== undefined) return this.#drop(refusal);
    if (!fitsTunnel(slab, packet, tunnel.overhead)) return this.#drop("tunnel-too-big");
    const octets = totalLength(slab, packet);
    if (octets > tunnel.mtu && this.#isTooBig(slab, packet, tunnel, plane)) return NONE;
    // There is no way for an error to a visitor of another plane.
    const isUnreachable = tunnel.unreachable !== REACHABLE && plane === 0;
    if (isUnreachable) this.#errors.tellSender(slab, packet, tunnel);
    if (this.#mssClamp) clampMss(slab, packet, this.#room(tunnel));
    this.#identification = (this.#identification + 1) & 0xffff;
    tunnel.packetsOut++;
    tunnel.bytesOut += octets;
    return encapsulate(slab, packet, tunnel, this.#df, this.#identification);
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

  #sendOne(packet: Uint8Array): string | undefined {
    const { sender } = this.#sockets;
    return sender === undefined ? "no-socket" : sender.sendOne(packet);
  }

  #sendAll(batch: PacketBatch): void {
    const { sender } = this.#sockets;
    if (sender === undefined) {
      this.#counters.add("tunnel-send-no-socket", batch.count);
      return;
    }
    // The socket passes over a packet that is refused, so what is missing must not be sent again.
    const refused = batch.count - sender.send(batch);
    if (refused > 0) this.#counters.add("tunnel-send-refused", refused);
  }

  #decapsulateAll(batch: PacketBatch): void {
    const { slab, offsets, lengths, count } = batch;
    let kept = 0;
    let plane = 0;
    for (let i = 0; i < count; i++) {
      const inner = this.#decapsulate(slab, offsets[i] ?? 0, lengths[i] ?? 0);
      if (inner !== NONE) {
        if (this.#plane !== plane) {
          // What is for another device goes first, and the places in front are free again.
          this.#deliver(batch, kept, plane);
          kept = 0;
          plane = this.#plane;
        }
        offsets[kept] = inner;
        lengths[kept] = totalLength(slab, inner);
        kept++;
      }
      if (!this.#order.isReady) continue;
      this.#deliver(batch, kept, plane);
      kept = 0;
      this.#order.writeReady();
    }
    this.#deliver(batch, kept, plane);
  }

  /** The first packets of the batch, to the anchor of a plane. */
  #deliver(batch: PacketBatch, count: number, plane: number): void {
    batch.count = count;
    if (count === 0) return;
    const tun = plane === 0 ? this.#tun : this.#planes.get(plane);
    const lost = count - (tun?.write(batch) ?? 0);
    if (lost > 0) this.#counters.add("tunnel-anchor-refused", lost);
  }

  /** A packet that has waited for others of its flow. */
  #deliverLate({ bytes, plane }: WaitingPacket): void {
    const batch = createBatch(1, HEADROOM + bytes.length);
    batch.slab.set(bytes, HEADROOM);
    batch.offsets[0] = HEADROOM;
    batch.lengths[0] = bytes.length;
    this.#deliver(batch, 1, plane);
  }

  /** Where the inner packet begins; `#plane` is the one that it is for. */
  #decapsulate(slab: Uint8Array, packet: number, length: number): number {
    const arrival = this.#arrival;
    const inner = decapsulate(slab, packet, length, arrival);
    if (typeof inner !== "number") return this.#drop(inner);
    const source = sourceOf(slab, inner);
    const destination = destinationOf(slab, inner);
    const acceptance = this.#table.inFor(arrival, source, destination);
    if (acceptance === undefined) return this.#dropStranger(source, destination);
    const { tunnel } = acceptance;
    const { sequence } = arrival;
    // RFC 2890 §2.2: packets without a number are interleaved as they come.
    const flow = sequence === ABSENT ? undefined : tunnel.flow;
    const turn = flow?.turnOf(sequence);
    if (turn === "late") return this.#drop("tunnel-gre-late");
    if (flow !== undefined && turn === "next") this.#order.took(flow, sequence);
    const marked = carryCongestion(slab, packet, inner, arrival);
    if (marked !== undefined) return this.#drop(marked);
    if (this.#mssClamp) clampMss(slab, inner, this.#room(tunnel));
    tunnel.packetsIn++;
    tunnel.bytesIn += totalLength(slab, inner);
    if (tunnel.port !== 0 && isKeepaliveAnswer(slab, inner, tunnel.remote)) {
      return this.#drop("tunnel-keepalives-answered");
    }
    const { plane } = acceptance;
    if (flow !== undefined && turn === "ahead") {
      const bytes = slab.slice(inner, inner + totalLength(slab, inner));
      this.#order.hold(flow, sequence, { bytes, plane });
      return NONE;
    }
    this.#plane = plane;
    return inner;
  }

  /** RFC 5944 §4.2.2, RFC 3024 §4.3.2, RFC 3519 §3.3: silently; above all no ICMP. */
  #dropStranger(source: Ipv4, destination: Ipv4): typeof NONE {
    const arrival = this.#arrival;
    // What visitors encapsulate to the agent comes by a socket of its own, too.
    if (this.deliveries.has(arrival.remote)) return NONE;
    const reason = this.#table.dropReason(arrival, source, destination);
    this.#onStranger(reason, arrival.remote, source);
    return this.#drop(reason);
  }

  /** RFC 3024 §5.2.1: what visitors encapsulate to the agent goes into the tunnels of theirs. */
  #deliverAll(batch: PacketBatch, point: DeliveryPoint): void {
    const { slab, offsets, lengths } = batch;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      const start = this.#tunnelOn(slab, offsets[i] ?? 0, lengths[i] ?? 0, point);
      if (start === NONE) continue;
      offsets[kept] = start;
      lengths[kept] = totalLength(slab, start);
      kept++;
    }
    batch.count = kept;
    if (kept > 0) this.#sendAll(batch);
  }

  /**
   * Decapsulates and encapsulates again. No kernel sees the packet in between, since it may be for
   * a group; so the inner packet is not changed, as in any decapsulation and encapsulation that is
   * no forwarding (RFC 2003 §3.1), and what is too long is refused or fragmented here.
   */
  #tunnelOn(slab: Uint8Array, packet: number, length: number, point: DeliveryPoint): number {
    const arrival = this.#arrival;
    const inner = decapsulate(slab, packet, length, arrival);
    // Tunnel packets of others come this way where the link to the visitors is the uplink as well.
    if (!point.visitors.has(arrival.remote)) return NONE;
    if (typeof inner !== "number") return this.#drop(inner);
    const source = sourceOf(slab, inner);
    if (!point.accepts(arrival, source)) return this.#drop("tunnel-delivery-not-agreed");
    const marked = carryCongestion(slab, packet, inner, arrival);
    if (marked !== undefined) return this.#drop(marked);
    const [tunnel] = this.#table.outFor(source, destinationOf(slab, inner), point.plane);
    if (tunnel === undefined) return this.#drop("tunnel-no-route");
    const room = this.#room(tunnel);
    if (totalLength(slab, inner) <= room) return this.#enter(slab, inner, tunnel, point.plane);
    if (isDontFragment(slab, inner)) {
      const error = { type: DESTINATION_UNREACHABLE, code: FRAGMENTATION_NEEDED, mtu: room };
      const end = inner + totalLength(slab, inner);
      if (point.plane === 0) this.#errors.refuse(tunnel.local, error, slab, inner, end);
      return this.#drop("tunnel-path-too-narrow");
    }
    for (const part of fragment(slab, inner, room, FRAGMENT_ROOM)) {
      const start = this.#enter(part, FRAGMENT_ROOM, tunnel, point.plane);
      const error = start === NONE ? undefined : this.#sendOne(part.subarray(start));
      if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
    }
    return NONE;
  }

  /** One of our own packets into this tunnel (RFC 3519 §4.9). */
  sendKeepalive(tunnel: Tunnel, packet: Uint8Array, plane: number): void {
    const roomy = new Uint8Array(FRAGMENT_ROOM + packet.length);
    roomy.set(packet, FRAGMENT_ROOM);
    const start = this.#enter(roomy, FRAGMENT_ROOM, tunnel, plane);
    const error = start === NONE ? undefined : this.#sendOne(roomy.subarray(start));
    this.#counters.add(error === undefined ? "tunnel-keepalives-sent" : `tunnel-send-${error}`);
  }

  /** What goes through a tunnel as far as we know. */
  #room(tunnel: Tunnel): number {
    return Math.min(this.#mtu(), tunnel.mtu);
  }

  #drop(reason: string): typeof NONE {
    this.#counters.add(reason);
    return NONE;
  }
}
