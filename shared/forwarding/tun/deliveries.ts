/**
 * Encapsulating delivery (RFC 3024 §5.2): visitors that send all they have to the agent itself,
 * encapsulated, with their home address as the source of both headers. Each link on which there are
 * such visitors has sockets of its own, so that nothing else that is encapsulated comes this way.
 *
 * With nft the firewall mark says that the link-layer address is the visitor's, too; without it
 * whoever is on the link may send as a visitor.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { assert } from "../../base/result.ts";
import type { PacketBatch, PacketIo, RawIpSocket } from "../../linux/packet-io.ts";
import { Arrival, carryCongestion, decapsulate } from "../decapsulate.ts";
import { ABSENT } from "../gre.ts";
import {
  destinationOf,
  PROTOCOL_GRE,
  PROTOCOL_IPIP,
  PROTOCOL_MINIMAL,
  sourceOf,
  totalLength,
} from "../packet.ts";
import type { Delivery } from "../realized.ts";
import type { Encapsulation } from "../state.ts";
import { isEncapsulatedAs, type TunnelTable } from "../tunnel-table.ts";
import { type Entrance, NONE } from "./entrance.ts";

const PROTOCOLS: Readonly<Record<Encapsulation, number>> = {
  ipip: PROTOCOL_IPIP,
  gre: PROTOCOL_GRE,
  minimal: PROTOCOL_MINIMAL,
};

/** The visitors of one plane on one link. */
export class DeliveryPoint {
  readonly device: string;
  readonly plane: number;
  readonly mark: number | undefined;
  readonly visitors = new Map<Ipv4, Encapsulation>();
  readonly sockets = new Map<number, RawIpSocket>();

  constructor({ device, plane, mark }: Delivery) {
    this.device = device;
    this.plane = plane;
    this.mark = mark;
  }

  /** Does this inner packet come from the visitor that the outer header names? */
  accepts(arrival: Arrival, source: Ipv4): boolean {
    if (source !== arrival.remote || arrival.key !== ABSENT || arrival.port !== 0) return false;
    const encapsulation = this.visitors.get(source);
    if (encapsulation === undefined) return false;
    return arrival.encapsulation === "ipip" || isEncapsulatedAs(encapsulation, arrival);
  }

  /** The protocols that its visitors may use. */
  protocols(): ReadonlySet<number> {
    const agreed = [...this.visitors.values()].map((encapsulation) => PROTOCOLS[encapsulation]);
    return new Set(this.visitors.size === 0 ? [] : [PROTOCOL_IPIP, ...agreed]);
  }
}

export interface DeliveriesParts {
  readonly io: PacketIo;
  readonly counters: Counters;
  readonly table: TunnelTable;
  readonly entrance: Entrance;
}

export class Deliveries {
  readonly #parts: DeliveriesParts;
  readonly #points = new Map<string, DeliveryPoint>();
  readonly #arrival = new Arrival();

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  add(delivery: Delivery): void {
    const key = keyOf(delivery);
    const point = this.#points.get(key) ?? new DeliveryPoint(delivery);
    this.#points.set(key, point);
    point.visitors.set(delivery.homeAddress, delivery.encapsulation);
  }

  remove(delivery: Delivery): void {
    const removed = this.#points.get(keyOf(delivery))?.visitors.delete(delivery.homeAddress);
    assert(removed === true, "removed an unknown delivery");
  }

  /** Is this the outer source of a visitor, on whatever link? */
  has(address: Ipv4): boolean {
    if (this.#points.size === 0) return false;
    return [...this.#points.values()].some(({ visitors }) => visitors.has(address));
  }

  /** Opens and closes sockets as the visitors want it; throws an `IoError` when one cannot be. */
  listen(): void {
    for (const [key, point] of this.#points) {
      const wanted = point.protocols();
      for (const [protocol, socket] of point.sockets) {
        if (wanted.has(protocol)) continue;
        socket.close();
        point.sockets.delete(protocol);
      }
      if (wanted.size === 0) this.#points.delete(key);
      for (const protocol of wanted) {
        if (!point.sockets.has(protocol)) point.sockets.set(protocol, this.#open(point, protocol));
      }
    }
  }

  close(): void {
    for (const { sockets } of this.#points.values()) {
      for (const socket of sockets.values()) socket.close();
    }
    this.#points.clear();
  }

  #open(point: DeliveryPoint, protocol: number): RawIpSocket {
    const { device, mark } = point;
    const options = { protocol, device };
    const { io } = this.#parts;
    const socket = io.openRawIp(mark === undefined ? options : { ...options, mark });
    socket.onPackets((batch) => this.#tunnelAll(batch, point));
    return socket;
  }

  /** RFC 3024 §5.2.1: what visitors encapsulate to the agent goes into the tunnels of theirs. */
  #tunnelAll(batch: PacketBatch, point: DeliveryPoint): void {
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
    if (kept > 0) this.#parts.entrance.sendAll(batch);
  }

  /**
   * Decapsulates and encapsulates again. No kernel sees the packet in between, since it may be for
   * a group; so the inner packet is not changed, as in any decapsulation and encapsulation that is
   * no forwarding (RFC 2003 §3.1), and what is too long is refused or fragmented here.
   */
  #tunnelOn(slab: Uint8Array, packet: number, length: number, point: DeliveryPoint): number {
    const { table, entrance } = this.#parts;
    const arrival = this.#arrival;
    const inner = decapsulate(slab, packet, length, arrival);
    // Tunnel packets of others come this way where the link to the visitors is the uplink as well.
    if (!point.visitors.has(arrival.remote)) return NONE;
    if (typeof inner !== "number") return this.#drop(inner);
    const source = sourceOf(slab, inner);
    if (!point.accepts(arrival, source)) return this.#drop("tunnel-delivery-not-agreed");
    const marked = carryCongestion(slab, packet, inner, arrival);
    if (marked !== undefined) return this.#drop(marked);
    const [tunnel] = table.outFor(source, destinationOf(slab, inner), point.plane);
    if (tunnel === undefined) return this.#drop("tunnel-no-route");
    return entrance.enterWhole(slab, inner, tunnel, point.plane);
  }

  #drop(reason: string): typeof NONE {
    this.#parts.counters.add(reason);
    return NONE;
  }
}

function keyOf({ device, plane, mark }: Delivery): string {
  return `${device} ${plane} ${mark ?? ""}`;
}
