/** What the home agent is to be asked for now. RFC 5944 §3.6. */

import type { AgentHistory } from "./agent-history.ts";
import { type Attachment, isThrough } from "./attachment.ts";
import type { MnCoreConfig } from "./config.ts";
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
  if (attachment === undefined) return undefined;
  const { kind, agent } = attachment;
  if (kind === "home") return inputs.cleared ? undefined : homeDeregistration(agent, config);
  if (!inputs.wanted) return inputs.exposed ? foreignDeregistration(agent, config) : undefined;
  if (isThrough(registered, agent) && !inputs.renewalDue) return undefined;
  const { careOfIndex, offeredLifetime, terms } = history.of(agent.key);
  const careOfAddress = agent.careOfAddresses[careOfIndex] ?? agent.careOfAddresses[0];
  if (careOfAddress === undefined) return undefined;
  const agreed = { ...config, registration: { ...config.registration, ...terms } };
  return foreignRegistration(agent, careOfAddress, offeredLifetime, agreed);
}
