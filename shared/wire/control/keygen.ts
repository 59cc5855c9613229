/**
 * Key generation nonces: keys between mobile node and agents out of one with the AAA server.
 * RFC 3957 §6. IANA alone has sub-type 7, used by early implementations; like any other than 1, it
 * is kept by the general tables.
 */

import { AUTHENTICATION_ALGORITHMS, REPLAY_METHODS } from "../codes.ts";
import { longExtension } from "../extension-table.ts";
import { named, u16, u32 } from "../field.ts";
import { octets } from "../variable-field.ts";

const algorithmIdentifier = named(u16, AUTHENTICATION_ALGORITHMS);
/** A random value of at least 128 bits. */
const keyGenerationNonce = octets(16);

/** MN-FA AAA KeyGen Request: no sub-type data. RFC 3957 §6.1. */
export const mnFaAaaKeygenRequest = longExtension({
  type: 40,
  subtype: 1,
  name: "mn-fa-aaa-keygen-request",
  extension: "mn-fa-keygen-request",
  rfc: "RFC 3957 §6.1",
  fields: { mobileNodeSpi: u32 },
});

/** Generalized MN-FA Key Generation Nonce Request Extension. RFC 3957 §6.1. */
export const mnFaKeygenRequest = longExtension({
  type: 40,
  name: "mn-fa-keygen-request",
  rfc: "RFC 3957 §6.1",
  fields: { mobileNodeSpi: u32, subtypeData: octets() },
});

/** MN-FA AAA KeyGen Reply. RFC 3957 §6.2. Lifetime: seconds. */
export const mnFaAaaKeygenReply = longExtension({
  type: 41,
  subtype: 1,
  name: "mn-fa-aaa-keygen-reply",
  extension: "mn-fa-keygen-reply",
  rfc: "RFC 3957 §6.2",
  fields: { lifetime: u32, aaaSpi: u32, faSpi: u32, algorithmIdentifier, keyGenerationNonce },
});

/** Generalized MN-FA Key Generation Nonce Reply Extension. RFC 3957 §6.2. */
export const mnFaKeygenReply = longExtension({
  type: 41,
  name: "mn-fa-keygen-reply",
  rfc: "RFC 3957 §6.2",
  fields: { subtypeData: octets() },
});

/** MN-HA AAA KeyGen Request: no sub-type data. RFC 3957 §6.3. */
export const mnHaAaaKeygenRequest = longExtension({
  type: 42,
  subtype: 1,
  name: "mn-ha-aaa-keygen-request",
  extension: "mn-ha-keygen-request",
  rfc: "RFC 3957 §6.3",
  fields: { mobileNodeSpi: u32 },
});

/** Generalized MN-HA Key Generation Nonce Request Extension. RFC 3957 §6.3. */
export const mnHaKeygenRequest = longExtension({
  type: 42,
  name: "mn-ha-keygen-request",
  rfc: "RFC 3957 §6.3",
  fields: { mobileNodeSpi: u32, subtypeData: octets() },
});

/** MN-HA AAA KeyGen Reply. RFC 3957 §6.4. Lifetime: seconds. */
export const mnHaAaaKeygenReply = longExtension({
  type: 43,
  subtype: 1,
  name: "mn-ha-aaa-keygen-reply",
  extension: "mn-ha-keygen-reply",
  rfc: "RFC 3957 §6.4",
  fields: {
    lifetime: u32,
    aaaSpi: u32,
    haSpi: u32,
    algorithmIdentifier,
    replayMethod: named(u16, REPLAY_METHODS),
    keyGenerationNonce,
  },
});

/** Generalized MN-HA Key Generation Nonce Reply Extension. RFC 3957 §6.4. Lifetime: seconds. */
export const mnHaKeygenReply = longExtension({
  type: 43,
  name: "mn-ha-keygen-reply",
  rfc: "RFC 3957 §6.4",
  fields: { lifetime: u32, subtypeData: octets() },
});

/** The particular in front of the general. */
export const keygenTables = [
  mnFaAaaKeygenRequest,
  mnFaKeygenRequest,
  mnFaAaaKeygenReply,
  mnFaKeygenReply,
  mnHaAaaKeygenRequest,
  mnHaKeygenRequest,
  mnHaAaaKeygenReply,
  mnHaKeygenReply,
] as const;
