/**
 * Multipath Extension: several bindings at once, and flows on them. RFC 7629 §4. It has the long
 * form and is called non-skippable, but its number, 154, is one of those that a receiver without
 * RFC 7629 steps over by an 8-bit length.
 */

import { MULTIPATH_ACTIONS, MULTIPATH_TS_FORMATS } from "../codes.ts";
import { longExtension } from "../extension-table.ts";
import { flags, named, u8 } from "../field.ts";
import { counted, countOf, octets } from "../variable-field.ts";

/** Bits of the Multipath Extension's flags octet: bulk, overwrite. RFC 7629 §4.1. */
export const MultipathFlag = { B: 0x80, O: 0x40 } as const;

/** Multipath Extension: 8 octets; ATT is from the registry of RFC 5213. RFC 7629 §4.1. */
const multipath = longExtension({
  type: 154,
  subtype: 1,
  name: "multipath-extension",
  rfc: "RFC 7629 §4.1",
  fields: {
    ifAtt: u8,
    ifLabel: u8,
    bindingId: u8,
    flags: flags(["B", "O", null, null, null, null, null, null]),
  },
});

/** Flow-Binding Extension: one to eight binding identifiers, and the packets. RFC 7629 §4.2. */
const flowBinding = longExtension({
  type: 154,
  subtype: 2,
  name: "flow-binding-extension",
  extension: "multipath-extension",
  rfc: "RFC 7629 §4.2",
  fields: {
    action: named(u8, MULTIPATH_ACTIONS),
    bidCount: countOf("bidList", u8),
    bidList: counted("bidCount", u8),
    tsFormat: named(u8, MULTIPATH_TS_FORMATS),
    trafficSelector: octets(),
  },
});

/** Multipath Extension of any other sub-type. RFC 7629 §4. */
const otherMultipath = longExtension({
  type: 154,
  name: "other-multipath-extension",
  extension: "multipath-extension",
  rfc: "RFC 7629 §4",
  fields: { data: octets() },
});

/** Extension 154. RFC 7629 §4. */
export const multipathTables = [multipath, flowBinding, otherMultipath] as const;
