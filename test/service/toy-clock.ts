/** A clock that the test turns. */

import type { Instant, Now, WallTime } from "../../shared/base/time.ts";

/** Timers in order; `advance` runs those that are due, and lets what they resolved run too. */
export class ToyClock {
  time = 1000;
  readonly timers: { at: number; wait: number; handler: () => void }[] = [];

  now(): Now {
    return { monotonic: this.time as Instant, wall: this.time as WallTime };
  }
  setTimer(wait: number, handler: () => void): () => void {
    const timer = { at: this.time + wait, wait, handler };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }
  /** The machine sleeps: time passes, and no timer knows. */
  sleep(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of this.timers) timer.at += milliseconds;
  }
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.time = due.at;
      due.handler();
      await settle();
    }
    this.time = end;
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
