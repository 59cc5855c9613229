/** Fast handover: what goes by UDP. The rest is ICMP (icmp/fast-handover.ts). RFC 4988 §5. */

import { FBACK_CODES } from "../codes.ts";
import { controlExtensions, controlExtensionTables } from "../control-extensions.ts";
import { extensionSpace } from "../extension.ts";
import { bits, constant, flags, ipv4Field, named, u8, u64 } from "../field.ts";
import { newIpv4AddressOption } from "../icmp/fast-handover-options.ts";
import type { MessageValue } from "../message.ts";

/**
 * The figures draw 10 bits, the text says "bitwise identical" to RFC 3344's 16. As the value is at
 * most 10 seconds both are the same octets from a sender, and a reader takes the low 10 bits.
 */
const lifetimeOf10Bits = { reserved: bits(6), lifetime: bits(10) };

/**
 * Fast Binding Update. RFC 4988 §5.1. Lifetime: seconds. Home Agent: the previous access router.
 * Care-of Address: the new one, also when the mobile node has a new care-of address. The bits in
 * the place of S and B are drawn without a name; they are sent 0 and ignored.
 */
export const fastBindingUpdate = {
  type: 20,
  name: "fast-binding-update",
  rfc: "RFC 4988 §5.1",
  fields: {
    type: constant(u8, 20),
    flags: flags([null, null, "D", "M", "G", "r", "T", "x"]),
    ...lifetimeOf10Bits,
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    careOfAddress: ipv4Field,
    identification: u64,
  },
  extensions: controlExtensions,
} as const;

/**
 * The New IPv4 Address Option counts in units of 8 octets and stands among extensions here, in
 * this message alone: elsewhere type 21 is unknown and spoils the message. RFC 4988 §5.2, §6.2.
 */
export const acknowledgmentExtensions = extensionSpace([
  ...controlExtensionTables,
  newIpv4AddressOption,
]);

/** Fast Binding Acknowledgment. RFC 4988 §5.2. Lifetime: seconds. */
export const fastBindingAcknowledgment = {
  type: 21,
  name: "fast-binding-acknowledgment",
  rfc: "RFC 4988 §5.2",
  fields: {
    type: constant(u8, 21),
    code: named(u8, FBACK_CODES),
    ...lifetimeOf10Bits,
    homeAddress: ipv4Field,
    homeAgent: ipv4Field,
    identification: u64,
  },
  extensions: acknowledgmentExtensions,
} as const;

export type FastBindingUpdate = MessageValue<typeof fastBindingUpdate>;
export type FastBindingAcknowledgment = MessageValue<typeof fastBindingAcknowledgment>;
