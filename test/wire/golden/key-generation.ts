/** Key generation nonces. RFC 3957 §6. */

import { type GoldenVector, hex } from "./vector.ts";

/** 128 bits, the least. */
const NONCE = "00112233445566778899aabbccddeeff";

export const keyGeneration: readonly GoldenVector[] = [
  {
    title:
      "RFC 3957 §6.1: MN-FA AAA KeyGen Request: the mobile node's SPI and no data [3957-6.1-01]",
    space: "control-extension",
    hex: `28 01 0004
          11223344`,
    value: { name: "mn-fa-aaa-keygen-request", mobileNodeSpi: 0x11223344 },
    json: {
      name: "mn-fa-keygen-request",
      subtype_name: "mn-fa-aaa-keygen-request",
      subtype: 1,
      length: 4,
      mobile_node_spi: 0x11223344,
    },
  },
  {
    title:
      "RFC 3957 §6.1: MN-FA KeyGen Request of another sub-type: Length counts the SPI and the data [3957-6.1-01]",
    space: "control-extension",
    hex: `28 05 0007
          11223344
          a1b2c3`,
    value: {
      name: "mn-fa-keygen-request",
      subtype: 5,
      mobileNodeSpi: 0x11223344,
      subtypeData: hex("a1b2c3"),
    },
    json: { name: "mn-fa-keygen-request", subtype: 5, length: 7, subtype_data: "a1b2c3" },
  },
  {
    title:
      "RFC 3957 §6.2, figure 3: MN-FA AAA KeyGen Reply: lifetime, AAA SPI, FA SPI, 16 bits of algorithm, nonce [3957-6.2-01, 3957-4-01]",
    space: "control-extension",
    hex: `29 01 001e
          00010203
          11223344
          55667788
          0005 0011
          22334455
          66778899
          aabbccdd
          eeff`,
    value: {
      name: "mn-fa-aaa-keygen-reply",
      lifetime: 0x00010203,
      aaaSpi: 0x11223344,
      faSpi: 0x55667788,
      algorithmIdentifier: 5,
      keyGenerationNonce: hex(NONCE),
    },
    json: {
      name: "mn-fa-keygen-reply",
      subtype_name: "mn-fa-aaa-keygen-reply",
      subtype: 1,
      length: 30,
      lifetime: 0x00010203,
      aaa_spi: 0x11223344,
      fa_spi: 0x55667788,
      algorithm_identifier: 5,
      key_generation_nonce: NONCE,
    },
  },
  {
    title:
      "RFC 3957 §6.2: MN-FA KeyGen Reply of another sub-type: no lifetime in front of the data [3957-6.2-01]",
    space: "control-extension",
    hex: `29 05 0003
          a1b2c3`,
    value: { name: "mn-fa-keygen-reply", subtype: 5, subtypeData: hex("a1b2c3") },
    json: { name: "mn-fa-keygen-reply", subtype: 5, length: 3 },
  },
  {
    title:
      "RFC 3957 §6.3: MN-HA AAA KeyGen Request: the mobile node's SPI and no data [3957-6.3-01]",
    space: "control-extension",
    hex: `2a 01 0004
          11223344`,
    value: { name: "mn-ha-aaa-keygen-request", mobileNodeSpi: 0x11223344 },
    json: {
      name: "mn-ha-keygen-request",
      subtype_name: "mn-ha-aaa-keygen-request",
      subtype: 1,
      length: 4,
      mobile_node_spi: 0x11223344,
    },
  },
  {
    title:
      "RFC 3957 §6.3: MN-HA KeyGen Request of another sub-type: Length counts the SPI and the data [3957-6.3-01]",
    space: "control-extension",
    hex: `2a 07 0006
          11223344
          a1b2`,
    value: {
      name: "mn-ha-keygen-request",
      subtype: 7,
      mobileNodeSpi: 0x11223344,
      subtypeData: hex("a1b2"),
    },
    json: { name: "mn-ha-keygen-request", subtype: 7, length: 6, subtype_data: "a1b2" },
  },
  {
    title:
      "RFC 3957 §6.4, figures 5 and 6: MN-HA AAA KeyGen Reply: lifetime, AAA SPI, HA SPI, algorithm, replay method, nonce [3957-6.4-01, 3957-4-01]",
    space: "control-extension",
    hex: `2b 01 0021
          00010203
          11223344
          55667788
          0002 0003
          00112233
          44556677
          8899aabb
          ccddeeff
          5a`,
    value: {
      name: "mn-ha-aaa-keygen-reply",
      lifetime: 0x00010203,
      aaaSpi: 0x11223344,
      haSpi: 0x55667788,
      algorithmIdentifier: 2,
      replayMethod: 3,
      keyGenerationNonce: hex(`${NONCE}5a`),
    },
    json: {
      name: "mn-ha-keygen-reply",
      subtype_name: "mn-ha-aaa-keygen-reply",
      subtype: 1,
      length: 33,
      lifetime: 0x00010203,
      aaa_spi: 0x11223344,
      ha_spi: 0x55667788,
      algorithm_identifier: 2,
      replay_method: 3,
      key_generation_nonce: `${NONCE}5a`,
    },
  },
  {
    title:
      "RFC 3957 §6.4, figure 5: MN-HA KeyGen Reply of another sub-type: the lifetime stands in front of the data [3957-6.4-01]",
    space: "control-extension",
    hex: `2b 05 0006
          00010203
          a1b2`,
    value: {
      name: "mn-ha-keygen-reply",
      subtype: 5,
      lifetime: 0x00010203,
      subtypeData: hex("a1b2"),
    },
    json: { name: "mn-ha-keygen-reply", subtype: 5, length: 6, lifetime: 0x00010203 },
  },
];
