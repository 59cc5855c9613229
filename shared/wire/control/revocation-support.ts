/** Offering registration revocation. RFC 3543 §3.2. */

import { simpleExtension } from "../extension-table.ts";
import { bits, flags, u32 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** Bit of the Revocation Support Extension: the I bit of revocations is used. RFC 3543 §3.2. */
export const RevocationSupportFlag = { I: 0x1 } as const;

/**
 * Revocation Support Extension. RFC 3543 §3.2. Timestamp: 4 bytes of the sender's clock. The length
 * is "currently 6" and may grow; what a later sender puts behind is kept in `rest` and ignored.
 */
export const revocationSupport = simpleExtension({
  type: 137,
  name: "revocation-support-extension",
  rfc: "RFC 3543 §3.2",
  fields: { flags: flags(["I"]), reserved: bits(15), timestamp: u32, rest: octets() },
});
