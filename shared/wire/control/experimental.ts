/** Numbers for experiments: only who runs the experiment knows the content. RFC 4064. */

import { longExtension, shortExtension } from "../extension-table.ts";
import { constant, u8 } from "../field.ts";
import type { MessageValue } from "../message.ts";
import { octets } from "../variable-field.ts";

/** Experimental Message. RFC 4064 §3. It may hold extensions, from where on it alone says. */
export const experimentalMessage = {
  type: 255,
  name: "experimental-message",
  rfc: "RFC 4064 §3",
  fields: { type: constant(u8, 255), opaque: octets() },
  extensions: undefined,
} as const;

/** Non-skippable Mobile IPv4 Experimental Extension: the long form. RFC 4064 §4.1. */
export const nonSkippableExperimental = longExtension({
  type: 127,
  name: "non-skippable-mobile-ipv4-experimental-extension",
  rfc: "RFC 4064 §4.1",
  fields: { opaque: octets() },
});

/** Skippable Mobile IPv4 Experimental Extension: the short form. RFC 4064 §4.3. */
export const skippableExperimental = shortExtension({
  type: 255,
  name: "skippable-mobile-ipv4-experimental-extension",
  rfc: "RFC 4064 §4.3",
  fields: { opaque: octets() },
});

export type ExperimentalMessage = MessageValue<typeof experimentalMessage>;
