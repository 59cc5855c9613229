/**
 * Return routability between a mobile router and a correspondent router. RFC 6521 §5.6 to §5.9.
 * None of the four carries extensions: the figures end, and the registration that follows is what
 * is authenticated (§3.2).
 */

import { constant, u8, u16, u64 } from "../field.ts";
import type { MessageValue } from "../message.ts";

/** Home Test Init, from the home address. RFC 6521 §5.6. */
export const homeTestInit = {
  type: 24,
  name: "home-test-init",
  rfc: "RFC 6521 §5.6",
  fields: { type: constant(u8, 24), reserved: u8, homeInitCookie: u64 },
  extensions: undefined,
} as const;

/** Care-of Test Init, from the care-of address. RFC 6521 §5.7. */
export const careOfTestInit = {
  type: 25,
  name: "care-of-test-init",
  rfc: "RFC 6521 §5.7",
  fields: { type: constant(u8, 25), reserved: u8, careOfInitCookie: u64 },
  extensions: undefined,
} as const;

/** Home Test; the cookie is the Home Test Init's. RFC 6521 §5.8. */
export const homeTest = {
  type: 26,
  name: "home-test",
  rfc: "RFC 6521 §5.8",
  fields: {
    type: constant(u8, 26),
    reserved: u8,
    nonceIndex: u16,
    homeInitCookie: u64,
    homeKeygenToken: u64,
  },
  extensions: undefined,
} as const;

/** Care-of Test; the cookie is the Care-of Test Init's. RFC 6521 §5.9. */
export const careOfTest = {
  type: 27,
  name: "care-of-test",
  rfc: "RFC 6521 §5.9",
  fields: {
    type: constant(u8, 27),
    reserved: u8,
    nonceIndex: u16,
    careOfInitCookie: u64,
    careOfKeygenToken: u64,
  },
  extensions: undefined,
} as const;

export type HomeTestInit = MessageValue<typeof homeTestInit>;
export type CareOfTestInit = MessageValue<typeof careOfTestInit>;
export type HomeTest = MessageValue<typeof homeTest>;
export type CareOfTest = MessageValue<typeof careOfTest>;
