/** Extensions that carry an authenticator. What each covers: `coverage.ts`. */

import { longExtension, simpleExtension } from "../extension-table.ts";
import { u32 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** RFC 5944 §1.6, §3.5.2: an SPI (not aligned), then at least one octet of authenticator. */
const authentication = { spi: u32, authenticator: octets(1) };

/** Mobile-Home Authentication Extension: the authorization-enabling one. RFC 5944 §3.5.2. */
export const mobileHomeAuthentication = simpleExtension({
  type: 32,
  name: "mobile-home-authentication-extension",
  rfc: "RFC 5944 §3.5.2",
  fields: authentication,
});

/** Mobile-Foreign Authentication Extension. RFC 5944 §3.5.3. */
export const mobileForeignAuthentication = simpleExtension({
  type: 33,
  name: "mobile-foreign-authentication-extension",
  rfc: "RFC 5944 §3.5.3",
  fields: authentication,
});

/** Foreign-Home Authentication Extension. RFC 5944 §3.5.4. */
export const foreignHomeAuthentication = simpleExtension({
  type: 34,
  name: "foreign-home-authentication-extension",
  rfc: "RFC 5944 §3.5.4",
  fields: authentication,
});

/** RFC 4721 §5: "MUST be at least 20" is the length of SPI and authenticator. */
const generalized = { spi: u32, authenticator: octets(16) };
const generalizedExtension = "generalized-mobile-ip-authentication-extension";

/** Mobile-AAA Authentication: never in a reply. RFC 4721 §6. */
export const mnAaaAuthentication = longExtension({
  type: 36,
  subtype: 1,
  name: "mn-aaa-authentication-subtype",
  extension: generalizedExtension,
  rfc: "RFC 4721 §6",
  fields: generalized,
});

/** FA-FA Authentication. RFC 4857 §11. */
export const faFaAuthentication = longExtension({
  type: 36,
  subtype: 2,
  name: "fa-fa-authentication",
  extension: generalizedExtension,
  rfc: "RFC 4857 §11",
  fields: generalized,
});

/** MN-GFA Authentication. RFC 4857 §11. */
export const mnGfaAuthentication = longExtension({
  type: 36,
  subtype: 3,
  name: "mn-gfa-authentication",
  extension: generalizedExtension,
  rfc: "RFC 4857 §11",
  fields: generalized,
});

/** MN-PAR Authentication, between mobile node and previous access router. RFC 4988 §5.1, §8. */
export const mnParAuthentication = longExtension({
  type: 36,
  subtype: 4,
  name: "mn-par-auth-extension",
  extension: generalizedExtension,
  rfc: "RFC 4988 §8",
  fields: generalized,
});

/** Generalized Mobile IP Authentication Extension of any other sub-type. RFC 4721 §5. */
export const generalizedAuthentication = longExtension({
  type: 36,
  name: generalizedExtension,
  rfc: "RFC 4721 §5",
  fields: generalized,
});

/** The particular in front of the general. */
export const authenticationTables = [
  mobileHomeAuthentication,
  mobileForeignAuthentication,
  foreignHomeAuthentication,
  mnAaaAuthentication,
  faFaAuthentication,
  mnGfaAuthentication,
  mnParAuthentication,
  generalizedAuthentication,
] as const;
