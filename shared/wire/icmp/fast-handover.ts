/**
 * ICMP Experimental Mobility (RFC 4065 §8): one type, and in the fifth octet the protocol that it
 * carries. Four of them are the ICMP messages of fast handovers (RFC 4988 §5.3 to §5.6), whose
 * options alone follow their eight octets.
 *
 * RFC 4988 has Reserved count as 0 in the checksum, although it is sent as 0 anyway: here the
 * checksum is over the octets as they are, S and U of HI included.
 */

import { HACK_CODES, HI_CODES, PRRTADV_CODES } from "../codes.ts";
import { bits, constant, filledIn, flags, type NumberNames, named, u8, u16 } from "../field.ts";
import type { MessageValue } from "../message.ts";
import { octets } from "../variable-field.ts";
import { fastHandoverOptions } from "./fast-handover-options.ts";

export const ICMP_EXPERIMENTAL_MOBILITY = 41;

/** Bits of HI in front of its Reserved field. RFC 4988 §5.5. */
export const HandoverInitiateFlag = {
  /** A new care-of address is requested. */
  S: 0x2,
  /** Packets for the mobile node should be buffered. */
  U: 0x1,
} as const;

/** The first five octets; the codes are the protocol's own (RFC 4065 §8). */
function header(subtype: number, codes: NumberNames) {
  return {
    type: constant(u8, ICMP_EXPERIMENTAL_MOBILITY),
    code: named(u8, codes),
    checksum: filledIn(u16),
    subtype: constant(u8, subtype),
  };
}

/** Router Solicitation for Proxy Advertisement. RFC 4988 §5.3. */
export const rtsolpr = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "rtsolpr",
  rfc: "RFC 4988 §5.3",
  fields: { ...header(6, {}), reserved: u8, identifier: u16 },
  extensions: fastHandoverOptions,
} as const;

/** Proxy Router Advertisement; the identifier is 0 when unsolicited. RFC 4988 §5.4. */
export const prrtadv = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "prrtadv",
  rfc: "RFC 4988 §5.4",
  fields: { ...header(7, PRRTADV_CODES), reserved: u8, identifier: u16 },
  extensions: fastHandoverOptions,
} as const;

/** Handover Initiate, from one access router to another. RFC 4988 §5.5. */
export const hi = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "hi",
  rfc: "RFC 4988 §5.5",
  fields: {
    ...header(8, HI_CODES),
    flags: flags(["S", "U"]),
    reserved: bits(6),
    identifier: u16,
  },
  extensions: fastHandoverOptions,
} as const;

/** Handover Acknowledge; the identifier is the HI's. RFC 4988 §5.6. */
export const hack = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "hack",
  rfc: "RFC 4988 §5.6",
  fields: { ...header(9, HACK_CODES), reserved: u8, identifier: u16 },
  extensions: fastHandoverOptions,
} as const;

/** What another protocol put behind the subtype: reserved or not, it says itself. RFC 4065 §8. */
const others = { reserved: bits(24), options: octets() };

/** Candidate Access Router Discovery; its options are RFC 4066's. RFC 4065 §8. */
export const card = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "card",
  rfc: "RFC 4065 §8",
  fields: { ...header(0, {}), ...others },
  extensions: undefined,
} as const;

/** Context Transfer Protocol; its options are RFC 4067's. RFC 4065 §8. */
export const cxtp = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "cxtp",
  rfc: "RFC 4065 §8",
  fields: { ...header(1, {}), ...others },
  extensions: undefined,
} as const;

/** Any other subtype, which is dropped without a reply. RFC 4065 §8. */
export const experimentalMobility = {
  type: ICMP_EXPERIMENTAL_MOBILITY,
  name: "experimental-mobility",
  rfc: "RFC 4065 §8",
  fields: {
    type: constant(u8, ICMP_EXPERIMENTAL_MOBILITY),
    code: u8,
    checksum: filledIn(u16),
    subtype: u8,
    ...others,
  },
  extensions: undefined,
} as const;

export type RtSolPr = MessageValue<typeof rtsolpr>;
export type PrRtAdv = MessageValue<typeof prrtadv>;
export type HandoverInitiate = MessageValue<typeof hi>;
export type HandoverAcknowledge = MessageValue<typeof hack>;
export type Card = MessageValue<typeof card>;
export type Cxtp = MessageValue<typeof cxtp>;
export type ExperimentalMobility = MessageValue<typeof experimentalMobility>;
