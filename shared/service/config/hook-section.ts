/** `[[hook]]`: what programs of the administrator's own run when something happens. */

import * as z from "zod";
import { absolutePath, mustBe, seconds, table, tables } from "./values.ts";

/** More would run one after another for longer than anybody waits. */
const HOOKS_MAX = 32;
const PROGRAM = "the absolute path of a program, or of a directory of programs";

function eventName() {
  const error = mustBe('the name of an event, like "registered", or "*"');
  return z
    .string({ error })
    .regex(/^(?:\*|[a-z]+(?:-[a-z]+)*)$/, { error })
    .meta({ title: "event" });
}

export function hooks() {
  const some = mustBe('an array of events, like ["registered"], at least one');
  const error = mustBe(`at most ${HOOKS_MAX} hooks`);
  return tables(
    table({
      exec: absolutePath(PROGRAM).describe(
        "The program, run without a shell with the event as its argument; of a directory every executable file, in the order of their names.",
      ),
      events: z
        .array(eventName(), { error: some })
        .min(1, { error: some })
        .describe('The events that run it, as `watch` shows them; "*" is every event.'),
      timeout: seconds(0.1, 3600)
        .default(10)
        .describe("Seconds that a program may take; then it is ended (SIGTERM, SIGKILL)."),
    }),
  )
    .max(HOOKS_MAX, { error })
    .default([])
    .describe(
      "Programs that run when something happens: one after another, the event in environment variables (MIP4_EVENT, MIP4_PROGRAM, MIP4_TIME, and each field). Events logged at level debug, such as renewals, run none.",
    );
}
