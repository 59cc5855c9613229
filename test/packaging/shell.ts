/** Running the shell parts of the packages as a router does: with BusyBox's ash. */

import { spawnSync } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `busybox ash FILE WORDS`. */
export function ash(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Ended {
  const { status, stdout, stderr } = spawnSync("busybox", ["ash", ...words], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { code: status, out: stdout, err: stderr };
}
