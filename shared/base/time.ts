/** Time as branded numbers, so that the two clocks and the two units cannot be mixed up. */

/** Milliseconds of the monotonic clock; only differences mean anything. */
export type Instant = number & { readonly brand: "Instant" };

/** Milliseconds since 1970 by the wall clock; only for timestamp replay protection and display. */
export type WallTime = number & { readonly brand: "WallTime" };

/** Both clocks, read once for each event. */
export interface Now {
  readonly monotonic: Instant;
  readonly wall: WallTime;
}

export function after(start: Instant, milliseconds: number): Instant {
  return (start + milliseconds) as Instant;
}

/** The earliest of some deadlines, ignoring those that are not set. */
export function earliest(...deadlines: readonly (Instant | undefined)[]): Instant | undefined {
  let best: Instant | undefined;
  for (const deadline of deadlines) {
    if (deadline !== undefined && (best === undefined || deadline < best)) best = deadline;
  }
  return best;
}

/** Whole seconds left until a deadline, rounded up, never negative. */
export function secondsLeft(deadline: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}
