/** Packets that came to a tunnel end from nobody who may use it, as the log tells of them. */

import { formatIpv4 } from "../../base/address.ts";
import type { DriverConfig, DriverEvents } from "../driver.ts";
import type { DataPathOptions } from "./data-path-options.ts";

/** A flood of them is reported this often. */
const REPORT_INTERVAL_MS = 1000;

/** RFC 3024 §4.3.2: a security exception at the home agent; RFC 5944 §4.2.2: silent at an FA. */
export function strangerReporter({
  config: { role },
  report,
}: Pick<DriverEvents, "report"> & {
  readonly config: Pick<DriverConfig, "role">;
}): DataPathOptions["onStranger"] {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (reason, remote, source) => {
    const now = performance.now();
    if (role !== "ha" || now - reportedAt < REPORT_INTERVAL_MS) return;
    reportedAt = now;
    report("dropped", {
      reason,
      care_of_address: formatIpv4(remote),
      home_address: formatIpv4(source),
    });
  };
}
