/** Route optimization between mobile routers. RFC 6521 §5.1 to §5.5. */

import { ROUTE_OPTIMIZATION_REPLY_CODES } from "../codes.ts";
import { longExtension, shortExtension } from "../extension-table.ts";
import { bits, flags, ipv4Field, named, u8, u16 } from "../field.ts";
import { listOf, octets, when } from "../variable-field.ts";
import { routeRecords } from "./route-records.ts";

/** Bits of the capability extension. RFC 6521 §5.1. */
export const RouteOptimizationCapabilityFlag = { A: 0x8, R: 0x4, S: 0x2, O: 0x1 } as const;

/** Bits of the Route Optimization Reply. RFC 6521 §5.2. */
export const RouteOptimizationReplyFlag = { O: 0x4, N: 0x2, S: 0x1 } as const;

/**
 * Route Optimization Reply. RFC 6521 §5.2: the codes go to 63 in the text, and the figure has 5
 * bits for them, as here; all that are assigned fit.
 */
export const routeOptimizationReply = shortExtension({
  type: 49,
  subtype: 1,
  name: "route-optimization-reply",
  extension: "route-optimization-extensions",
  rfc: "RFC 6521 §5.2",
  fields: { flags: flags(["O", "N", "S"]), code: named(bits(5), ROUTE_OPTIMIZATION_REPLY_CODES) },
});

/**
 * Mobile-Correspondent Authentication Extension. RFC 6521 §5.3: nonce indexes stand in the SPI's
 * place, both 0 with a pre-shared key. Authenticator: 128 bits by default.
 */
export const mobileCorrespondentAuthentication = shortExtension({
  type: 49,
  subtype: 2,
  name: "mobile-correspondent-authentication-extension",
  extension: "route-optimization-extensions",
  rfc: "RFC 6521 §5.3",
  fields: {
    reserved: u8,
    homeNonceIndex: u16,
    careOfNonceIndex: u16,
    authenticator: octets(16),
  },
});

/** Care-of Address Extension: at least one, in order of priority. RFC 6521 §5.4. */
export const careOfAddress = shortExtension({
  type: 49,
  subtype: 3,
  name: "care-of-address-extension",
  extension: "route-optimization-extensions",
  rfc: "RFC 6521 §5.4",
  fields: { reserved: u8, careOfAddresses: listOf(ipv4Field, 1) },
});

/**
 * Any other sub-type of type 49, the short form although below 128. RFC 6521 §5.2 to §5.4: the
 * length is "of the packet" there; as in every short form it is what follows the length octet.
 */
export const routeOptimizationExtensions = shortExtension({
  type: 49,
  name: "route-optimization-extensions",
  rfc: "RFC 6521 §5.2",
  fields: { data: octets() },
});

/** Route Optimization Prefix Advertisement Extension. RFC 6521 §5.5. */
export const prefixAdvertisement = longExtension({
  type: 50,
  subtype: 1,
  name: "route-optimization-prefix-advertisement-extension",
  extension: "route-optimization-data",
  rfc: "RFC 6521 §5.5",
  fields: { records: routeRecords },
});

/** Any other sub-type of type 50. RFC 6521 §5.5, §10. */
export const routeOptimizationData = longExtension({
  type: 50,
  name: "route-optimization-data",
  rfc: "RFC 6521 §5.5",
  fields: { data: octets() },
});

/** Mobile Router Route Optimization Capability: with S, the router asked for. RFC 6521 §5.1. */
export const routeOptimizationCapability = shortExtension({
  type: 153,
  subtype: 1,
  name: "mobile-router-route-optimization-capability",
  extension: "mobile-router-route-optimization-capability-extension",
  rfc: "RFC 6521 §5.1",
  fields: {
    flags: flags(["A", "R", "S", "O"]),
    reserved: bits(4),
    mobileRouterHoa: when("flags", RouteOptimizationCapabilityFlag.S, ipv4Field),
  },
});

/** Any other sub-type of type 153. RFC 6521 §5.1, §10. */
export const routeOptimizationCapabilityExtension = shortExtension({
  type: 153,
  name: "mobile-router-route-optimization-capability-extension",
  rfc: "RFC 6521 §5.1",
  fields: { data: octets() },
});

/** The particular in front of the general. */
export const routeOptimizationTables = [
  routeOptimizationReply,
  mobileCorrespondentAuthentication,
  careOfAddress,
  routeOptimizationExtensions,
  prefixAdvertisement,
  routeOptimizationData,
  routeOptimizationCapability,
  routeOptimizationCapabilityExtension,
] as const;
