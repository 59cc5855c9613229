/** Making Registration Requests. RFC 5944 §3.6.1, RFC 3024 §4.1. */

import { type Ipv4, type Mac, MOBILE_AGENTS } from "../../../shared/base/address.ts";
import type { SendUdp } from "../../../shared/protocol/core.ts";
import { supportExtension } from "../../../shared/protocol/revocation-terms.ts";
import type { PeerAssociation } from "../../../shared/security/association.ts";
import { appendAuthentication } from "../../../shared/security/authenticator.ts";
import {
  appendExtension,
  encodeControl,
  MOBILE_IP_PORT,
  RequestFlag,
} from "../../../shared/wire/control.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import type { MnCoreConfig } from "../config.ts";
import { type Agent, hasFlag } from "../movement/agents.ts";
import { usesReverseTunnel } from "../movement/movement.ts";
import { associationsWith, peersOf } from "./credentials.ts";
import { HOST_CONFIGURATION_REQUEST } from "./host-configuration.ts";
import { type UdpTunnelWish, udpTunnelRequest } from "./udp-tunnel.ts";

/** Away from multicast an ordinary TTL (RFC 5944 §3.6.1.1). */
const DEFAULT_TTL = 64;
/** RFC 3024 §4.1.1: so that the foreign agent sees that nobody is in between. */
const REVERSE_TUNNEL_TTL = 255;

/** For the foreign agent alone: behind extension 32, in front of 33 (RFC 3024 §3.3). */
const ENCAPSULATING = { name: "encapsulating-delivery-style-extension" } as const;

/** `release` deletes one binding, of a care-of address that serves no more; `deregister` all. */
export type Action = "register" | "deregister" | "release";

/** What is to be asked for, and of whom. */
export interface Operation {
  readonly action: Action;
  /** `co-located`: straight to the home agent, from the care-of address. */
  readonly via: "foreign-agent" | "home" | "co-located";
  /** The key of what it is for (`keyOf`). */
  readonly agentKey: string;
  readonly interface: string;
  /** IP source of the agent's advertisements; `undefined`: no agent of the link is asked. */
  readonly agent: Ipv4 | undefined;
  /** Addresses by which an association with the agent may be known. */
  readonly peers: readonly Ipv4[];
  /** Their link-layer source; `undefined`: the system's routes lead to the destination. */
  readonly mac: Mac | undefined;
  /** IP source: the home address, or a co-located care-of address (RFC 5944 §3.6.1.1). */
  readonly source: Ipv4;
  /** IP destination: the agent, or at home the home agent itself (RFC 5944 §3.6.1.1). */
  readonly destination: Ipv4;
  /** `UNSPECIFIED` asks for one (RFC 2794 §2). */
  readonly homeAddress: Ipv4;
  readonly homeAgent: Ipv4;
  /** Who is meant where the network chooses (RFC 4433 §3.4.1). */
  readonly requestedHomeAgent: Ipv4 | undefined;
  readonly careOfAddress: Ipv4;
  readonly lifetime: number;
  /** The request's flags octet. */
  readonly flags: number;
  /** This node's clock, to be told of revocations (RFC 3543 §3.2); `undefined`: it need not be. */
  readonly revocation: number | undefined;
  /** Packets will come to the foreign agent encapsulated (RFC 3024 §5.2). */
  readonly encapsulating: boolean;
  /** Of a tunnel in UDP (RFC 3519); `undefined`: nothing. */
  readonly udp: UdpTunnelWish | undefined;
  /** The foreign agent's, that the request answers (RFC 4721 §3.1). */
  readonly challenge: Uint8Array | undefined;
}

/** The binding that there is stays beside the new one. */
export function withSimultaneous(operation: Operation): Operation {
  return { ...operation, flags: operation.flags | RequestFlag.S };
}

/** Two operations that one reply can settle. */
export function sameOperation(a: Operation, b: Operation): boolean {
  return (
    a.action === b.action &&
    a.agentKey === b.agentKey &&
    a.careOfAddress === b.careOfAddress &&
    a.homeAddress === b.homeAddress &&
    a.homeAgent === b.homeAgent &&
    a.requestedHomeAgent === b.requestedHomeAgent
  );
}

/** M, G and T only where the agent advertises them; D never with its address (§3.6.1.2). */
function requestFlags(agent: Agent, config: MnCoreConfig): number {
  const { encapsulation } = config.registration;
  // D is clear, so they come encapsulated to the node itself, which decapsulates them (§3.6.1.2).
  let flags: number = config.registration.broadcasts ? RequestFlag.B : 0;
  if (encapsulation === "minimal" && hasFlag(agent, "M")) flags |= RequestFlag.M;
  if (encapsulation === "gre" && hasFlag(agent, "G")) flags |= RequestFlag.G;
  if (usesReverseTunnel(agent, config)) flags |= RequestFlag.T;
  return flags;
}

/** Through a foreign agent: never longer than it advertises or offered with code 69. */
export function foreignRegistration(
  agent: Agent,
  careOfAddress: Ipv4,
  offeredLifetime: number | undefined,
  config: MnCoreConfig,
): Operation {
  const { lifetime } = config.registration;
  const { registrationLifetime } = agent;
  return {
    ...addressing("register", agent, config),
    careOfAddress,
    lifetime: Math.min(lifetime, registrationLifetime, offeredLifetime ?? lifetime),
    flags: requestFlags(agent, config),
    encapsulating:
      usesReverseTunnel(agent, config) && config.registration.deliveryStyle === "encapsulating",
  };
}

/**
 * Takes all bindings away, through an agent that relays: the care-of address is the home address
 * (RFC 5944 §3.6.1.2), so that one left from an earlier link goes too.
 */
export function foreignDeregistration(agent: Agent, config: MnCoreConfig): Operation {
  const careOfAddress = config.homeAddress;
  return { ...addressing("deregister", agent, config), careOfAddress, lifetime: 0, flags: 0 };
}

/** Deletes the binding of a former care-of address alone (RFC 5944 §3.6.1.2, §3.8.2). */
export function foreignRelease(agent: Agent, careOfAddress: Ipv4, config: MnCoreConfig): Operation {
  return { ...addressing("release", agent, config), careOfAddress, lifetime: 0, flags: 0 };
}

/** At home the same goes straight to the home agent (RFC 5944 §3.1). */
export function homeDeregistration(agent: Agent, config: MnCoreConfig): Operation {
  return {
    ...addressing("deregister", agent, config),
    via: "home",
    destination: config.homeAgent,
    careOfAddress: config.homeAddress,
    lifetime: 0,
    flags: 0,
  };
}

/** What every request to this agent has. */
export function addressing(action: Action, agent: Agent, config: MnCoreConfig) {
  const { homeAddress, homeAgent, requestedHomeAgent } = config;
  return {
    action,
    via: "foreign-agent",
    agentKey: agent.key,
    interface: agent.interface,
    agent: agent.address,
    peers: peersOf(agent),
    mac: agent.mac,
    source: homeAddress,
    destination: agent.address,
    homeAddress,
    homeAgent,
    requestedHomeAgent,
    revocation: undefined,
    encapsulating: false,
    udp: undefined,
    challenge: undefined,
  } as const;
}

/** Associations with an agent, known by its care-of address or the source of advertisements. */
export function foreignAgentContexts(
  operation: Operation,
  config: MnCoreConfig,
): readonly PeerAssociation[] {
  return operation.via === "foreign-agent" ? associationsWith(operation.peers, config) : [];
}

/**
 * The fixed part, what the home agent is to see, extension 32, and 33 where the agent shares an
 * association (RFC 5944 §3.6.1.3, in the order of shared/wire/order.ts).
 */
export function encodeRequest(
  operation: Operation,
  identification: bigint,
  config: MnCoreConfig,
  networks: readonly ControlExtension[] = [],
): Uint8Array {
  const fixed = encodeControl({
    name: "registration-request",
    flags: operation.flags,
    lifetime: operation.lifetime,
    homeAddress: operation.homeAddress,
    homeAgent: operation.homeAgent,
    careOfAddress: operation.careOfAddress,
    identification,
    extensions: [...forHomeAgent(operation, config), ...networks],
  });
  const forHome = appendAuthentication(
    fixed,
    "mobile-home-authentication-extension",
    config.homeAssociation,
  );
  const styled = operation.encapsulating ? appendExtension(forHome, ENCAPSULATING) : forHome;
  return authenticateToAgent(answerChallenge(styled, operation, config), operation, config);
}

/** RFC 4721 §3.1: the challenge, and behind it the proof for the AAA server where there is one. */
function answerChallenge(
  bytes: Uint8Array,
  { challenge }: Operation,
  { aaa }: MnCoreConfig,
): Uint8Array {
  if (challenge === undefined) return bytes;
  const name = "mobile-foreign-challenge-extension";
  const answered = appendExtension(bytes, { name, challenge });
  return aaa === undefined
    ? answered
    : appendAuthentication(answered, "mn-aaa-authentication-subtype", aaa);
}

function authenticateToAgent(
  bytes: Uint8Array,
  operation: Operation,
  config: MnCoreConfig,
): Uint8Array {
  const [context] = foreignAgentContexts(operation, config);
  return context === undefined
    ? bytes
    : appendAuthentication(bytes, "mobile-foreign-authentication-extension", context);
}

/** Who asks comes first (RFC 2794 §2); all of it is covered by extension 32. */
function forHomeAgent(
  { action, requestedHomeAgent: haAddress, udp, revocation: timestamp }: Operation,
  { nai, identities, registration }: MnCoreConfig,
): ControlExtension[] {
  const { homeAgent, aaaServer } = identities;
  const extensions: ControlExtension[] = [];
  if (nai !== undefined) extensions.push({ name: "mobile-node-nai-extension", nai });
  // RFC 3846 §4, §5: what has been told is told again.
  if (homeAgent !== undefined) extensions.push({ name: "ha-identity", nai: homeAgent });
  if (aaaServer !== undefined) extensions.push({ name: "aaah-identity", nai: aaaServer });
  if (haAddress !== undefined) extensions.push({ name: "requested-ha-extension", haAddress });
  if (udp !== undefined) extensions.push(udpTunnelRequest(udp));
  if (timestamp !== undefined) extensions.push(supportExtension({ timestamp, inform: false }));
  if (registration.hostConfiguration && action === "register") {
    extensions.push(HOST_CONFIGURATION_REQUEST);
  }
  return extensions;
}

/**
 * TTL: RFC 3024 §4.1.1 wants 255 with T, RFC 5944 §3.6.1.1 wants 1 to 224.0.0.11 and an ordinary
 * value otherwise; the agent's unicast address is always known here, so both can be had.
 */
export function requestTtl(operation: Operation): number {
  if (operation.destination === MOBILE_AGENTS) return 1;
  if (operation.via !== "foreign-agent") return DEFAULT_TTL;
  return (operation.flags & RequestFlag.T) !== 0 ? REVERSE_TUNNEL_TTL : DEFAULT_TTL;
}

/**
 * Straight to the agent's link-layer address: no ARP away from home (RFC 5944 §4.6). A node without
 * a home address has none to send from: 0.0.0.0 (§3.6.1.1).
 */
export function sendRequest(operation: Operation, payload: Uint8Array): SendUdp {
  const { interface: device, mac, source } = operation;
  const way = mac === undefined ? { device } : { link: { interface: device, destination: mac } };
  return {
    type: "send-udp",
    source,
    sourcePort: MOBILE_IP_PORT,
    destination: operation.destination,
    destinationPort: MOBILE_IP_PORT,
    ttl: requestTtl(operation),
    payload,
    ...way,
  };
}
