/** Everything that watches the agent's links for it. */

import type { Mac } from "../shared/base/address.ts";
import type { TriggerContext, Triggers } from "../shared/service/triggers/triggers.ts";

/** A station has come or gone: as a command to the core, and counted. */
export function tellStation(
  { counters, command }: TriggerContext,
  news: "arrived" | "left",
  mac: Mac,
): void {
  counters.add(`stations-${news}`);
  // Most stations are nobody's visitors; the outcome is in the core's own events.
  void command(`node-${news}`, { mac, interface: null });
}

/** Several as one. */
export function together<Config>(...all: readonly Triggers<Config>[]): Triggers<Config> {
  return {
    rewire: (config) => {
      for (const each of all) each.rewire(config);
    },
    hostChanged: () => {
      for (const each of all) each.hostChanged?.();
    },
    close: () => {
      for (const each of all) each.close();
    },
  };
}
