/** Figures about a stream of numbered packets; pure. All times are monotonic milliseconds. */

export interface Departure {
  readonly sequence: number;
  readonly at: number;
  /** The kernel refused it (no route, no carrier): offered by the application, yet lost. */
  readonly refused: boolean;
}

export interface Arrival {
  readonly sequence: number;
  readonly sentAt: number;
  readonly at: number;
}

export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Gap extends Window {
  readonly ms: number;
}

/**
 * The longest time without a packet that touches the window. Silence before the first arrival or
 * after the last one counts only inside the window: nothing is known beyond it.
 */
export function longestGap(arrivals: readonly { readonly at: number }[], window: Window): Gap {
  let best: Gap = { from: window.from, to: window.from, ms: 0 };
  const consider = (from: number, to: number): void => {
    if (to > window.from && from < window.to && to - from > best.ms) {
      best = { from, to, ms: to - from };
    }
  };
  const first = arrivals[0];
  const last = arrivals[arrivals.length - 1];
  if (first === undefined || last === undefined) {
    consider(window.from, window.to);
    return best;
  }
  consider(window.from, first.at);
  for (let i = 1; i < arrivals.length; i++) {
    consider(arrivals[i - 1]?.at ?? 0, arrivals[i]?.at ?? 0);
  }
  consider(last.at, window.to);
  return best;
}

export interface StreamCounts {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly reordered: number;
}

/** Sent, lost and so on, of the packets that left inside the window. */
export function countStream(
  departures: readonly Departure[],
  arrivals: readonly Arrival[],
  window: Window = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
): StreamCounts {
  const inside = departures.filter((one) => one.at >= window.from && one.at < window.to);
  const wanted = new Set(inside.map((one) => one.sequence));
  const seen = new Set<number>();
  let [duplicates, reordered, highest] = [0, 0, -1];
  for (const { sequence } of arrivals) {
    if (!wanted.has(sequence)) continue;
    if (seen.has(sequence)) duplicates++;
    else if (sequence < highest) reordered++;
    seen.add(sequence);
    highest = Math.max(highest, sequence);
  }
  return {
    sent: inside.length,
    received: seen.size,
    lost: inside.length - seen.size,
    refused: inside.filter((one) => one.refused).length,
    duplicates,
    reordered,
  };
}

/** Value below which a share of the numbers lies (nearest rank); NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
