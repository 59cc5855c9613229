/**
 * ICMP router discovery with the mobility extensions: Agent Advertisement and Agent Solicitation.
 * RFC 1256 §3, RFC 5944 §2.1, §2.2.
 */

import type { Ipv4 } from "../base/address.ts";
import { err, type Json, type JsonObject, ok, type Result } from "../base/result.ts";
import { internetChecksum } from "./checksum.ts";
import { type WireError, wireError } from "./error.ts";
import {
  defineExtension,
  type ExtensionValue,
  extensionJson,
  extensionLength,
  extensionSpace,
  readExtensions,
  type UnknownExtension,
  writeExtension,
} from "./extension.ts";
import { type Field, flags, ipv4Field, listOf, readU16, u8, u16, writeU16 } from "./field.ts";

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
 * Registration lifetime: seconds, 0xffff is infinity. RFC 5944 §2.1.1.
 */
const mobilityAgentAdvertisement = defineExtension({
  type: 16,
  name: "mobility-agent-advertisement-extension",
  form: "simple",
  rfc: "RFC 5944 §2.1.1",
  fields: {
    sequenceNumber: u16,
    registrationLifetime: u16,
    flags: flags([
      ...["R", "B", "H", "F", "M", "G", "r", "T", "U", "X", "I"],
      ...unnamed,
    ]) as Field<number>,
    careOfAddresses: listOf(ipv4Field),
  },
});

/** Prefix-Lengths Extension: one octet for each router address. RFC 5944 §2.1.2. */
const prefixLengths = defineExtension({
  type: 19,
  name: "prefix-lengths-extension",
  form: "simple",
  rfc: "RFC 5944 §2.1.2",
  fields: { prefixLengths: listOf(u8) },
});

/** One-byte Padding. RFC 5944 §2.1.3. */
const padding = defineExtension({
  type: 0,
  name: "one-byte-padding",
  form: "padding",
  rfc: "RFC 5944 §2.1.3",
  fields: {},
});

const tables = [padding, mobilityAgentAdvertisement, prefixLengths] as const;
export const icmpExtensions = extensionSpace(tables);

export type IcmpExtension = ExtensionValue<(typeof tables)[number]> | UnknownExtension;
export type MobilityAgentAdvertisement = ExtensionValue<typeof mobilityAgentAdvertisement>;

export interface RouterAddress {
  readonly address: Ipv4;
  /** Signed 32 bits; higher is preferred. */
  readonly preference: number;
}

/** A Router Advertisement; with extension 16 an Agent Advertisement. */
export interface RouterAdvertisement {
  readonly name: "router-advertisement";
  /** 0, or 16: does not route common traffic (RFC 5944 §2.1). */
  readonly code: number;
  /** Seconds that the advertisement is good for; not the registration lifetime. */
  readonly lifetime: number;
  readonly routerAddresses: readonly RouterAddress[];
  readonly extensions: readonly IcmpExtension[];
}

export interface RouterSolicitation {
  readonly name: "router-solicitation";
}

export type DiscoveryMessage = RouterAdvertisement | RouterSolicitation;

export interface InspectedDiscovery {
  readonly message: DiscoveryMessage | undefined;
  readonly offsets: readonly number[];
  readonly error: WireError | undefined;
}

const nothing = (error: WireError): InspectedDiscovery => ({
  message: undefined,
  offsets: [],
  error,
});

/** Reads an ICMP message of type 9 or 10 as far as it goes; never throws. */
export function inspectDiscovery(bytes: Uint8Array): InspectedDiscovery {
  if (bytes.length < 8) {
    return nothing(wireError("truncated", "type", 0, `${bytes.length} octets, needs 8`));
  }
  if (internetChecksum(bytes) !== 0) {
    return nothing(wireError("wrong-checksum", "checksum", 2, "the ICMP checksum does not hold"));
  }
  if (bytes[0] === ICMP_ROUTER_SOLICITATION) return inspectSolicitation(bytes);
  if (bytes[0] === ICMP_ROUTER_ADVERTISEMENT) return inspectAdvertisement(bytes);
  return nothing(wireError("wrong-type", "type", 0, `ICMP type ${bytes[0]} is not known`));
}

/** RFC 1256 §4.2: code 0; the reserved field and what follows it are ignored. */
function inspectSolicitation(bytes: Uint8Array): InspectedDiscovery {
  if (bytes[1] !== 0) return nothing(wireError("wrong-code", "code", 1, `code ${bytes[1]}, not 0`));
  return { message: { name: "router-solicitation" }, offsets: [], error: undefined };
}

/** RFC 1256 §5.2 as RFC 5944 §2.1 relaxes it: code 16, and no router addresses in an agent's. */
function inspectAdvertisement(bytes: Uint8Array): InspectedDiscovery {
  const code = bytes[1] ?? 0;
  if (code !== 0 && code !== 16) {
    return nothing(wireError("wrong-code", "code", 1, `code ${code}, not 0 or 16`));
  }
  const count = bytes[4] ?? 0;
  const entryOctets = (bytes[5] ?? 0) * 4;
  if (entryOctets < 8) {
    return nothing(wireError("wrong-length", "addr_entry_size", 5, "less than 2 words an address"));
  }
  const start = 8 + count * entryOctets;
  if (bytes.length < start) {
    const message = `${count} addresses of ${entryOctets} octets do not fit`;
    return nothing(wireError("truncated", "num_addrs", 4, message));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const routerAddresses = Array.from({ length: count }, (_, i) => ({
    address: view.getUint32(8 + i * entryOctets) as Ipv4,
    preference: view.getInt32(12 + i * entryOctets),
  }));
  const rest = readExtensions<IcmpExtension>(icmpExtensions, bytes, start);
  const { extensions } = rest;
  const message: RouterAdvertisement = {
    name: "router-advertisement",
    code,
    lifetime: readU16(bytes, 6),
    routerAddresses,
    extensions,
  };
  const agent = agentExtension(message) !== undefined;
  let error = rest.error;
  if (error === undefined && count === 0 && !agent) {
    error = wireError("wrong-length", "num_addrs", 4, "no address, and not a mobility agent's");
  }
  if (error === undefined && code === 16 && !agent) {
    error = wireError("wrong-code", "code", 1, "code 16 is a mobility agent's alone");
  }
  return { message, offsets: rest.offsets, error };
}

/** A whole valid message, or why it is none. */
export function decodeDiscovery(bytes: Uint8Array): Result<DiscoveryMessage, WireError> {
  const { message, error } = inspectDiscovery(bytes);
  if (error !== undefined) return err(error);
  return message === undefined
    ? err(wireError("truncated", "type", 0, "nothing to decode"))
    : ok(message);
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

/** The ICMP message with its checksum; address entries of two words. */
export function encodeDiscovery(message: DiscoveryMessage): Uint8Array {
  const bytes =
    message.name === "router-solicitation"
      ? Uint8Array.of(ICMP_ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0)
      : encodeAdvertisement(message);
  writeU16(bytes, 2, internetChecksum(bytes));
  return bytes;
}

function encodeAdvertisement(message: RouterAdvertisement): Uint8Array {
  const count = message.routerAddresses.length;
  let length = 8 + count * 8;
  for (const extension of message.extensions) length += extensionLength(icmpExtensions, extension);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set([ICMP_ROUTER_ADVERTISEMENT, message.code, 0, 0, count, 2]);
  view.setUint16(6, message.lifetime);
  message.routerAddresses.forEach(({ address, preference }, i) => {
    view.setUint32(8 + i * 8, address);
    view.setInt32(12 + i * 8, preference);
  });
  let at = 8 + count * 8;
  for (const extension of message.extensions) {
    at = writeExtension(icmpExtensions, extension, bytes, at);
  }
  return bytes;
}

/** The contract's JSON form (`decode --icmp --json`). */
export function discoveryJson(message: DiscoveryMessage): JsonObject {
  if (message.name === "router-solicitation") {
    return { type: ICMP_ROUTER_SOLICITATION, name: "agent-solicitation", code: 0, extensions: [] };
  }
  const agent = agentExtension(message) !== undefined;
  const routerAddresses: Json = message.routerAddresses.map(({ address, preference }) => ({
    address: ipv4Field.json(address),
    preference,
  }));
  return {
    type: ICMP_ROUTER_ADVERTISEMENT,
    name: agent ? "agent-advertisement" : "router-advertisement",
    code: message.code,
    num_addrs: message.routerAddresses.length,
    addr_entry_size: 2,
    lifetime: message.lifetime,
    router_addresses: routerAddresses,
    extensions: message.extensions.map((each) => extensionJson(icmpExtensions, each)),
  };
}
