/** Registration with a gateway foreign agent (GFA). RFC 4857 §10. */

import { LIFETIMES } from "../codes.ts";
import { controlExtensions } from "../control-extensions.ts";
import { constant, flags, ipv4Field, named, u8, u16, u64 } from "../field.ts";
import type { MessageValue } from "../message.ts";
import { REPLY_CODES } from "../reply-code.ts";

/**
 * Regional Registration Request: a Registration Request with the GFA in the home agent's place.
 * Lifetime: seconds; 0 deregisters, 0xffff is infinity. Care-of Address: may be all ones.
 * RFC 4857 §10.1.
 */
export const regionalRegistrationRequest = {
  type: 18,
  name: "regional-registration-request",
  rfc: "RFC 4857 §10.1",
  fields: {
    type: constant(u8, 18),
    flags: flags(["S", "B", "D", "M", "G", "r", "T", "x"]),
    lifetime: named(u16, LIFETIMES),
    homeAddress: ipv4Field,
    gfaIpAddress: ipv4Field,
    careOfAddress: ipv4Field,
    identification: u64,
  },
  extensions: controlExtensions,
} as const;

/** Regional Registration Reply; the codes are the Registration Reply's. RFC 4857 §10.2, §10.3. */
export const regionalRegistrationReply = {
  type: 19,
  name: "regional-registration-reply",
  rfc: "RFC 4857 §10.2",
  fields: {
    type: constant(u8, 19),
    code: named(u8, REPLY_CODES),
    lifetime: named(u16, LIFETIMES),
    homeAddress: ipv4Field,
    gfaIpAddress: ipv4Field,
    identification: u64,
  },
  extensions: controlExtensions,
} as const;

export type RegionalRegistrationRequest = MessageValue<typeof regionalRegistrationRequest>;
export type RegionalRegistrationReply = MessageValue<typeof regionalRegistrationReply>;
