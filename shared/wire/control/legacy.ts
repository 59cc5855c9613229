/** Numbers that are taken, without contents that anyone publishes or uses: kept as they are. */

import { simpleExtension } from "../extension-table.ts";
import { octets } from "../variable-field.ts";

/** Deprecated on 2001-08-31, by the IANA registry "Extensions to Mobile IP Registration Messages". */
const deprecated = simpleExtension({
  type: 128,
  name: "deprecated",
  rfc: "IANA mobileip-numbers",
  fields: { data: octets() },
});

/** SKIP Firewall Traversal Extension: of a key management that is no more. RFC 2356. */
const skipFirewallTraversal = simpleExtension({
  type: 129,
  name: "skip-firewall-traversal-extension",
  rfc: "RFC 2356",
  fields: { data: octets() },
});

/** Reserved by IANA, without a reference. */
const reserved = simpleExtension({
  type: 150,
  name: "reserved",
  rfc: "IANA mobileip-numbers",
  fields: { data: octets() },
});

/** Extensions 128, 129 and 150. */
export const legacyTables = [deprecated, skipFirewallTraversal, reserved] as const;
