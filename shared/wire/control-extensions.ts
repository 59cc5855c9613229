/** The extensions of control messages: one number space. */

import { authenticationTables } from "./control/authentication.ts";
import { mobileForeignChallenge } from "./control/challenge.ts";
import { dynamicHomeAgentTables } from "./control/dynamic-home-agent.ts";
import { nonSkippableExperimental, skippableExperimental } from "./control/experimental.ts";
import { faErrorTables } from "./control/fa-error.ts";
import { greKeyTables } from "./control/gre-key.ts";
import { hostStackTables } from "./control/host-stack.ts";
import { keygenTables } from "./control/keygen.ts";
import { legacyTables } from "./control/legacy.ts";
import { linkLayerTables } from "./control/link-layer.ts";
import { messageStringTables } from "./control/message-string.ts";
import { mobileNetworkTables } from "./control/mobile-network.ts";
import { multipathTables } from "./control/multipath.ts";
import { mobileNodeNai, naiTables } from "./control/nai.ts";
import { proxyTables } from "./control/proxy.ts";
import { regionalTables } from "./control/regional-extensions.ts";
import { revocationSupport } from "./control/revocation-support.ts";
import { routeOptimizationTables } from "./control/route-optimization-extensions.ts";
import { udpTunnelTables } from "./control/udp-tunnel.ts";
import { vendorTables } from "./control/vendor.ts";
import { type ExtensionOf, extensionSpace } from "./extension.ts";
import { paddingExtension, simpleExtension } from "./extension-table.ts";

/** One-byte Padding: steps exactly one octet, in both number spaces. RFC 5944 §1.8. */
export const padding = paddingExtension({
  type: 0,
  name: "one-byte-padding",
  rfc: "RFC 5944 §1.8",
});

/** Encapsulating Delivery Style Extension: two octets in all, only with T. RFC 3024 §3.3. */
export const encapsulatingDeliveryStyle = simpleExtension({
  type: 130,
  name: "encapsulating-delivery-style-extension",
  rfc: "RFC 3024 §3.3",
  fields: {},
});

/** Of one type the particular stand in front of the general. */
export const controlExtensionTables = [
  padding,
  ...authenticationTables,
  ...keygenTables,
  ...faErrorTables,
  ...routeOptimizationTables,
  mobileForeignChallenge,
  revocationSupport,
  nonSkippableExperimental,
  skippableExperimental,
  encapsulatingDeliveryStyle,
  ...vendorTables,
  ...udpTunnelTables,
  ...regionalTables,
  ...proxyTables,
  ...greKeyTables,
  ...legacyTables,
  mobileNodeNai,
  ...naiTables,
  ...linkLayerTables(138, "generalized-link-layer-and-ipv4-address-registration-extension"),
  ...dynamicHomeAgentTables,
  ...messageStringTables,
  ...mobileNetworkTables,
  ...hostStackTables,
  ...multipathTables,
] as const;

export const controlExtensions = extensionSpace(controlExtensionTables);

export type ControlExtension = ExtensionOf<typeof controlExtensions>;
export type AuthenticationName =
  | "mobile-home-authentication-extension"
  | "mobile-foreign-authentication-extension"
  | "foreign-home-authentication-extension"
  | "mn-aaa-authentication-subtype"
  | "mn-par-auth-extension";
