/**
 * ICMP router discovery with the mobility extensions: Agent Advertisement and Agent Solicitation.
 * RFC 1256 §3, RFC 5944 §2.1, §2.2.
 */

import { LIFETIMES } from "../codes.ts";
import { type WireError, wireError } from "../error.ts";
import { type ExtensionOf, extensionSpace, ignoredOctets } from "../extension.ts";
import { type ExtensionValue, paddingExtension, simpleExtension } from "../extension-table.ts";
import { constant, filledIn, flags, ipv4Field, named, u8, u16, u32 } from "../field.ts";
import type { AnyMessage, MessageValue } from "../message.ts";
import { countOf, listOf } from "../variable-field.ts";
import { discoveryExtensions } from "./discovery-extensions.ts";
import { routerAddressesField } from "./router-address.ts";

export const ICMP_ROUTER_ADVERTISEMENT = 9;
export const ICMP_ROUTER_SOLICITATION = 10;

/** Bits of the advertisement's 16-bit flags field. RFC 5944 §2.1.1. */
export const AdvertisementFlag = {
  R: 0x8000,
  B: 0x4000,
  H: 0x2000,
  F: 0x1000,
  M: 0x0800,
  G: 0x0400,
  T: 0x0100,
  U: 0x0080,
  X: 0x0040,
  I: 0x0020,
} as const;

/** Preference of a router address that is never to be a default router. RFC 1256 §3. */
export const NEVER_DEFAULT = -0x80000000;

const unnamed = [null, null, null, null, null];

/**
 * Mobility Agent Advertisement Extension: its length tells the number of care-of addresses.
 * Registration lifetime: seconds, 0xffff is infinity. RFC 5944 §2.1.1; U: RFC 3519 §3.4; X: RFC
 * 3543 §3.1; I: RFC 4857 §8.1 with erratum 2103.
 */
const mobilityAgentAdvertisement = simpleExtension({
  type: 16,
  name: "mobility-agent-advertisement-extension",
  rfc: "RFC 5944 §2.1.1",
  fields: {
    sequenceNumber: u16,
    registrationLifetime: named(u16, LIFETIMES),
    flags: flags([...["R", "B", "H", "F", "M", "G", "r", "T", "U", "X", "I"], ...unnamed]),
    careOfAddresses: listOf(ipv4Field),
  },
});

/** Prefix-Lengths Extension: one octet for each router address. RFC 5944 §2.1.2. */
const prefixLengths = simpleExtension({
  type: 19,
  name: "prefix-lengths-extension",
  rfc: "RFC 5944 §2.1.2",
  fields: { prefixLengths: listOf(u8) },
});

/** One-byte Padding. RFC 5944 §2.1.3. */
const padding = paddingExtension({ type: 0, name: "one-byte-padding", rfc: "RFC 5944 §2.1.3" });

export const icmpExtensions = extensionSpace([
  padding,
  mobilityAgentAdvertisement,
  prefixLengths,
  ...discoveryExtensions,
  ignoredOctets,
]);

export type IcmpExtension = ExtensionOf<typeof icmpExtensions>;
export type MobilityAgentAdvertisement = ExtensionValue<typeof mobilityAgentAdvertisement>;

/** ICMP code of an agent that does not route common traffic. RFC 5944 §2.1. */
const AGENT_CODE = 16;

const DISCOVERY_CODES = { 0: "routes common traffic", [AGENT_CODE]: "does not" };

/**
 * Router Advertisement; with extension 16 an Agent Advertisement. RFC 1256 §3, RFC 5944 §2.1.
 * Lifetime: seconds that the advertisement is good for; not the registration lifetime.
 */
const advertisement = {
  type: ICMP_ROUTER_ADVERTISEMENT,
  name: "router-advertisement",
  rfc: "RFC 1256 §3, RFC 5944 §2.1",
  fields: {
    type: constant(u8, ICMP_ROUTER_ADVERTISEMENT),
    code: named(u8, DISCOVERY_CODES),
    checksum: filledIn(u16),
    numAddrs: countOf("routerAddresses", u8),
    addrEntrySize: u8,
    lifetime: u16,
    routerAddresses: routerAddressesField,
  },
  extensions: icmpExtensions,
} as const;

/**
 * Router Solicitation, which is also the Agent Solicitation. RFC 1256 §3, RFC 5944 §2.2. The
 * reserved field and what follows are ignored (RFC 1256 §4.2), but kept.
 */
const solicitation = {
  type: ICMP_ROUTER_SOLICITATION,
  name: "router-solicitation",
  rfc: "RFC 1256 §3, RFC 5944 §2.2",
  fields: {
    type: constant(u8, ICMP_ROUTER_SOLICITATION),
    code: u8,
    checksum: filledIn(u16),
    reserved: u32,
  },
  extensions: icmpExtensions,
  ignoresRest: true,
} as const;

export type RouterAdvertisement = MessageValue<typeof advertisement>;
export type RouterSolicitation = MessageValue<typeof solicitation>;

/** A solicitation as we send it. */
export const SOLICITATION: RouterSolicitation = {
  name: "router-solicitation",
  code: 0,
  reserved: 0,
  extensions: [],
};

export const routerAdvertisement = {
  ...advertisement,
  check: (message: AnyMessage) => advertisementFault(message as RouterAdvertisement),
  jsonName: (message: AnyMessage) =>
    agentExtension(message as RouterAdvertisement) === undefined
      ? "router-advertisement"
      : "agent-advertisement",
};

export const routerSolicitation = {
  ...solicitation,
  check: (message: AnyMessage) => codeFault((message as RouterSolicitation).code, 0),
  jsonName: () => "agent-solicitation",
};

function codeFault(code: number, ...allowed: readonly number[]): WireError | undefined {
  if (allowed.includes(code)) return undefined;
  return wireError("wrong-code", "code", 1, `code ${code}, not ${allowed.join(" or ")}`);
}

/** RFC 1256 §5.2 as RFC 5944 §2.1 relaxes it: code 16, and no router addresses in an agent's. */
function advertisementFault(message: RouterAdvertisement): WireError | undefined {
  if (agentExtension(message) !== undefined) return codeFault(message.code, 0, AGENT_CODE);
  if (message.routerAddresses.length === 0) {
    return wireError("wrong-length", "num_addrs", 4, "no address, and not a mobility agent's");
  }
  return codeFault(message.code, 0);
}

/** The extension that makes a Router Advertisement an Agent Advertisement. */
export function agentExtension(
  message: RouterAdvertisement,
): MobilityAgentAdvertisement | undefined {
  for (const extension of message.extensions) {
    if (extension.name === "mobility-agent-advertisement-extension") return extension;
  }
  return undefined;
}

/** The prefix length of each router address, where the agent sent the extension. */
export function prefixLengthsOf(message: RouterAdvertisement): readonly number[] | undefined {
  for (const extension of message.extensions) {
    if (extension.name === "prefix-lengths-extension") return extension.prefixLengths;
  }
  return undefined;
}
