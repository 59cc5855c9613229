/**
 * The options of the fast handover messages (RFC 4988 §6): Type, Length in units of 8 octets that
 * count the whole option, data. They are laid out as in IPv6 neighbor discovery.
 */

import { type ExtensionOf, extensionSpace } from "../extension.ts";
import { type ExtensionValue, optionExtension } from "../extension-table.ts";
import { ipv4Field, named, u8, u32 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** Option-Code of the Link-Layer Address Option: whose address it is. RFC 4988 §6.1. */
export const LINK_LAYER_ADDRESS_CODES = {
  0: "Wildcard requesting resolution for all nearby access points",
  1: "Link-Layer Address of the New Access Point",
  2: "Link-Layer Address of the MN",
  3: "Link-Layer Address of the NAR",
  4: "Link-Layer Address of the source of the RtSolPr or PrRtAdv message",
  5: "The access point identified by the LLA belongs to the current interface of the router",
  6: "No prefix information available for the access point identified by the LLA",
  7: "No fast handovers support available for the access point identified by the LLA",
} as const;

/** Option-Code of the New IPv4 Address Option: which address it is. RFC 4988 §6.2. */
export const NEW_IPV4_ADDRESS_CODES = {
  1: "Previous CoA",
  2: "New CoA",
  3: "NAR's IP Address",
} as const;

/**
 * Link-Layer Address Option. RFC 4988 §6.1. Only the link's technology tells where the address ends
 * and the padding begins, so both are one field here (`linkLayerAddressOf`).
 */
export const linkLayerAddressOption = optionExtension({
  type: 20,
  name: "link-layer-address-option",
  rfc: "RFC 4988 §6.1",
  fields: {
    optionCode: named(u8, LINK_LAYER_ADDRESS_CODES),
    llaAndPadding: octets(5),
  },
});

/** New IPv4 Address Option, also of the Fast Binding Acknowledgment. RFC 4988 §6.2. */
export const newIpv4AddressOption = optionExtension({
  type: 21,
  name: "new-ipv4-address-option",
  rfc: "RFC 4988 §6.2",
  fields: {
    optionCode: named(u8, NEW_IPV4_ADDRESS_CODES),
    reserved: u8,
    newIpv4Address: ipv4Field,
  },
});

/**
 * New Router Prefix Information Option. RFC 4988 §6.3. Prefix-Length: leading bits of the network
 * number of the New Router's IP Address.
 */
export const newRouterPrefixInformationOption = optionExtension({
  type: 22,
  name: "new-router-prefix-information-option",
  rfc: "RFC 4988 §6.3",
  fields: { optionCode: u8, prefixLength: u8, reserved: u32 },
});

/**
 * The options of ICMP 41. Messages are processed as in RFC 4068 (RFC 4988 §5.3 to §5.6), where an
 * unknown option is stepped over; one of Length 0 would never end and spoils the message.
 */
export const fastHandoverOptions = extensionSpace(
  [linkLayerAddressOption, newIpv4AddressOption, newRouterPrefixInformationOption],
  "option",
  () => true,
);

export type FastHandoverOption = ExtensionOf<typeof fastHandoverOptions>;
export type LinkLayerAddressOption = ExtensionValue<typeof linkLayerAddressOption>;

/** Octets of an address on Ethernet and 802.11. */
const MAC = 6;
/** The option in front of the address. */
const HEADER = 3;
const UNIT = 8;
const PADN = 1;

/**
 * The address in an option, without its padding; `undefined` when the option is too short for one.
 * The length is the link's, for it is not on the wire (RFC 4988 §6.1).
 */
export function linkLayerAddressOf(
  { llaAndPadding }: LinkLayerAddressOption,
  length = MAC,
): Uint8Array | undefined {
  return llaAndPadding.length < length ? undefined : llaAndPadding.slice(0, length);
}

/**
 * The option with an address and its padding: PadN, with Length 2 and `01 05 00 00 00 00 00` behind
 * a MAC (RFC 4988 §6.1); where only one octet is free, PadN has no room and Pad1, a zero octet,
 * stands (RFC 2460 §4.2).
 */
export function toLinkLayerAddressOption(
  optionCode: number,
  address: Uint8Array,
): LinkLayerAddressOption {
  const units = Math.ceil((HEADER + address.length) / UNIT);
  const llaAndPadding = new Uint8Array(units * UNIT - HEADER);
  const free = llaAndPadding.length - address.length;
  llaAndPadding.set(address);
  if (free > 1) llaAndPadding.set([PADN, free - 2], address.length);
  return { name: "link-layer-address-option", optionCode, llaAndPadding };
}
