/** GRE Key Extension. RFC 6245 §5. */

import { longExtension } from "../extension-table.ts";
import { u32 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** GRE Key Extension: the key for packets to its sender; RFC 6245 §4 tells what 0 asks for. */
const greKey = longExtension({
  type: 48,
  subtype: 0,
  name: "gre-key-extension",
  rfc: "RFC 6245 §5",
  fields: { keyIdentifier: u32 },
});

/** GRE Key Extension of any other sub-type. RFC 6245 §5. */
const otherGreKey = longExtension({
  type: 48,
  name: "other-gre-key-extension",
  extension: "gre-key-extension",
  rfc: "RFC 6245 §5",
  fields: { data: octets() },
});

/** Extension 48. RFC 6245 §5. */
export const greKeyTables = [greKey, otherGreKey] as const;
