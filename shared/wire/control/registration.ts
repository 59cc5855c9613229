/** Registration Request and Reply. RFC 5944 §3.3, §3.4. */

import { LIFETIMES } from "../codes.ts";
import { controlExtensions } from "../control-extensions.ts";
import { constant, flags, ipv4Field, named, u8, u16, u64 } from "../field.ts";
import type { MessageValue } from "../message.ts";
import { REPLY_CODES } from "../reply-code.ts";

/** Bits of the Registration Request's flags octet. RFC 5944 §3.3, RFC 3024 §3.2. */
export const RequestFlag = { S: 0x80, B: 0x40, D: 0x20, M: 0x10, G: 0x08, T: 0x02 } as const;

/** Lifetime values with a meaning of their own (RFC 5944 §3.3). */
export const INFINITE_LIFETIME = 0xffff;

/**
 * Registration Request. RFC 5944 §3.3, T from RFC 3024 §3.2.
 * Lifetime: seconds; 0 deregisters, 0xffff is infinity. r and x: sent 0, ignored.
 */
export const registrationRequest = {
  type: 1,
  name: "registration-request",
  rfc: "RFC 5944 §3.3",
  fields: {
    type: constant(u8, 1),
    flags: flags(["S", "B", "D", "M", "G", "r", "T", "x"]),
    lifetime: named(u16, LIFETIMES),
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    careOfAddress: ipv4Field,
    identification: u64,
  },
  extensions: controlExtensions,
} as const;

/** Registration Reply. RFC 5944 §3.4. There is no care-of address in it. */
export const registrationReply = {
  type: 3,
  name: "registration-reply",
  rfc: "RFC 5944 §3.4",
  fields: {
    type: constant(u8, 3),
    code: named(u8, REPLY_CODES),
    lifetime: named(u16, LIFETIMES),
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    identification: u64,
  },
  extensions: controlExtensions,
} as const;

export type RegistrationRequest = MessageValue<typeof registrationRequest>;
export type RegistrationReply = MessageValue<typeof registrationReply>;
