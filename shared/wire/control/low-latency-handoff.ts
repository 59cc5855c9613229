/** Handoff between foreign agents, which the mobile node takes no part in. RFC 4881 §4. */

import { HANDOFF_REPLY_CODES, LIFETIMES } from "../codes.ts";
import { controlExtensions } from "../control-extensions.ts";
import { bits, constant, flags, ipv4Field, named, u8, u16, u64 } from "../field.ts";
import type { MessageValue } from "../message.ts";

/** Bits of both messages. RFC 4881 §4.5, §4.6. H and N together: Handoff to Third (§4.7). */
export const HandoffFlag = {
  H: 0x40,
  N: 0x20,
  R: 0x10,
  M: 0x08,
  G: 0x04,
  T: 0x02,
  B: 0x01,
} as const;

const handoffFlags = flags(["H", "N", "R", "M", "G", "T", "B"]);

/** From the lifetime on: seconds, 0xffff is infinity. */
const behindTheFlags = {
  lifetime: named(u16, LIFETIMES),
  reserved2: u16,
  mnHomeAddress: ipv4Field,
  haAddress: ipv4Field,
  identification: u64,
};

/** Handoff Request (HRqst); with H and N, Handoff to Third (HTT). RFC 4881 §4.5, §4.7. */
export const handoffRequest = {
  type: 16,
  name: "handoff-request",
  rfc: "RFC 4881 §4.5",
  fields: {
    type: constant(u8, 16),
    flags: handoffFlags,
    reserved: bits(17),
    ...behindTheFlags,
  },
  extensions: controlExtensions,
} as const;

/** Handoff Reply (HRply). RFC 4881 §4.6. */
export const handoffReply = {
  type: 17,
  name: "handoff-reply",
  rfc: "RFC 4881 §4.6",
  fields: {
    type: constant(u8, 17),
    flags: handoffFlags,
    reserved: bits(9),
    code: named(u8, HANDOFF_REPLY_CODES),
    ...behindTheFlags,
  },
  extensions: controlExtensions,
} as const;

export type HandoffRequest = MessageValue<typeof handoffRequest>;
export type HandoffReply = MessageValue<typeof handoffReply>;
