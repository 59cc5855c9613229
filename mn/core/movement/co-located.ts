/**
 * Co-located care-of addresses: the interface's own address, whoever gave it to it, and the way out
 * that the system's routes name (RFC 5944 §1.7, §3.1). Both are watched and never changed.
 */

import {
  formatIpv4,
  type Ipv4,
  isUsableUnicast,
  networkOf,
  type Prefix,
  prefixContains,
} from "../../../shared/base/address.ts";
import type { LinkChanged } from "../../../shared/protocol/core.ts";
import { RequestFlag } from "../../../shared/wire/control.ts";
import type { MnCoreConfig } from "../config.ts";
import { type Action, addressing, type Operation } from "../registration/request.ts";
import { udpTunnelWish } from "../registration/udp-tunnel.ts";
import type { Agent } from "./agents.ts";

type Link = NonNullable<LinkChanged["link"]>;

export interface CoLocatedPath {
  /** Of this address on this interface, and of whom requests go through. */
  readonly key: string;
  readonly interface: string;
  readonly careOfAddress: Ipv4;
  /** `undefined`: a point-to-point link, or the home agent is a neighbour. */
  readonly gateway: Ipv4 | undefined;
  /** An agent of the link that requires registration through it (the R bit, §2.4.1, §3.1). */
  readonly relay: Agent | undefined;
}

/** RFC 3927: known on its own link only. */
function isLinkLocal(address: Ipv4): boolean {
  return address >>> 16 === 0xa9fe;
}

/**
 * The interface's primary global address. An address of the home network is none: who has one is
 * at home or was until now (§1.7: a care-of address belongs to the link that its prefix names).
 */
export function careOfPrefix(link: Link | undefined, config: MnCoreConfig): Prefix | undefined {
  return link?.addresses.find(
    ({ address }) =>
      isUsableUnicast(address) &&
      !isLinkLocal(address) &&
      address !== config.homeAddress &&
      !prefixContains(networkOf(config.homePrefix), address),
  );
}

/** The path by this interface, if it has an address and a way to the home agent. */
export function coLocatedPath(
  name: string,
  link: Link | undefined,
  relay: Agent | undefined,
  config: MnCoreConfig,
): CoLocatedPath | undefined {
  const prefix = link?.up === true ? careOfPrefix(link, config) : undefined;
  if (link === undefined || prefix === undefined) return undefined;
  const { defaultRoute } = link;
  const isNeighbour = prefixContains(networkOf(prefix), config.homeAgent);
  if (defaultRoute === undefined && !isNeighbour) return undefined;
  const through = relay === undefined ? "" : ` by ${formatIpv4(relay.address)}`;
  return {
    key: `${name} ${formatIpv4(prefix.address)}${through}`,
    interface: name,
    careOfAddress: prefix.address,
    gateway: defaultRoute?.gateway,
    relay,
  };
}

/** From the care-of address (§3.6.1.1): to the home agent itself, or to the agent that wants it. */
function route(action: Action, path: CoLocatedPath, config: MnCoreConfig) {
  const { key: agentKey, relay, careOfAddress: source } = path;
  if (relay !== undefined) return { ...addressing(action, relay, config), agentKey, source };
  return {
    action,
    via: "co-located",
    agentKey,
    interface: path.interface,
    agent: undefined,
    peers: [],
    mac: undefined,
    source,
    // Whom the network is to choose is asked itself (RFC 4433 §5.1.2).
    destination: config.requestedHomeAgent ?? config.homeAgent,
    homeAddress: config.homeAddress,
    homeAgent: config.homeAgent,
    requestedHomeAgent: config.requestedHomeAgent,
    revocation: undefined,
    encapsulating: false,
    udp: undefined,
    challenge: undefined,
  } as const;
}

/** The D bit: the node decapsulates, so M and G are its own to choose (§3.6.1.2). */
export function coLocatedRegistration(
  path: CoLocatedPath,
  offeredLifetime: number | undefined,
  config: MnCoreConfig,
): Operation {
  const { lifetime, encapsulation, reverseTunnel } = config.registration;
  let flags: number = RequestFlag.D;
  if (encapsulation === "minimal") flags |= RequestFlag.M;
  if (encapsulation === "gre") flags |= RequestFlag.G;
  if (reverseTunnel) flags |= RequestFlag.T;
  if (config.registration.broadcasts) flags |= RequestFlag.B;
  const most = path.relay?.registrationLifetime ?? lifetime;
  return {
    ...route("register", path, config),
    udp: udpTunnelWish(path, config),
    careOfAddress: path.careOfAddress,
    lifetime: Math.min(lifetime, most, offeredLifetime ?? lifetime),
    flags,
  };
}

/** Deletes the binding of a former care-of address alone (§3.6.1.2, §3.8.2). */
export function coLocatedRelease(
  path: CoLocatedPath,
  careOfAddress: Ipv4,
  config: MnCoreConfig,
): Operation {
  return { ...route("release", path, config), careOfAddress, lifetime: 0, flags: 0 };
}

/** Takes all bindings away (§3.6.1.2). */
export function coLocatedDeregistration(path: CoLocatedPath, config: MnCoreConfig): Operation {
  const careOfAddress = config.homeAddress;
  return { ...route("deregister", path, config), careOfAddress, lifetime: 0, flags: 0 };
}
