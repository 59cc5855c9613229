/** Extensions that tshark's own dissectors get wrong, and why. */

import type { AnyExtension } from "../../shared/wire/extension.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { MessageSpace } from "../../shared/wire/message.ts";
import { KNOWN_IN_ICMP } from "./tshark-names.ts";

const NO_LENGTH = "tshark 4.0 takes the octet behind a One-byte Padding for its length";
const LONG = "tshark 4.0 reads the short form where the long one stands";
const MISPRINT = "tshark 4.0 does not read a form that an RFC has printed by mistake";
const ANY_SUBTYPE = "tshark 4.0 reads any sub-type as one that it knows, or shows nothing of it";
const NOTHING = "tshark 4.0 shows nothing of the value";
const CUT = "tshark 4.0 leaves out the last 4 octets of an extension of ICMP that it does not know";

const OLD_NUMBER = "tshark 4.0 takes 133 for a vendor's extension, as drafts of RFC 3115 did";

const LEFT_OUT_TYPES: { readonly [type: number]: string } = {
  0: NO_LENGTH,
  40: LONG,
  41: LONG,
  42: LONG,
  43: LONG,
  48: LONG,
  50: LONG,
  127: LONG,
  133: OLD_NUMBER,
  154: LONG,
};

const LEFT_OUT_NAMES: { readonly [name: string]: string } = {
  "requested-ha-extension-as-printed": MISPRINT,
  "redirected-ha-extension-as-printed": MISPRINT,
  "replay-protection-style-extension-as-printed": MISPRINT,
  "udp-tunnel-request-extension": ANY_SUBTYPE,
  "udp-tunnel-reply-extension": ANY_SUBTYPE,
  "dynamic-ha-extension": ANY_SUBTYPE,
  "mobile-network-extension": ANY_SUBTYPE,
  "pmipv4-non-skippable-extension": ANY_SUBTYPE,
  "pmipv4-skippable-extension": ANY_SUBTYPE,
  "pmipv4-subscriber-id": NOTHING,
};

/** Vendors whose values tshark shows only where it knows the type. */
const SILENT_VENDORS = [5535, 12951];

/** Why an extension cannot be compared with what tshark makes of it, if it cannot. */
export function leftOut(
  space: MessageSpace,
  type: number,
  extension: AnyExtension,
): string | undefined {
  if (space === icmpMessages) return KNOWN_IN_ICMP.includes(type) ? undefined : CUT;
  const { vendorOrgId = 0 } = extension as { vendorOrgId?: number };
  if (SILENT_VENDORS.includes(vendorOrgId)) return NOTHING;
  return LEFT_OUT_TYPES[type] ?? LEFT_OUT_NAMES[extension.name];
}
