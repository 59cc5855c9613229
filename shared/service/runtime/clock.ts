/** The clocks of this machine: one that counts all time that passes, sleep included, and one for show. */

import { uptime } from "node:os";
import type { Instant, WallTime } from "../../base/time.ts";
import type { Clock } from "./parts.ts";

/** Milliseconds by which the clocks may drift apart before somebody looks why. */
const TOLERANCE = 500;

export interface ClockSources {
  /** Milliseconds; stands still while the machine is suspended (CLOCK_MONOTONIC). */
  readonly monotonic: () => number;
  /** Milliseconds since 1970; may be set (CLOCK_REALTIME). */
  readonly wall: () => number;
  /** Seconds; goes on while the machine is suspended (CLOCK_BOOTTIME), and costs a system call. */
  readonly boot: () => number;
}

const REAL: ClockSources = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  boot: uptime,
};

/**
 * Lifetimes go on while a laptop sleeps, and the monotonic clock does not. After a sleep it has
 * fallen behind the wall clock, as it has after somebody set that; only then the third clock is
 * asked which of the two it was.
 */
export function createClock(sources: ClockSources = REAL): Clock {
  const gap = (): number => sources.boot() * 1000 - sources.monotonic();
  const gapAtStart = gap();
  let asleep = 0;
  let difference = sources.wall() - sources.monotonic();
  return {
    now() {
      const wall = sources.wall();
      const monotonic = sources.monotonic();
      if (Math.abs(wall - monotonic - difference) > TOLERANCE) {
        difference = wall - monotonic;
        const slept = gap() - gapAtStart;
        if (slept - asleep > TOLERANCE) asleep = slept;
      }
      return { monotonic: (monotonic + asleep) as Instant, wall: wall as WallTime };
    },
    setTimer(milliseconds, handler) {
      const timer = setTimeout(handler, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
