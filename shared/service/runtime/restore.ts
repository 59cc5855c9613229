/** What a daemon that starts gets back from its journal. */

import type { Journal } from "./journal.ts";
import type { Log } from "./parts.ts";
import type { Problems } from "./problems.ts";

/** Reads it; returns the number of records. Damaged ones are skipped, and said. */
export function readJournal(journal: Journal, problems: Problems, log: Log): number {
  const { records, damaged } = journal.load();
  problems.set("journal", journal.error);
  if (damaged > 0) {
    log.write("warning", `journal: ${damaged} damaged records skipped`, { path: journal.path });
  }
  return records;
}
