/** What a foreign agent has to say on a reply that it must not change. RFC 4636. */

import { FA_ERROR_STATUS } from "../codes.ts";
import { shortExtension } from "../extension-table.ts";
import { named, u8 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** FA Error Extension: the short form, although below 128. RFC 4636 §3. Status: 64 to 127. */
export const faErrorIndication = shortExtension({
  type: 45,
  subtype: 0,
  name: "fa-error-indication-to-mn",
  extension: "fa-error-extension",
  rfc: "RFC 4636 §3",
  fields: { status: named(u8, FA_ERROR_STATUS) },
});

/** FA Error Extension of any other sub-type. RFC 4636 §3. */
export const faError = shortExtension({
  type: 45,
  name: "fa-error-extension",
  rfc: "RFC 4636 §3",
  fields: { data: octets() },
});

/** The particular in front of the general. */
export const faErrorTables = [faErrorIndication, faError] as const;
