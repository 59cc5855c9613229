/** The options of fast handover messages as both sides read and write them (RFC 4988 §6). */

import {
  type Ipv4,
  isGroupMac,
  isUsableUnicast,
  type Mac,
  macFromBytes,
  macToBytes,
} from "../base/address.ts";
import {
  type FastHandoverOption,
  type LinkLayerAddressOption,
  linkLayerAddressOf,
  toLinkLayerAddressOption,
} from "../wire/icmp/fast-handover-options.ts";
import { decodeIcmp, type FastHandoverMessage } from "../wire/icmp.ts";

/** Option-Code of the Link-Layer Address Option (RFC 4988 §6.1). */
export const LinkLayerCode = {
  wildcard: 0,
  accessPoint: 1,
  mobileNode: 2,
  router: 3,
  source: 4,
  /** The access point is on the link that was asked on: no handover is needed. */
  sameLink: 5,
  /** Nothing is known of the access point. */
  unknown: 6,
  /** The access point's router does no fast handovers. */
  unsupported: 7,
} as const;

/** Option-Code of the New IPv4 Address Option (RFC 4988 §6.2). */
export const AddressCode = { previous: 1, new: 2, router: 3 } as const;

/** Code of a Proxy Router Advertisement (RFC 4988 §5.4). */
export const ProxyCode = { all: 0, handOver: 1, none: 2, some: 3, news: 4 } as const;

/** The most that a Fast Binding Update may ask for, in seconds (RFC 4988 §5.1). */
export const MAX_HANDOVER_LIFETIME = 10;

/** From this Code on a FBAck or a HAck refuses (RFC 4988 §5.2, §5.6). */
export const FIRST_REFUSAL = 128;

/** An (AP-ID, AR-Info) tuple: an access point and the router behind it (RFC 4988 §2). */
export interface AccessRouter {
  readonly accessPoint: Mac;
  /** Its global address: what the handover binds to. */
  readonly router: Ipv4;
  readonly routerMac: Mac;
  readonly prefixLength: number;
}

export function macOption(optionCode: number, mac: Mac): FastHandoverOption {
  return toLinkLayerAddressOption(optionCode, macToBytes(mac));
}

export function addressOption(optionCode: number, newIpv4Address: Ipv4) {
  return { name: "new-ipv4-address-option", optionCode, reserved: 0, newIpv4Address } as const;
}

/** A tuple in the order of RFC 4988 §5.4; `careOfAddress` is one for the node alone. */
export function tupleOptions(tuple: AccessRouter, careOfAddress?: Ipv4): FastHandoverOption[] {
  const { accessPoint, router, routerMac, prefixLength } = tuple;
  return [
    macOption(LinkLayerCode.accessPoint, accessPoint),
    macOption(LinkLayerCode.router, routerMac),
    addressOption(AddressCode.router, router),
    { name: "new-router-prefix-information-option", optionCode: 0, prefixLength, reserved: 0 },
    ...(careOfAddress === undefined ? [] : [addressOption(AddressCode.new, careOfAddress)]),
  ];
}

/** One node's link-layer address (6 octets on Ethernet and 802.11), if that is what it is. */
export function macOf(option: LinkLayerAddressOption): Mac | undefined {
  const octets = linkLayerAddressOf(option);
  const mac = octets === undefined ? undefined : macFromBytes(octets, 0);
  return mac === undefined || isGroupMac(mac) ? undefined : mac;
}

export function macIn(options: readonly FastHandoverOption[], code: number): Mac | undefined {
  for (const option of options) {
    if (option.name === "link-layer-address-option" && option.optionCode === code) {
      return macOf(option);
    }
  }
  return undefined;
}

export function addressIn(options: readonly FastHandoverOption[], code: number): Ipv4 | undefined {
  for (const option of options) {
    if (option.name !== "new-ipv4-address-option" || option.optionCode !== code) continue;
    return isUsableUnicast(option.newIpv4Address) ? option.newIpv4Address : undefined;
  }
  return undefined;
}

/** What a Proxy Router Advertisement says of one access point. */
export interface ProxyAnswer {
  readonly accessPoint: Mac;
  /** Option-Code: 1, 5, 6 or 7. */
  readonly outcome: number;
  readonly router: AccessRouter | undefined;
  /** For the node alone, on the link of that router. */
  readonly careOfAddress: Ipv4 | undefined;
}

/** The groups of options that each begin with an access point (RFC 4988 §5.4). */
export function proxyAnswers(options: readonly FastHandoverOption[]): ProxyAnswer[] {
  const groups: FastHandoverOption[][] = [];
  for (const option of options) {
    const begins =
      option.name === "link-layer-address-option" && isAboutAccessPoint(option.optionCode);
    if (begins) groups.push([option]);
    else groups.at(-1)?.push(option);
  }
  return groups.flatMap(readGroup);
}

function isAboutAccessPoint(code: number): boolean {
  return code === LinkLayerCode.accessPoint || code >= LinkLayerCode.sameLink;
}

function readGroup(options: readonly FastHandoverOption[]): ProxyAnswer[] {
  const [first] = options;
  if (first?.name !== "link-layer-address-option") return [];
  const accessPoint = macOf(first);
  if (accessPoint === undefined) return [];
  const router = addressIn(options, AddressCode.router);
  const routerMac = macIn(options, LinkLayerCode.router);
  const prefix = options.find(({ name }) => name === "new-router-prefix-information-option");
  const length = prefix?.name === "new-router-prefix-information-option" ? prefix.prefixLength : 32;
  const isKnown = first.optionCode === LinkLayerCode.accessPoint;
  const isWhole = isKnown && router !== undefined && routerMac !== undefined;
  return [
    {
      accessPoint,
      outcome: first.optionCode,
      router: isWhole
        ? { accessPoint, router, routerMac, prefixLength: Math.min(length, 32) }
        : undefined,
      careOfAddress: addressIn(options, AddressCode.new),
    },
  ];
}

/** A valid message of this kind, or `undefined`. */
export function fastHandoverMessage(payload: Uint8Array): FastHandoverMessage | undefined {
  const decoded = decodeIcmp(payload);
  if (!decoded.ok) return undefined;
  const message = decoded.value;
  switch (message.name) {
    case "rtsolpr":
    case "prrtadv":
    case "hi":
    case "hack":
      return message;
    default:
      return undefined;
  }
}
