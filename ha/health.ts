/** What `health` says about a home agent, from its `status`. */

import type { JsonObject } from "../shared/base/result.ts";
import { advertisingProblems, notKnown } from "../shared/service/advertising-health.ts";
import { isObject, numberOf } from "../shared/service/json.ts";
import type { HealthProblem } from "../shared/service/program.ts";

/** Share of the binding list that may be taken before somebody should look. */
const NEARLY_FULL = 0.9;

/** What the runtime lists as problems is reported already. */
export function healthHa(status: JsonObject): readonly HealthProblem[] {
  // One that stands by does nothing yet.
  if (status.active === false) return [];
  const { room } = status;
  if (!isObject(room)) return [...advertisingProblems(status), notKnown("room")];
  return [...advertisingProblems(status), ...bindingProblems(status, room), ...poolProblems(room)];
}

function bindingProblems(status: JsonObject, room: JsonObject): HealthProblem[] {
  const [bindings, limit] = [numberOf(status.bindings), numberOf(room.bindings)];
  if (bindings >= limit) {
    return [{ severity: "critical", message: `all ${limit} bindings are taken: code 130` }];
  }
  if (bindings < NEARLY_FULL * limit) return [];
  return [{ severity: "warning", message: `${bindings} of ${limit} bindings are taken` }];
}

function poolProblems(room: JsonObject): HealthProblem[] {
  const [addresses, taken] = [numberOf(room.addresses), numberOf(room.addresses_taken)];
  if (addresses === 0 || taken < addresses) return [];
  const message = `all ${addresses} home addresses of the pools are taken: code 130`;
  return [{ severity: "warning", message }];
}

export function performanceHa(status: JsonObject): readonly (readonly [string, number])[] {
  const room = isObject(status.room) ? status.room : {};
  return [
    ["bindings", numberOf(status.bindings)],
    ["pending", numberOf(status.pending)],
    ["uptime", numberOf(status.uptime)],
    ["bindings_limit", numberOf(room.bindings)],
    ["addresses", numberOf(room.addresses)],
    ["addresses_taken", numberOf(room.addresses_taken)],
  ];
}
