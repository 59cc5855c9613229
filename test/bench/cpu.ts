/** Which CPU does what in a benchmark, and how much of it was used. */

import { readdirSync, readFileSync } from "node:fs";
import type { LabProcess } from "../lab/process.ts";

/** CPUs this process may use, the first two: one for the load, one for both ends. */
export function pins(): readonly [load: string[], ends: string[]] {
  const status = readFileSync("/proc/self/status", "utf8");
  const list = status.match(/^Cpus_allowed_list:\s*(\S+)$/m)?.[1] ?? "0";
  const cpus = list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
  const [load, ends] = cpus;
  if (load === undefined || ends === undefined) return [[], []];
  return [
    ["taskset", "-c", load],
    ["taskset", "-c", ends],
  ];
}

/** CPU seconds of a process, all its threads. */
export function cpuSeconds(process: LabProcess | undefined): number {
  if (process === undefined) return 0;
  const folder = `/proc/${process.pid}/task`;
  let nanoseconds = 0;
  for (const task of readdirSync(folder)) {
    nanoseconds += Number(readFileSync(`${folder}/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanoseconds / 1e9;
}
