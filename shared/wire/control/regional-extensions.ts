/** Extensions of regional registration. RFC 4857 §9. */

import { REPLAY_PROTECTION_STYLES } from "../codes.ts";
import { simpleExtension } from "../extension-table.ts";
import { ipv4Field, named, u16, u32, u64 } from "../field.ts";

/** GFA IP Address Extension: an 8-bit length, although the type is below 128. RFC 4857 §9.1. */
const gfaIpAddress = simpleExtension({
  type: 46,
  name: "gfa-ip-address-extension",
  rfc: "RFC 4857 §9.1",
  fields: { reserved: u16, gfaIpAddress: ipv4Field },
});

/** Hierarchical Foreign Agent Extension: the care-of address for the GFA. RFC 4857 §9.2. */
const hierarchicalForeignAgent = simpleExtension({
  type: 140,
  name: "hierarchical-foreign-agent-extension",
  rfc: "RFC 4857 §9.2",
  fields: { reserved: u16, faIpAddress: ipv4Field },
});

const replayProtection = {
  replayProtectionStyle: named(u16, REPLAY_PROTECTION_STYLES),
  initialIdentification: u64,
};

/** Replay Protection Style Extension: what an identification begins with. RFC 4857 §9.3. */
const replayProtectionStyle = simpleExtension({
  type: 141,
  name: "replay-protection-style-extension",
  rfc: "RFC 4857 §9.3",
  fields: replayProtection,
});

/**
 * The same as RFC 4857 §9.3 prints it: Length 2, although 10 octets follow. Accepted, never sent.
 */
const replayProtectionStyleAsPrinted = simpleExtension({
  type: 141,
  name: "replay-protection-style-extension-as-printed",
  extension: "replay-protection-style-extension",
  rfc: "RFC 4857 §9.3",
  onlyLength: 2,
  beyondLength: 8,
  mayFail: true,
  fields: replayProtection,
});

/**
 * Regional Registration Lifetime Extension. Seconds; 0: deregistered. RFC 4857 §9.4 has 0xffff for
 * infinity, although the field has 32 bits.
 */
const regionalRegistrationLifetime = simpleExtension({
  type: 142,
  name: "regional-registration-lifetime-extension",
  rfc: "RFC 4857 §9.4",
  fields: { reserved: u16, regionalRegistrationLifetime: u32 },
});

/** Extensions 46, 140, 141 and 142. RFC 4857 §9. */
export const regionalTables = [
  gfaIpAddress,
  hierarchicalForeignAgent,
  replayProtectionStyleAsPrinted,
  replayProtectionStyle,
  regionalRegistrationLifetime,
] as const;
