/** Where the node has come to decides about its addresses, and these about where it is attached. */

import type { Now } from "../../../shared/base/time.ts";
import type { Effect } from "../../../shared/protocol/core.ts";
import type { Whereabouts } from "../movement/whereabouts.ts";
import type { Registration } from "../registration/registration.ts";
import type { FastHandover } from "./fast-handover.ts";

/** Until both are settled; a node that does not come to rest goes on at the next event. */
const MAX_ROUNDS = 4;

/** `attach`: to where the node should be by what is known now. */
export function settle(
  fast: FastHandover,
  where: Whereabouts,
  registration: Registration,
  attach: () => readonly Effect[],
  now: Now,
): Effect[] {
  const effects: Effect[] = [];
  fast.steer(where, registration.registered, now.monotonic);
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
    effects.push(...attach(), ...fast.follow(where, registration.registered, now));
    if (!fast.steer(where, registration.registered, now.monotonic)) break;
  }
  return effects;
}
