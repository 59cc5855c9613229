/** Ways that die without a word, as the forwarding finds out. */

import { formatIpv4 } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { Effect, PathChanged } from "../../../shared/protocol/core.ts";
import type { Registration } from "../registration/registration.ts";
import { report } from "../reports.ts";
import type { AgentHistory } from "./agent-history.ts";
import { keyOf } from "./attachment.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** Lost: another way is better for a while; where there is none, this one is registered anew. */
export function followPath(
  { careOfAddress, isLost }: PathChanged,
  where: Whereabouts,
  registration: Registration,
  history: AgentHistory,
  counters: Counters,
  now: Instant,
): Effect[] {
  const serving = where.serving(registration.registered);
  if (serving?.kind !== "co-located" || serving.path.careOfAddress !== careOfAddress) return [];
  if (isLost) {
    counters.add("paths-lost");
    history.lost(keyOf(serving), now);
    registration.mappingLost();
    registration.linkChanged();
    registration.renewNow(now);
  } else {
    history.found(keyOf(serving));
  }
  const fields = { interface: serving.path.interface, care_of_address: formatIpv4(careOfAddress) };
  return [report(isLost ? "path-lost" : "path-found", fields, isLost ? "warning" : "info")];
}
