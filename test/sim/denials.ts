/** Agents that an operator sets up so that they deny what they granted before, for a while. */

import type { FaCoreConfig } from "../../fa/core/config.ts";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import type { SimNode } from "./node.ts";

interface Denial<Config> {
  readonly what: string;
  readonly changed: (config: Config) => Partial<Config>;
}

const EVERYWHERE = { address: 0, length: 0 } as never;

const FOREIGN: readonly Denial<FaCoreConfig>[] = [
  {
    what: "serves nobody (65)",
    changed: ({ access }) => ({
      access: { ...access, deny: { homeAgents: [EVERYWHERE], realms: [], macs: [] } },
    }),
  },
  { what: "has no room (66)", changed: () => ({ maxVisitors: 0 }) },
  { what: "grants 5 s (69)", changed: () => ({ registrationLifetime: 5 }) },
  { what: "has plain tunnels only (72)", changed: () => ({ encapsulations: ["ipip"] }) },
  {
    what: "has lost its keys of mobile nodes",
    changed: () => ({ mobileNodes: [], mobileNodesByNai: [] }),
  },
];

const HOME: readonly Denial<HaCoreConfig>[] = [
  { what: "knows nobody (128, 129)", changed: () => ({ mobileNodes: [] }) },
  { what: "has no room (130)", changed: () => ({ maxBindings: 0 }) },
  {
    what: "has other keys (131)",
    changed: ({ mobileNodes }) => ({
      mobileNodes: mobileNodes.map((row) => {
        return { ...row, associations: row.associations.map(withOtherKey) };
      }),
    }),
  },
  { what: "has plain tunnels only (139)", changed: () => ({ encapsulations: ["ipip"] }) },
  { what: "grants 5 s", changed: () => ({ maxLifetime: 5 }) },
];

function withOtherKey(context: SecurityContext): SecurityContext {
  return { ...context, key: context.key.map((octet) => octet ^ 1) };
}

/** Sets up an agent so, and says how. */
export function deny(agent: SimNode, random: Random): string {
  return agent.role === "home-agent" ? denyAs(agent, HOME, random) : denyAs(agent, FOREIGN, random);
}

function denyAs<Config>(
  agent: SimNode,
  denials: readonly Denial<Config>[],
  random: Random,
): string {
  const denial = denials[Math.floor(uniform(random, 0, denials.length))];
  if (denial === undefined) throw new Error("nothing to deny");
  const own = agent.ownConfig as Config;
  agent.reconfigure({ ...own, ...denial.changed(own) });
  return denial.what;
}
