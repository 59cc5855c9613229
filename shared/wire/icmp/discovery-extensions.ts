/** Extensions of Agent Advertisements and Solicitations that other RFCs than 5944 define. */

import { linkLayerTables } from "../control/link-layer.ts";
import { naiTables } from "../control/nai.ts";
import { simpleExtension } from "../extension-table.ts";
import { octets } from "../variable-field.ts";

/**
 * Agent Advertisement Challenge Extension: a random value, at least 4 octets if the agent does what
 * it should. RFC 4721 §2.
 */
const challenge = simpleExtension({
  type: 24,
  name: "challenge-extension",
  rfc: "RFC 4721 §2",
  fields: { challenge: octets(1) },
});

/**
 * For experiments; without the sub-type and the long form of its namesake in control messages. RFC
 * 4064 §4.2 has those who do not know it ignore it, RFC 5944 §1.8 has them discard the message:
 * known by this table, it is ignored.
 */
const nonSkippableExperimental = simpleExtension({
  type: 127,
  name: "non-skippable-icmp-router-discovery-experimental-extension",
  rfc: "RFC 4064 §4.2",
  fields: { opaque: octets() },
});

/** For experiments; without the sub-type of its namesake in control messages. RFC 4064 §4.4. */
const skippableExperimental = simpleExtension({
  type: 255,
  name: "skippable-icmp-router-discovery-experimental-extension",
  rfc: "RFC 4064 §4.4",
  fields: { opaque: octets() },
});

/** CARD MN-AR signature option; what is in it is RFC 4066's. RFC 4065 §3. */
const cardSignature = simpleExtension({
  type: 137,
  name: "card-mn-ar-signature-option",
  rfc: "RFC 4065 §3",
  fields: { data: octets() },
});

/** CARD Request option; what is in it is RFC 4066's. RFC 4065 §3. */
const cardRequest = simpleExtension({
  type: 138,
  name: "card-request-option",
  rfc: "RFC 4065 §3",
  fields: { data: octets() },
});

/** CARD Reply option; what is in it is RFC 4066's. RFC 4065 §3. */
const cardReply = simpleExtension({
  type: 139,
  name: "card-reply-option",
  rfc: "RFC 4065 §3",
  fields: { data: octets() },
});

/**
 * Generalized Link Layer and IPv4 Address (LLA) Advertisement Extension, of 138's sub-types. An
 * advertisement that another agent passes on with it is the Proxy Router Advertisement, and a
 * solicitation with it the Proxy Router Solicitation, of low-latency handoffs (RFC 4881 §3.1,
 * §3.3): they have no type of their own.
 */
const linkLayer = linkLayerTables(
  140,
  "generalized-link-layer-and-ipv4-address-advertisement-extension",
);

/** In the order of their types; of each, the general table last. */
export const discoveryExtensions = [
  challenge,
  nonSkippableExperimental,
  ...naiTables,
  cardSignature,
  cardRequest,
  cardReply,
  ...linkLayer,
  skippableExperimental,
] as const;
