/** Extensions of Proxy Mobile IPv4. RFC 5563 §5. */

import {
  PMIPV4_ACCESS_TECHNOLOGY_TYPES,
  PMIPV4_AUTH_METHODS,
  PMIPV4_DEVICE_ID_TYPES,
  PMIPV4_SUBSCRIBER_ID_TYPES,
} from "../codes.ts";
import { longExtension, shortExtension } from "../extension-table.ts";
import { named, u8 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** PMIPv4 Per-Node Authentication Method Extension: 5 octets. RFC 5563 §5.1. */
const perNodeAuthenticationMethod = longExtension({
  type: 47,
  subtype: 1,
  name: "pmipv4-per-node-authentication-method",
  extension: "pmipv4-non-skippable-extension",
  rfc: "RFC 5563 §5.1",
  fields: { method: named(u8, PMIPV4_AUTH_METHODS) },
});

/** PMIPv4 Non-skippable Extension of any other sub-type. RFC 5563 §5.1. */
const pmipv4NonSkippable = longExtension({
  type: 47,
  name: "pmipv4-non-skippable-extension",
  rfc: "RFC 5563 §5.1",
  fields: { data: octets() },
});

const SKIPPABLE = { type: 147, extension: "pmipv4-skippable-extension" } as const;

/** PMIPv4 Interface ID Extension. RFC 5563 §5.2. */
const interfaceId = shortExtension({
  ...SKIPPABLE,
  subtype: 1,
  name: "pmipv4-interface-id",
  rfc: "RFC 5563 §5.2",
  fields: { identifier: octets(1) },
});

/** PMIPv4 Device ID Extension. RFC 5563 §5.3. */
const deviceId = shortExtension({
  ...SKIPPABLE,
  subtype: 2,
  name: "pmipv4-device-id",
  rfc: "RFC 5563 §5.3",
  fields: { idType: named(u8, PMIPV4_DEVICE_ID_TYPES), identifier: octets(1) },
});

/** PMIPv4 Subscriber ID Extension. RFC 5563 §5.4. */
const subscriberId = shortExtension({
  ...SKIPPABLE,
  subtype: 3,
  name: "pmipv4-subscriber-id",
  rfc: "RFC 5563 §5.4",
  fields: { idType: named(u8, PMIPV4_SUBSCRIBER_ID_TYPES), identifier: octets(1) },
});

/** PMIPv4 Access Technology Type Extension. RFC 5563 §5.5. */
const accessTechnologyType = shortExtension({
  ...SKIPPABLE,
  subtype: 4,
  name: "access-technology-type",
  rfc: "RFC 5563 §5.5",
  fields: { techType: named(u8, PMIPV4_ACCESS_TECHNOLOGY_TYPES) },
});

/** PMIPv4 Skippable Extension of any other sub-type. RFC 5563 §5.2. */
const pmipv4Skippable = shortExtension({
  type: 147,
  name: "pmipv4-skippable-extension",
  rfc: "RFC 5563 §5.2",
  fields: { data: octets() },
});

/** Extensions 47 and 147. RFC 5563 §5. */
export const proxyTables = [
  perNodeAuthenticationMethod,
  pmipv4NonSkippable,
  interfaceId,
  deviceId,
  subscriberId,
  accessTechnologyType,
  pmipv4Skippable,
] as const;
