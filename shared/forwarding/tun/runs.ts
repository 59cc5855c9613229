/**
 * Runs (linux/packet-io.ts): may all segments go as the first of them does? Where each has a fate of its own,
 * or something is to be done about each, they are taken apart, and this says so.
 */

import type { PacketBatch, Runs } from "../../linux/packet-io.ts";
import { Arrival, decapsulate } from "../decapsulate.ts";
import { hasMark } from "../ipip.ts";
import { destinationOf, sourceOf, totalLength } from "../packet.ts";
import type { TunnelTable } from "../tunnel-table.ts";
import type { Entrance } from "./entrance.ts";
import type { Waiting } from "./waiting.ts";

export interface WholeRunsParts {
  readonly table: TunnelTable;
  readonly entrance: Entrance;
  readonly waiting: Waiting;
}

export class WholeRuns {
  readonly #parts: WholeRunsParts;
  readonly #arrival = new Arrival();

  constructor(parts: WholeRunsParts) {
    this.#parts = parts;
  }

  /**
   * Into a tunnel: is packet i one packet, or a run that enters as its first one does? Then all but that
   * one have been counted.
   */
  enters({ slab, offsets }: PacketBatch, runs: Runs, i: number, plane: number): boolean {
    const count = runs.countOf(i);
    if (count === 1) return true;
    const { table, entrance, waiting } = this.#parts;
    if (!waiting.isEmpty) return false;
    const packet = offsets[i] ?? 0;
    const tunnels = table.outFor(sourceOf(slab, packet), destinationOf(slab, packet), plane);
    const tunnel = tunnels[0];
    if (tunnel === undefined || tunnels.length > 1) return false;
    if (!entrance.isPlain(slab, packet, tunnel)) return false;
    entrance.expectMore(tunnel, count - 1, runs.octetsOf(i) - totalLength(slab, packet));
    return true;
  }

  /** The same out of a tunnel, to a device. What it is inside of has no numbers (native/runs.c). */
  leaves({ slab, offsets, lengths }: PacketBatch, runs: Runs, i: number): boolean {
    const count = runs.countOf(i);
    if (count === 1) return true;
    const { table, waiting } = this.#parts;
    const arrival = this.#arrival;
    const packet = offsets[i] ?? 0;
    if (!waiting.isEmpty || hasMark(slab, packet)) return false;
    const inner = decapsulate(slab, packet, lengths[i] ?? 0, arrival);
    if (typeof inner !== "number") return false;
    const destination = destinationOf(slab, inner);
    const acceptance = table.inFor(arrival, sourceOf(slab, inner), destination);
    if (acceptance === undefined || acceptance.onward || acceptance.byDevice) return false;
    if (table.hasCopies(destination, acceptance.plane)) return false;
    const { tunnel } = acceptance;
    tunnel.packetsIn += count - 1;
    tunnel.bytesIn += runs.octetsOf(i) - totalLength(slab, inner);
    return true;
  }
}
