/**
 * The order of packets with GRE sequence numbers: RFC 2890 §2.2. A late packet is discarded; one
 * that is ahead waits a moment, sorted, for those that it has overtaken.
 */

/** Milliseconds that a packet waits at most (OUTOFORDER_TIMER): paths reorder by a few. */
export const OUTOFORDER_TIMER = 10;
/** Packets of one flow that wait at a time (MAX_PERFLOW_BUFFER). */
export const MAX_PERFLOW_BUFFER = 16;

/** So that the first number, 0, is in sequence. */
const BEFORE_FIRST = 0xffffffff;
/** Half the numbers are ahead, the other half behind. */
const HALF = 0x80000000;

export type Turn = "next" | "ahead" | "late";

interface Waiting<Packet> {
  readonly sequence: number;
  readonly packet: Packet;
  /** Milliseconds of a steady clock. */
  readonly since: number;
}

/** One flow: what comes out of one tunnel, that is with one key. */
export class GreFlow<Packet> {
  #last = BEFORE_FIRST;
  /** The nearest first. */
  #waiting: Waiting<Packet>[] = [];

  /** Is it this packet's turn? */
  turnOf(sequence: number): Turn {
    const ahead = this.#ahead(sequence);
    if (ahead === 1) return "next";
    // Or a peer that has restarted would not be heard for two thousand million packets.
    if (ahead === 0 || ahead > HALF) return sequence === 0 ? "next" : "late";
    return this.#waiting.some((other) => other.sequence === sequence) ? "late" : "ahead";
  }

  /** The packet whose turn it is goes; those that are to follow it. */
  take(sequence: number): Packet[] {
    const startsAnew = this.#ahead(sequence) !== 1;
    this.#last = sequence;
    return startsAnew ? this.#release(this.#waiting.length) : this.#following(0);
  }

  /** Keeps a packet that is ahead; those that go in its place when there is no room. */
  hold(sequence: number, packet: Packet, now: number): Packet[] {
    const at = this.#waiting.findIndex(
      (other) => this.#ahead(other.sequence) > this.#ahead(sequence),
    );
    const place = at < 0 ? this.#waiting.length : at;
    this.#waiting.splice(place, 0, { sequence, packet, since: now });
    return this.#waiting.length > MAX_PERFLOW_BUFFER ? this.#following(1) : [];
  }

  /** Those that have waited long enough, and all before them, whatever is missing. */
  takeDue(now: number): Packet[] {
    const last = this.#waiting.findLastIndex(({ since }) => now - since >= OUTOFORDER_TIMER);
    return last < 0 ? [] : this.#following(last + 1);
  }

  /** When the first has waited long enough. */
  nextDue(): number | undefined {
    if (this.#waiting.length === 0) return undefined;
    return Math.min(...this.#waiting.map(({ since }) => since)) + OUTOFORDER_TIMER;
  }

  #ahead(sequence: number): number {
    return (sequence - this.#last) >>> 0;
  }

  /** The first so many, and what is in sequence behind them. */
  #following(count: number): Packet[] {
    let end = count;
    let last = this.#waiting[count - 1]?.sequence ?? this.#last;
    while (this.#waiting[end]?.sequence === (last + 1) >>> 0) {
      last = (last + 1) >>> 0;
      end++;
    }
    this.#last = last;
    return this.#release(end);
  }

  #release(count: number): Packet[] {
    return this.#waiting.splice(0, count).map(({ packet }) => packet);
  }
}
