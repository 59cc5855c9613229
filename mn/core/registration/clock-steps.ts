/** Steps of the wall clock, told from the time that passes (RFC 5944 §5.7.1 wants timestamps). */

import type { Now } from "../../../shared/base/time.ts";
import type { Effect } from "../../../shared/protocol/core.ts";
import { report } from "../reports.ts";
import type { Registration } from "./registration.ts";

/** Milliseconds: less is slewing, and far within any replay window. */
const MIN_STEP = 2000;

/** The clock that counts what passes, sleep included, is the measure of the one that is set. */
export class ClockSteps {
  #last: Now | undefined;

  /** Passes on by how much the wall clock has been set since the event before. */
  follow(now: Now, registration: Registration): Effect[] {
    const last = this.#last ?? now;
    this.#last = now;
    const step = now.wall - last.wall - (now.monotonic - last.monotonic);
    if (Math.abs(step) < MIN_STEP) return [];
    const seconds = Math.round(step / 1000);
    return [
      report("clock-stepped", { seconds }),
      ...registration.identifications.clockStepped(seconds),
    ];
  }
}
