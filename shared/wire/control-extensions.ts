/** Extensions of control messages, to and from UDP port 434. One table an extension. */

import {
  defineExtension,
  type ExtensionValue,
  extensionSpace,
  type UnknownExtension,
} from "./extension.ts";
import { octets, u32 } from "./field.ts";

/** RFC 5944 §1.6, §3.5.2: an SPI (not aligned), then at least one octet of authenticator. */
const authentication = { spi: u32, authenticator: octets(1) };

/** Mobile-Home Authentication Extension: the authorization-enabling one. RFC 5944 §3.5.2. */
export const mobileHomeAuthentication = defineExtension({
  type: 32,
  name: "mobile-home-authentication-extension",
  form: "simple",
  rfc: "RFC 5944 §3.5.2",
  fields: authentication,
});

/** Mobile-Foreign Authentication Extension. RFC 5944 §3.5.3. */
export const mobileForeignAuthentication = defineExtension({
  type: 33,
  name: "mobile-foreign-authentication-extension",
  form: "simple",
  rfc: "RFC 5944 §3.5.3",
  fields: authentication,
});

/** Foreign-Home Authentication Extension. RFC 5944 §3.5.4. */
export const foreignHomeAuthentication = defineExtension({
  type: 34,
  name: "foreign-home-authentication-extension",
  form: "simple",
  rfc: "RFC 5944 §3.5.4",
  fields: authentication,
});

/** One-byte Padding: steps exactly one octet, in both number spaces. RFC 5944 §1.8. */
export const padding = defineExtension({
  type: 0,
  name: "one-byte-padding",
  form: "padding",
  rfc: "RFC 5944 §1.8",
  fields: {},
});

/** Encapsulating Delivery Style Extension: two octets in all, only with T. RFC 3024 §3.3. */
export const encapsulatingDeliveryStyle = defineExtension({
  type: 130,
  name: "encapsulating-delivery-style-extension",
  form: "simple",
  rfc: "RFC 3024 §3.3",
  fields: {},
});

const tables = [
  padding,
  mobileHomeAuthentication,
  mobileForeignAuthentication,
  foreignHomeAuthentication,
  encapsulatingDeliveryStyle,
] as const;

export const controlExtensions = extensionSpace(tables);
export type ControlExtension = ExtensionValue<(typeof tables)[number]> | UnknownExtension;
export type AuthenticationName =
  | "mobile-home-authentication-extension"
  | "mobile-foreign-authentication-extension"
  | "foreign-home-authentication-extension";
