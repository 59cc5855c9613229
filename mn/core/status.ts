/** The answers to `status` and `agents`, as the interface contract names their keys. */

import { formatIpv4, formatPrefix, type Ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import { type Instant, secondsLeft } from "../../shared/base/time.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import { isLeftOpen } from "../../shared/protocol/dynamic-home-agent.ts";
import { INFINITE_LIFETIME, RequestFlag } from "../../shared/wire/control.ts";
import type { MnCoreConfig } from "./config.ts";
import { type Agent, hasFlag, isHomeAgent } from "./movement/agents.ts";
import { type Attachment, agentOf, interfaceOf } from "./movement/attachment.ts";
import type { Links } from "./movement/links.ts";
import type { Outcomes } from "./registration/outcomes.ts";
import type { Registration } from "./registration/registration.ts";
import type { MnState } from "./state.ts";

const LETTERS = ["R", "B", "H", "F", "M", "G", "T", "U", "X", "I"] as const;

export function agentJson(agent: Agent, config: MnCoreConfig, now: Instant): JsonObject {
  return {
    address: formatIpv4(agent.address),
    mac: agent.mac,
    interface: agent.interface,
    care_of_addresses: agent.careOfAddresses.map(formatIpv4),
    flags: Object.fromEntries(LETTERS.map((letter) => [letter, hasFlag(agent, letter)])),
    sequence_number: agent.sequenceNumber,
    registration_lifetime: agent.registrationLifetime,
    lifetime_remaining: secondsLeft(agent.expiresAt, now),
    prefix_lengths: agent.prefixLengths ?? null,
    challenge: agent.challenge !== undefined,
    nai: agent.nai ?? null,
    home: isHomeAgent(agent, config),
  };
}

export interface StatusInputs {
  readonly state: MnState;
  readonly config: MnCoreConfig;
  readonly attachment: Attachment | undefined;
  readonly links: Links;
  readonly registration: Registration;
  readonly outcomes: Outcomes;
  readonly counters: Counters;
}

function address(value: Ipv4 | undefined): string | null {
  return value === undefined ? null : formatIpv4(value);
}

/** What was granted, by the flags that were asked for. */
export function encapsulationOf(flags: number): Encapsulation {
  if ((flags & RequestFlag.G) !== 0) return "gre";
  return (flags & RequestFlag.M) !== 0 ? "minimal" : "ipip";
}

export function statusJson(inputs: StatusInputs, now: Instant): Json {
  const { state, config, attachment, links } = inputs;
  const { registered, pending, networks } = inputs.registration;
  const served =
    registered && (registered.operation.flags & RequestFlag.D ? "co-located" : "foreign-agent");
  const flags = registered?.operation.flags;
  const infinite = registered?.lifetime === INFINITE_LIFETIME;
  const expiresAt = infinite ? undefined : registered?.expiresAt;
  return {
    state,
    mode: attachment?.kind ?? served ?? null,
    home_address: config.homeAddress === UNSPECIFIED ? null : formatIpv4(config.homeAddress),
    nai: config.nai ?? null,
    home_agent: isLeftOpen(config.homeAgent) ? null : formatIpv4(config.homeAgent),
    care_of_address: address(registered?.operation.careOfAddress),
    agent: address(agentOf(attachment)?.address),
    interface: attachment === undefined ? null : interfaceOf(attachment),
    encapsulation: flags === undefined ? null : encapsulationOf(flags),
    reverse_tunnel: flags === undefined ? null : (flags & RequestFlag.T) !== 0,
    udp_tunnel: registered === undefined ? null : registered.udp !== undefined,
    networks: networks.granted.map(({ prefix }) => formatPrefix(prefix)),
    lifetime: registered?.lifetime ?? null,
    lifetime_remaining: expiresAt === undefined ? null : secondsLeft(expiresAt, now),
    ...inputs.outcomes.toJson(),
    pending: pending !== undefined && !pending.denied,
    attempts: pending?.attempts ?? 0,
    interfaces: config.interfaces.map(({ name }) => ({
      name,
      state: links.isUp(name) ? "up" : "down",
    })),
    counters: inputs.counters.toJson(),
  };
}
