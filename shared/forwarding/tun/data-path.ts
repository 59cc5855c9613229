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
  type CarriedPackets,
  createBatch,
  HEADROOM,
  type PacketBatch,
  packetsIn,
  type TunDevice,
} from "../../linux/packet-io.ts";
import {
  Arrival,
  carryCongestion,
  decapsulate,
  decapsulateRouter,
  isUnfitForDevice,
} from "../decapsulate.ts";
import { Duplicates } from "../duplicates.ts";
import { ABSENT } from "../gre.ts";
import { clampMss } from "../mss.ts";
import {
  destinationOf,
  isIpv4,
  PROTOCOL_IPIP,
  protocolOf,
  sourceOf,
  takeHop,
  totalLength,
} from "../packet.ts";
import type { Acceptance, Tunnel, TunnelTable } from "../tunnel-table.ts";

import type { DataPathOptions } from "./data-path-options.ts";
import { Deliveries } from "./deliveries.ts";
import { Entrance, NONE } from "./entrance.ts";
import { GreOrder } from "./gre-order.ts";
import type { Hold } from "./holds.ts";
import { HomeGroups } from "./home-groups.ts";
import { isKeepalive, takeAnswer } from "./keepalives.ts";

import { WholeRuns } from "./runs.ts";
import { TunnelErrors } from "./tunnel-errors.ts";
import { NO_UDP_ENDS, TunnelSockets, type UdpEnds } from "./tunnel-sockets.ts";
import { Waiting } from "./waiting.ts";

export class DataPath {
  readonly #tun: TunDevice;
  readonly #table: TunnelTable;
  readonly #counters: Counters;
  readonly #mssClamp: boolean;
  readonly #onStranger: DataPathOptions["onStranger"];
  readonly #onBound: DataPathOptions["onBound"];
  readonly #sockets: TunnelSockets;
  readonly #errors: TunnelErrors;
  /** Where everything goes into a tunnel. */
  readonly entrance: Entrance;
  readonly #order: GreOrder;
  /** Visitors that encapsulate what they send. */
  readonly deliveries: Deliveries;
  /** What home links have for all and for groups. */
  readonly homeGroups: HomeGroups;
  /** For nodes between two links. */
  readonly waiting: Waiting;
  /** Anchors of the planes beside plane 0. */
  readonly #planes = new Map<number, TunDevice>();
  readonly #duplicates = new Duplicates();
  readonly #runs: WholeRuns;
  readonly #arrival = new Arrival();
  #plane = 0;

  constructor(options: DataPathOptions) {
    this.#tun = options.tun;
    this.#table = options.table;
    this.#counters = options.counters;
    this.#mssClamp = options.mssClamp;
    this.#onStranger = options.onStranger;
    this.#onBound = options.onBound;
    this.entrance = new Entrance(
      options,
      () => this.#errors,
      (...end) => this.#sockets.sender(...end),
    );
    this.#errors = new TunnelErrors({
      ...options,
      send: (packet) => this.entrance.sendOne(packet),
    });
    this.#order = new GreOrder(options.counters, ({ bytes, plane }) =>
      this.deliverOne(bytes, plane),
    );
    this.#sockets = new TunnelSockets(options.io, {
      onTunnel: (batch) => this.#decapsulateAll(batch),
      onIcmp: (batch) => this.#errors.read(batch),
    });
    this.deliveries = new Deliveries({ ...options, entrance: this.entrance });
    const release = (batch: PacketBatch, hold: Hold) => this.#release(batch, hold);
    this.waiting = new Waiting(options, this.entrance, release);
    this.#runs = new WholeRuns({ ...options, entrance: this.entrance, waiting: this.waiting });
    this.homeGroups = new HomeGroups({
      ...options,
      tunnelsTo: (homeAddress) => this.#table.outFor(homeAddress, homeAddress),
      sendCopy: (...about) => this.entrance.sendCopy(...about),
    });
    this.#tun.onPackets((batch) => this.#encapsulateAll(batch, 0), { takesRuns: true });
  }

  /** What comes from this device belongs to that plane, and what is for that plane goes to it. */
  addPlane(plane: number, tun: TunDevice): void {
    this.#planes.set(plane, tun);
    tun.onPackets((batch) => this.#encapsulateAll(batch, plane), { takesRuns: true });
  }

  removePlane(plane: number): void {
    this.#planes.delete(plane);
  }

  /** See `TunnelSockets.listen`. */
  listen(locals: ReadonlySet<Ipv4>, udp: UdpEnds = NO_UDP_ENDS): void {
    this.#sockets.listen(locals, udp);
    this.deliveries.listen();
    this.homeGroups.listen();
  }

  /** See `TunnelSockets.leaveOut`. */
  leaveOut(local: Ipv4, packets: CarriedPackets): void {
    this.#sockets.leaveOut(local, packets);
  }

  close(): void {
    this.#sockets.close();
    this.#order.close();
    this.deliveries.close();
    this.homeGroups.close();
    this.waiting.close();
  }

  #encapsulateAll(batch: PacketBatch, plane: number): void {
    const { slab, offsets, lengths, count, runs } = batch;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (runs !== undefined && !this.#runs.enters(batch, runs, i, plane)) {
        this.#sendFirst(batch, kept);
        kept = 0;
        this.#encapsulateAll(runs.spread(i), plane);
        continue;
      }
      const start = this.#encapsulate(slab, offsets[i] ?? 0, lengths[i] ?? 0, plane);
      if (start === NONE) continue;
      offsets[kept] = start;
      lengths[kept] = totalLength(slab, start);
      runs?.move(i, kept);
      kept++;
    }
    this.#sendFirst(batch, kept);
  }

  #sendFirst(batch: PacketBatch, count: number): void {
    batch.count = count;
    if (count > 0) this.entrance.sendAll(batch);
  }

  /** Where the packet for the last tunnel begins; those for the others have been sent. */
  #encapsulate(slab: Uint8Array, packet: number, length: number, plane: number): number {
    if (!isIpv4(slab, packet, length)) return this.#drop("tunnel-not-ipv4");
    const destination = destinationOf(slab, packet);
    if (this.waiting.holds.takes(slab, packet, destination)) return NONE;
    if (this.waiting.outgoing.takes(slab, packet, sourceOf(slab, packet))) return NONE;
    const tunnels = this.#table.outFor(sourceOf(slab, packet), destination, plane);
    const first = tunnels[0];
    if (first === undefined) {
      return this.waiting.sendsLate(slab, packet) ? NONE : this.#drop("tunnel-no-route");
    }
    if (tunnels.length > 1) return this.entrance.enterEach(slab, packet, tunnels);
    return this.entrance.enter(slab, packet, first, plane);
  }

  #decapsulateAll(batch: PacketBatch): void {
    const { slab, offsets, lengths, count, runs } = batch;
    let kept = 0;
    let plane = 0;
    for (let i = 0; i < count; i++) {
      if (runs !== undefined && !this.#runs.leaves(batch, runs, i)) {
        this.#deliver(batch, kept, plane);
        kept = 0;
        this.#decapsulateAll(runs.spread(i));
        continue;
      }
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
        runs?.move(i, kept);
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
    const lost = packetsIn(batch) - (tun?.write(batch) ?? 0);
    if (lost > 0) this.#counters.add("tunnel-anchor-refused", lost);
  }

  /** A packet of its own: one that has waited for others of its flow, or one of ours. */
  deliverOne(bytes: Uint8Array, plane = 0): void {
    const batch = createBatch(1, HEADROOM + bytes.length);
    batch.slab.set(bytes, HEADROOM);
    batch.offsets[0] = HEADROOM;
    batch.lengths[0] = bytes.length;
    this.#deliver(batch, 1, plane);
  }

  /** Where the inner packet begins; `#plane` is the one that it is for. */
  #decapsulate(slab: Uint8Array, packet: number, length: number): number {
    const arrival = this.#arrival;
    const first = decapsulate(slab, packet, length, arrival);
    const inner = this.#isFromRouter(slab, first) ? decapsulateRouter(slab, first, arrival) : first;
    if (typeof inner !== "number") return this.#drop(inner);
    const source = sourceOf(slab, inner);
    const destination = destinationOf(slab, inner);
    const acceptance =
      this.#table.inFor(arrival, source, destination) ??
      this.#bind(slab, inner, source, destination);
    if (acceptance === undefined) return this.#dropStranger(source, destination);
    const { tunnel } = acceptance;
    if (acceptance.byDevice && tunnel.isCarried && !isUnfitForDevice(slab, packet, arrival)) {
      return this.#overhear(slab, inner, source, tunnel);
    }
    const { sequence } = arrival;
    // RFC 2890 §2.2: packets without a number are interleaved as they come.
    const flow = sequence === ABSENT ? undefined : tunnel.flow;
    const turn = flow?.turnOf(sequence);
    if (turn === "late") return this.#drop("tunnel-gre-late");
    if (flow !== undefined && turn === "next") this.#order.took(flow, sequence);
    const marked = carryCongestion(slab, packet, inner, arrival);
    if (marked !== undefined) return this.#drop(marked);
    tunnel.packetsIn++;
    tunnel.bytesIn += totalLength(slab, inner);
    if (tunnel.hasEchoes && takeAnswer(slab, inner, tunnel)) {
      return this.#drop("tunnel-keepalives-answered");
    }
    const { plane, onward } = acceptance;
    if (this.#isCopy(slab, inner, tunnel, plane)) return this.#drop("tunnel-duplicates");
    if (this.#mssClamp) clampMss(slab, inner, this.entrance.room(tunnel));
    if (this.homeGroups.takeFromNode(slab, inner, source)) return NONE;
    if (this.waiting.holds.takes(slab, inner, destination, arrival.remote)) return NONE;
    if (onward || this.waiting.holds.get(destination)?.item.tunnel !== undefined) {
      const [next] = this.#table.outFor(source, destination);
      if (next !== undefined) return this.#relay(slab, inner, next);
    }
    if (flow !== undefined && turn === "ahead") {
      const bytes = slab.slice(inner, inner + totalLength(slab, inner));
      this.#order.hold(flow, sequence, { bytes, plane });
      return NONE;
    }
    this.#plane = plane;
    return inner;
  }

  /** Simultaneous bindings of this node: it has come by another one already. */
  #isCopy(slab: Uint8Array, packet: number, { local }: Tunnel, plane: number): boolean {
    if (!this.#table.hasCopies(destinationOf(slab, packet), plane)) return false;
    return this.#duplicates.isCopy(slab, packet, local, performance.now());
  }

  /** A device of the kernel's has taken it as well: only what it does not know is ours. */
  #overhear(slab: Uint8Array, inner: number, source: Ipv4, tunnel: Tunnel): typeof NONE {
    if (tunnel.hasEchoes && takeAnswer(slab, inner, tunnel)) {
      return this.#drop("tunnel-keepalives-answered");
    }
    this.homeGroups.takeFromNode(slab, inner, source);
    return NONE;
  }

  /** What was kept goes where the hold's item says. */
  #release(batch: PacketBatch, { item }: Hold): void {
    const { slab, offsets, count } = batch;
    if (item.tunnel === undefined) {
      this.#deliver(batch, count, 0);
      return;
    }
    for (let i = 0; i < count; i++) {
      const packet = offsets[i] ?? 0;
      const [next] = this.#table.outFor(sourceOf(slab, packet), item.address);
      if (next !== undefined) this.#relay(slab, packet, next);
    }
  }

  /** Out of one tunnel into another (RFC 4988 §4.2): a hop, so that no loop is without end. */
  #relay(slab: Uint8Array, packet: number, next: Tunnel): typeof NONE {
    if (!takeHop(slab, packet)) return this.#drop("handover-ttl-exceeded");
    const isSent = this.entrance.sendWhole(slab, packet, next);
    return isSent ? this.#drop("handover-relayed") : NONE;
  }

  /** RFC 5177 §7: the tunnel of a mobile router may hold another one, from its home address. */
  #isFromRouter(slab: Uint8Array, inner: number | string): inner is number {
    if (typeof inner !== "number" || protocolOf(slab, inner) !== PROTOCOL_IPIP) return false;
    const ends = [sourceOf(slab, inner), destinationOf(slab, inner)] as const;
    return this.#table.isFromRouter(this.#arrival, ...ends);
  }

  /** RFC 3519 §4.6: the first keepalive of a half-bound tunnel tells where that ends. */
  #bind(slab: Uint8Array, inner: number, source: Ipv4, destination: Ipv4): Acceptance | undefined {
    const arrival = this.#arrival;
    if (!this.#table.isHalfBound(arrival, source, destination)) return undefined;
    if (!isKeepalive(slab, inner)) return undefined;
    const { local, remote, port: remotePort } = arrival;
    this.#onBound({ homeAddress: source, local, remote, remotePort });
    return this.#table.inFor(arrival, source, destination);
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

  /** Nothing is left to be done with a packet but to count it. */
  #drop(reason: string): typeof NONE {
    this.#counters.add(reason);
    return NONE;
  }
}
