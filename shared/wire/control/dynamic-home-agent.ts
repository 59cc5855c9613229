/**
 * Dynamic HA Extension. RFC 4433 §3.4 prints a 16-bit length of 4 behind the sub-type; erratum 898
 * makes it a short extension with Length 5. The short form is sent, both are read, and each stays
 * what it was, since an authenticator covers its octets.
 */

import { longExtension, shortExtension } from "../extension-table.ts";
import { ipv4Field } from "../field.ts";
import { octets } from "../variable-field.ts";

const DYNAMIC_HA = { type: 139, extension: "dynamic-ha-extension" } as const;
const PRINTED = { ...DYNAMIC_HA, onlyLength: 4, mayFail: true } as const;

/** Requested HA Extension as RFC 4433 §3.4 prints it: 8 octets. */
const requestedHaAsPrinted = longExtension({
  ...PRINTED,
  subtype: 1,
  name: "requested-ha-extension-as-printed",
  rfc: "RFC 4433 §3.4.1",
  fields: { haAddress: ipv4Field },
});

/** Redirected HA Extension as RFC 4433 §3.4 prints it: 8 octets. */
const redirectedHaAsPrinted = longExtension({
  ...PRINTED,
  subtype: 2,
  name: "redirected-ha-extension-as-printed",
  rfc: "RFC 4433 §3.4.2",
  fields: { haAddress: ipv4Field },
});

/** Requested HA Extension: where the mobile node wants its home agent. RFC 4433 §3.4.1. */
const requestedHa = shortExtension({
  ...DYNAMIC_HA,
  subtype: 1,
  name: "requested-ha-extension",
  rfc: "RFC 4433 §3.4.1, erratum 898",
  fields: { haAddress: ipv4Field },
});

/** Redirected HA Extension: the home agent to try next. RFC 4433 §3.4.2. */
const redirectedHa = shortExtension({
  ...DYNAMIC_HA,
  subtype: 2,
  name: "redirected-ha-extension",
  rfc: "RFC 4433 §3.4.2, erratum 898",
  fields: { haAddress: ipv4Field },
});

/** Dynamic HA Extension of any other sub-type. RFC 4433 §3.4. */
const dynamicHa = shortExtension({
  type: 139,
  name: "dynamic-ha-extension",
  rfc: "RFC 4433 §3.4, erratum 898",
  fields: { data: octets() },
});

/** Extension 139. RFC 4433 §3.4. */
export const dynamicHomeAgentTables = [
  requestedHaAsPrinted,
  redirectedHaAsPrinted,
  requestedHa,
  redirectedHa,
  dynamicHa,
] as const;
