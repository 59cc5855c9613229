/**
 * What stands in an Agent Advertisement: RFC 1256 §3, RFC 5944 §2.1, RFC 4857 §8.2. Where the
 * router addresses do not fit into one packet there are several (RFC 1256 §4.3).
 */

import type { Ipv4, Prefix } from "../base/address.ts";
import { extensionLength } from "../wire/extension.ts";
import {
  AdvertisementFlag,
  type IcmpExtension,
  icmpExtensions,
} from "../wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../wire/icmp.ts";
import type { AdvertisingConfig } from "./advertising-config.ts";
import type { LinkChanged } from "./core.ts";

type Link = NonNullable<LinkChanged["link"]>;

/** Octets of an IP header without options. */
const IP_HEADER = 20;
/** Octets before the router addresses, and of each (RFC 1256 §3). */
const ICMP_HEADER = 8;
const ROUTER_ADDRESS = 8;
/** Num Addrs, and the octets of a Prefix-Lengths Extension, are one octet. */
const MOST_ADDRESSES = 255;
/** ICMP code of an agent that does not route common traffic (RFC 5944 §2.1). */
const MOBILITY_ONLY = 16;

export interface RouterAddress {
  readonly address: Ipv4;
  /** RFC 1256 §3: signed 32 bits, higher is preferred. */
  readonly preference: number;
  readonly prefixLength: number;
}

/** What changes from one advertisement to the next. */
export interface AdvertisementState {
  /** No further visitors for now. */
  readonly busy: boolean;
  readonly sequenceNumber: number;
  /** Seconds; 0 withdraws. */
  readonly lifetime: number;
}

/** RFC 5944 §2.3.2: 0 after boot, then up by one, and 0xffff is followed by 256. */
export function nextSequenceNumber(sequenceNumber: number): number {
  return sequenceNumber === 0xffff ? 256 : sequenceNumber + 1;
}

/** The interface's addresses and the extra ones, as far as they are to be advertised. */
export function advertisedAddresses(
  config: AdvertisingConfig,
  own: readonly Prefix[],
): RouterAddress[] {
  const known = new Set(own.map(({ address }) => address));
  const extra = config.extraRouterAddresses.filter((address) => !known.has(address));
  return [...own, ...extra.map((address) => ({ address, length: 32 }))].flatMap(
    ({ address, length }) => {
      const rule = config.addressRules?.find((candidate) => candidate.address === address);
      if (rule?.advertise === false) return [];
      return [{ address, preference: rule?.preference ?? 0, prefixLength: length }];
    },
  );
}

/** ICMP messages, each but the last as full as the link's MTU allows (RFC 1256 §4.3). */
export function advertisements(
  config: AdvertisingConfig,
  link: Pick<Link, "addresses" | "mtu">,
  { busy, sequenceNumber, lifetime }: AdvertisementState,
  extras: readonly IcmpExtension[],
): Uint8Array[] {
  const addresses = advertisedAddresses(config, link.addresses);
  const behind = [...extras, ...ownName(config)];
  const agent = { ...agentExtension(config, busy), sequenceNumber };
  const each = addressesInOne(config, link.mtu, [agent, ...behind]);
  const messages: Uint8Array[] = [];
  let next = sequenceNumber;
  for (let from = 0; from === 0 || from < addresses.length; from += each) {
    const some = addresses.slice(from, from + each);
    messages.push(
      encodeIcmp({
        name: "router-advertisement",
        addrEntrySize: 2,
        code: config.mobilityOnly ? MOBILITY_ONLY : 0,
        lifetime,
        routerAddresses: some.map(({ address, preference }) => ({ address, preference })),
        extensions: [{ ...agent, sequenceNumber: next }, ...prefixLengths(config, some), ...behind],
      }),
    );
    next = nextSequenceNumber(next);
  }
  return messages;
}

/** These addresses, and that they are good no longer; nothing of mobility (RFC 1256 §4.3). */
export function withdrawal(addresses: readonly RouterAddress[]): Uint8Array {
  return encodeIcmp({
    name: "router-advertisement",
    addrEntrySize: 2,
    code: 0,
    lifetime: 0,
    routerAddresses: addresses
      .slice(0, MOST_ADDRESSES)
      .map(({ address, preference }) => ({ address, preference })),
    extensions: [],
  });
}

function addressesInOne(
  { prefixLengths }: AdvertisingConfig,
  mtu: number,
  extensions: readonly IcmpExtension[],
): number {
  const taken = extensions.reduce(
    (sum, extension) => sum + extensionLength(icmpExtensions, extension),
    IP_HEADER + ICMP_HEADER + (prefixLengths ? 2 : 0),
  );
  const fit = Math.floor((mtu - taken) / (ROUTER_ADDRESS + (prefixLengths ? 1 : 0)));
  return Math.min(Math.max(fit, 1), MOST_ADDRESSES);
}

function agentExtension(config: AdvertisingConfig, busy: boolean) {
  return {
    name: "mobility-agent-advertisement-extension",
    registrationLifetime: config.registrationLifetime,
    flags: advertisedFlags(config, busy),
    careOfAddresses: config.careOfAddresses,
  } as const;
}

function prefixLengths(
  config: AdvertisingConfig,
  addresses: readonly RouterAddress[],
): IcmpExtension[] {
  if (!config.prefixLengths || addresses.length === 0) return [];
  const lengths = addresses.map(({ prefixLength }) => prefixLength);
  return [{ name: "prefix-lengths-extension", prefixLengths: lengths }];
}

/** RFC 4857 §8.2: behind the extensions of RFC 5944. */
function ownName({ nai }: AdvertisingConfig): IcmpExtension[] {
  return nai === undefined ? [] : [{ name: "foreign-agent-nai", nai }];
}

/** RFC 5944 §2.1.1: R and B only with F; M and G only for what can be received. */
function advertisedFlags(config: AdvertisingConfig, busy: boolean): number {
  const { foreign, home, encapsulations } = config;
  let flags = 0;
  if (home) flags |= AdvertisementFlag.H;
  if (foreign) flags |= AdvertisementFlag.F;
  if (foreign && config.registrationRequired) flags |= AdvertisementFlag.R;
  if (foreign && busy) flags |= AdvertisementFlag.B;
  if (encapsulations.includes("minimal")) flags |= AdvertisementFlag.M;
  if (encapsulations.includes("gre")) flags |= AdvertisementFlag.G;
  if (config.reverseTunneling) flags |= AdvertisementFlag.T;
  if (config.udpTunneling) flags |= AdvertisementFlag.U;
  if (config.revocation) flags |= AdvertisementFlag.X;
  return flags;
}
