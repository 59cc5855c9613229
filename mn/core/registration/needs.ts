/** What the home agent is to be asked for now. RFC 5944 §3.6. */

import { BROADCAST, type Ipv4, UNSPECIFIED } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import { RequestFlag } from "../../../shared/wire/control.ts";
import type { MnCoreConfig, Terms } from "../config.ts";
import type { AgentHistory } from "../movement/agent-history.ts";
import { type Attachment, agentOf, isFor, keyOf } from "../movement/attachment.ts";
import {
  coLocatedDeregistration,
  coLocatedRegistration,
  coLocatedRelease,
} from "../movement/co-located.ts";
import type { Formers } from "./formers.ts";
import type { Registered } from "./registration.ts";
import {
  foreignDeregistration,
  foreignRegistration,
  foreignRelease,
  homeDeregistration,
  type Operation,
  withSimultaneous,
} from "./request.ts";

export interface NeedInputs {
  readonly config: MnCoreConfig;
  readonly attachment: Attachment | undefined;
  readonly history: AgentHistory;
  readonly registered: Registered | undefined;
  readonly renewalDue: boolean;
  /** What the registration is for is still there: it serves until another one does. */
  readonly isServed: boolean;
  readonly formers: Formers;
  /** The home agent may hold a binding. */
  readonly exposed: boolean;
  /** The node is to be registered. */
  readonly wanted: boolean;
  /** At home, and the home agent has confirmed that there is no binding. */
  readonly cleared: boolean;
}

export function neededOperation(inputs: NeedInputs, now: Instant): Operation | undefined {
  const { config, attachment, history, registered } = inputs;
  if (attachment === undefined || !hasSomebodyToAsk(attachment, config)) return undefined;
  if (attachment.kind === "home") {
    return inputs.cleared ? undefined : homeDeregistration(attachment.agent, config);
  }
  if (!inputs.wanted) return inputs.exposed ? deregistration(attachment, config) : undefined;
  if (isFor(registered, attachment) && !inputs.renewalDue) {
    const former = inputs.formers.due(now);
    return former === undefined ? undefined : release(attachment, former, config);
  }
  const { careOfIndex, offeredLifetime, terms } = history.of(keyOf(attachment));
  const agreed = { ...config, registration: { ...config.registration, ...terms } };
  const operation = registration(attachment, careOfIndex, offeredLifetime, agreed);
  const { simultaneous } = agreed.registration;
  if (operation === undefined || !keepsFormer(simultaneous, inputs, operation)) return operation;
  return withSimultaneous(operation);
}

function registration(
  attachment: Attachment,
  careOfIndex: number,
  offeredLifetime: number | undefined,
  config: MnCoreConfig,
): Operation | undefined {
  if (attachment.kind === "co-located") {
    return coLocatedRegistration(attachment.path, offeredLifetime, config);
  }
  const { agent } = attachment;
  const careOfAddress = agent.careOfAddresses[careOfIndex] ?? agent.careOfAddresses[0];
  if (careOfAddress === undefined) return undefined;
  return foreignRegistration(agent, careOfAddress, offeredLifetime, config);
}

/** RFC 5944 §3.6.1.2: only a binding whose way still works is worth being kept for a while. */
function keepsFormer(
  when: Terms["simultaneous"],
  { registered, isServed, formers }: NeedInputs,
  next: Operation,
): boolean {
  if (when === "off" || !isServed || registered === undefined) return false;
  const isOwn = (registered.operation.flags & next.flags & RequestFlag.D) !== 0;
  if (when === "auto" && !isOwn) return false;
  const { careOfAddress } = registered.operation;
  return careOfAddress !== next.careOfAddress && formers.mayKeep(careOfAddress, next.careOfAddress);
}

function release(attachment: Attachment, careOfAddress: Ipv4, config: MnCoreConfig): Operation {
  if (attachment.kind === "co-located") {
    return coLocatedRelease(attachment.path, careOfAddress, config);
  }
  return foreignRelease(attachment.agent, careOfAddress, config);
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
