/** Network Access Identifiers: the mobile node's own, and those of nodes that serve it. */

import { shortExtension, simpleExtension } from "../extension-table.ts";
import { octets, text } from "../variable-field.ts";

/** Mobile Node NAI Extension: an identity instead of a home address, unterminated. RFC 2794 §2. */
export const mobileNodeNai = simpleExtension({
  type: 131,
  name: "mobile-node-nai-extension",
  rfc: "RFC 2794 §2",
  fields: { nai: text(1) },
});

const CARRYING = { type: 136, extension: "nai-carrying-extension" } as const;

/** HA Identity: `hostname@realm` of the home agent. RFC 3846 §4. */
const haIdentity = shortExtension({
  ...CARRYING,
  subtype: 1,
  name: "ha-identity",
  rfc: "RFC 3846 §4",
  fields: { nai: text(1) },
});

/** AAAH Identity: `hostname@realm` of the home AAA server. RFC 3846 §5. */
const aaahIdentity = shortExtension({
  ...CARRYING,
  subtype: 2,
  name: "aaah-identity",
  rfc: "RFC 3846 §5",
  fields: { nai: text(1) },
});

/** Foreign Agent NAI: advertised, its realm tells a new domain. RFC 4857 §8.2. */
const foreignAgentNai = shortExtension({
  ...CARRYING,
  subtype: 3,
  name: "foreign-agent-nai",
  rfc: "RFC 4857 §8.2",
  fields: { nai: text(1) },
});

/** NAI Carrying Extension of any other sub-type. RFC 3846 §3. */
const naiCarrying = shortExtension({
  type: 136,
  name: "nai-carrying-extension",
  rfc: "RFC 3846 §3",
  fields: { data: octets() },
});

/** NAI Carrying Extension, the same in control messages and in advertisements. RFC 3846 §3. */
export const naiTables = [haIdentity, aaahIdentity, foreignAgentNai, naiCarrying] as const;
