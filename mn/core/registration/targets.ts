/** Whom a handover by command is to. */

import { formatIpv4, type Ipv4 } from "../../../shared/base/address.ts";
import { err, ok, type Result } from "../../../shared/base/result.ts";
import type { Instant } from "../../../shared/base/time.ts";
import { rankOf } from "../config.ts";
import type { Agent } from "../movement/agents.ts";
import { type Attachment, interfaceOf, keyOf } from "../movement/attachment.ts";
import { type Surroundings, usableAgents } from "../movement/choice.ts";

/** The agent with this address, or the best other way; the error says why there is none. */
export function findTarget(
  around: Surroundings,
  address: Ipv4 | undefined,
  now: Instant,
): Result<Attachment, string> {
  if (around.attachment?.kind === "home") return err("at home, where no agent is needed");
  if (address === undefined) return bestOther(around, now);
  const isMeant = (agent: Agent): boolean =>
    agent.address === address || agent.careOfAddresses.includes(address);
  const agent = usableAgents(around).find(isMeant);
  if (agent !== undefined) return ok({ kind: "foreign-agent", agent });
  const isHeard = around.agents.some(isMeant);
  const why = isHeard ? "cannot be used: see its flags in agents" : "is not heard";
  return err(`the agent ${formatIpv4(address)} ${why}`);
}

function bestOther(around: Surroundings, now: Instant): Result<Attachment, string> {
  const { attachment, config, history } = around;
  const ways: Attachment[] = [
    ...usableAgents(around).map((agent) => ({ kind: "foreign-agent", agent }) as const),
    ...around.paths.map((path) => ({ kind: "co-located", path }) as const),
  ];
  const others = ways
    .filter((way) => attachment === undefined || keyOf(way) !== keyOf(attachment))
    .sort((a, b) => rankOf(config, interfaceOf(a)) - rankOf(config, interfaceOf(b)));
  const best = others.find((way) => !history.refuses(keyOf(way), now)) ?? others[0];
  return best === undefined ? err("no other agent is heard that can be used") : ok(best);
}
