/** The end of a daemon, part by part. */

import { explainError } from "./explain.ts";
import type { Log } from "./parts.ts";

/** What is to be closed: its name for the log, and how. */
export type Step = readonly [name: string, close: () => unknown];

/** In order; nothing that fails keeps the rest from being done. */
export async function takeApart(steps: readonly Step[], log: Log): Promise<void> {
  for (const [name, close] of steps) {
    try {
      await close();
    } catch (error) {
      log.write("error", `${name}: ${explainError(error)}`);
    }
  }
}
