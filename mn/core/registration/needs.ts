/** What the home agent is to be asked for now. RFC 5944 §3.6. */

import { BROADCAST, UNSPECIFIED } from "../../../shared/base/address.ts";
import type { MnCoreConfig } from "../config.ts";
import type { AgentHistory } from "../movement/agent-history.ts";
import { type Attachment, agentOf, isFor, keyOf } from "../movement/attachment.ts";
import { coLocatedDeregistration, coLocatedRegistration } from "../movement/co-located.ts";
import type { Registered } from "./registration.ts";
import {
  foreignDeregistration,
  foreignRegistration,
  homeDeregistration,
  type Operation,
} from "./request.ts";

export interface NeedInputs {
  readonly config: MnCoreConfig;
  readonly attachment: Attachment | undefined;
  readonly history: AgentHistory;
  readonly registered: Registered | undefined;
  readonly renewalDue: boolean;
  /** The home agent may hold a binding. */
  readonly exposed: boolean;
  /** The node is to be registered. */
  readonly wanted: boolean;
  /** At home, and the home agent has confirmed that there is no binding. */
  readonly cleared: boolean;
}

export function neededOperation(inputs: NeedInputs): Operation | undefined {
  const { config, attachment, history, registered } = inputs;
  if (attachment === undefined || !hasSomebodyToAsk(attachment, config)) return undefined;
  if (attachment.kind === "home") {
    return inputs.cleared ? undefined : homeDeregistration(attachment.agent, config);
  }
  if (!inputs.wanted) return inputs.exposed ? deregistration(attachment, config) : undefined;
  if (isFor(registered, attachment) && !inputs.renewalDue) return undefined;
  const { careOfIndex, offeredLifetime, terms } = history.of(keyOf(attachment));
  const agreed = { ...config, registration: { ...config.registration, ...terms } };
  if (attachment.kind === "co-located") {
    return coLocatedRegistration(attachment.path, offeredLifetime, agreed);
  }
  const { agent } = attachment;
  const careOfAddress = agent.careOfAddresses[careOfIndex] ?? agent.careOfAddresses[0];
  if (careOfAddress === undefined) return undefined;
  return foreignRegistration(agent, careOfAddress, offeredLifetime, agreed);
}

/** A name may have no address yet; and who is to be chosen is asked by way of an agent alone. */
function hasSomebodyToAsk(attachment: Attachment, config: MnCoreConfig): boolean {
  const { homeAgent, requestedHomeAgent } = config;
  if (homeAgent !== BROADCAST) return homeAgent !== UNSPECIFIED;
  return requestedHomeAgent !== undefined || agentOf(attachment) !== undefined;
}

function deregistration(attachment: Attachment, config: MnCoreConfig): Operation {
  if (attachment.kind === "co-located") return coLocatedDeregistration(attachment.path, config);
  return foreignDeregistration(attachment.agent, config);
}
