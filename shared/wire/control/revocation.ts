/** Registration revocation: two messages and the extension that offers it. RFC 3543 §3. */

import { controlExtensions } from "../control-extensions.ts";
import { bits, constant, flags, ipv4Field, u8, u32 } from "../field.ts";
import type { MessageValue } from "../message.ts";

/**
 * Bits of the Registration Revocation: A is set by a home agent, clear from a foreign agent; I is
 * about telling the mobile node. RFC 3543 §3.3.
 */
export const RevocationFlag = { A: 0x2, I: 0x1 } as const;

/** Bit of the Revocation Acknowledgment. RFC 3543 §3.4. */
export const RevocationAcknowledgmentFlag = { I: 0x1 } as const;

/**
 * Registration Revocation. RFC 3543 §3.3: the figure has Home Domain Address first, the text
 * behind it names Foreign Domain Address first. Revocation Identifier: 4-byte timestamp of the
 * sender. Reserved: sent 0, ignored.
 */
export const registrationRevocation = {
  type: 7,
  name: "registration-revocation",
  rfc: "RFC 3543 §3.3",
  fields: {
    type: constant(u8, 7),
    reserved: u8,
    flags: flags(["A", "I"]),
    reserved2: bits(14),
    homeAddress: ipv4Field,
    homeDomainAddress: ipv4Field,
    foreignDomainAddress: ipv4Field,
    revocationIdentifier: u32,
  },
  extensions: controlExtensions,
} as const;

/** Registration Revocation Acknowledgment; the identifier is the revocation's. RFC 3543 §3.4. */
export const registrationRevocationAcknowledgment = {
  type: 15,
  name: "registration-revocation-acknowledgment",
  rfc: "RFC 3543 §3.4",
  fields: {
    type: constant(u8, 15),
    reserved: u8,
    flags: flags(["I"]),
    reserved2: bits(15),
    homeAddress: ipv4Field,
    revocationIdentifier: u32,
  },
  extensions: controlExtensions,
} as const;

export type RegistrationRevocation = MessageValue<typeof registrationRevocation>;
export type RegistrationRevocationAcknowledgment = MessageValue<
  typeof registrationRevocationAcknowledgment
>;
