/** Packets that wait for those before them in their GRE flow (RFC 2890 §2.2), and the time they have. */

import type { Counters } from "../../base/counters.ts";
import type { GreFlow } from "../gre-flow.ts";
import type { WaitingPacket } from "../tunnel-table.ts";

export class GreOrder {
  readonly #counters: Counters;
  readonly #write: (packet: WaitingPacket) => void;
  /** Flows in which packets wait. */
  readonly #flows = new Set<GreFlow<WaitingPacket>>();
  #ready: WaitingPacket[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(counters: Counters, write: (packet: WaitingPacket) => void) {
    this.#counters = counters;
    this.#write = write;
  }

  /** Are there packets that go behind those before this moment? */
  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  /** A packet whose turn it is was taken. */
  took(flow: GreFlow<WaitingPacket>, sequence: number): void {
    this.#ready.push(...flow.take(sequence));
  }

  hold(flow: GreFlow<WaitingPacket>, sequence: number, packet: WaitingPacket): void {
    this.#counters.add("tunnel-gre-early");
    this.#ready.push(...flow.hold(sequence, packet, performance.now()));
    this.#flows.add(flow);
    this.#watch();
  }

  writeReady(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const packet of ready) this.#write(packet);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flows.clear();
  }

  /** One timer for all flows; one that finds nothing due looks again in time. */
  #watch(): void {
    if (this.#timer !== undefined || this.#flows.size === 0) return;
    const due = Math.min(...[...this.#flows].map((flow) => flow.nextDue() ?? Number.MAX_VALUE));
    const delay = Math.max(0, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(() => this.#release(), delay);
  }

  #release(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const flow of this.#flows) {
      this.#ready.push(...flow.takeDue(now));
      if (flow.nextDue() === undefined) this.#flows.delete(flow);
    }
    this.writeReady();
    this.#watch();
  }
}
