/**
 * Authenticators and challenges. RFC 5944 §3.5.2 to §3.5.4, RFC 4721 §4 to §6, RFC 4857 §11,
 * RFC 4988 §8.
 */

import { type GoldenVector, hex } from "./vector.ts";

/** 128 bits. */
const DIGEST = "00112233445566778899aabbccddeeff";

export const authentication: readonly GoldenVector[] = [
  {
    title:
      "RFC 5944 §3.5.2: Mobile-Home Authentication: Length is 4 more than the authenticator's octets, the SPI is not aligned [5944-3.5.2-02, 5944-1.9-01]",
    space: "control-extension",
    hex: `20 14 0102
          0304 0011
          22334455
          66778899
          aabbccdd
          eeff`,
    value: {
      name: "mobile-home-authentication-extension",
      spi: 0x01020304,
      authenticator: hex(DIGEST),
    },
    json: {
      name: "mobile-home-authentication-extension",
      length: 20,
      spi: 0x01020304,
      authenticator: DIGEST,
    },
  },
  {
    title:
      "RFC 5944 §3.5.3: Mobile-Foreign Authentication, with the shortest authenticator [5944-3.5.3-02]",
    space: "control-extension",
    hex: "21 05 8000 0001 b7",
    value: {
      name: "mobile-foreign-authentication-extension",
      spi: 0x80000001,
      authenticator: hex("b7"),
    },
    json: { length: 5 },
  },
  {
    title:
      "RFC 5944 §3.5.4: Foreign-Home Authentication, with the 160 bits of SHA-1 [5944-3.5.4-03]",
    space: "control-extension",
    hex: `22 18 1122
          3344 0102
          03040506
          0708090a
          0b0c0d0e
          0f101112
          1314`,
    value: {
      name: "foreign-home-authentication-extension",
      spi: 0x11223344,
      authenticator: hex("0102030405060708090a0b0c0d0e0f1011121314"),
    },
    json: { length: 24 },
  },
  {
    title:
      "RFC 4721 §4: Mobile-Foreign Challenge: Length is that of the challenge alone [4721-4-01]",
    space: "control-extension",
    hex: `84 06 a1b2
          c3d4e5f6`,
    value: { name: "mobile-foreign-challenge-extension", challenge: hex("a1b2c3d4e5f6") },
    json: { length: 6, challenge: "a1b2c3d4e5f6" },
  },
  {
    title:
      "RFC 4721 §5, §6: Mobile-AAA Authentication: sub-type 1 before a 16-bit Length, an aligned SPI [4721-5-01, 4721-5-02, 5944-1.10-01]",
    space: "control-extension",
    hex: `24 01 0014
          01020304
          00112233
          44556677
          8899aabb
          ccddeeff`,
    value: {
      name: "mn-aaa-authentication-subtype",
      spi: 0x01020304,
      authenticator: hex(DIGEST),
    },
    json: {
      name: "generalized-mobile-ip-authentication-extension",
      subtype_name: "mn-aaa-authentication-subtype",
      subtype: 1,
      length: 20,
      spi: 0x01020304,
      authenticator: DIGEST,
    },
  },
  {
    title: "RFC 4857 §11: FA-FA Authentication is sub-type 2 [4857-11-01]",
    space: "control-extension",
    hex: `24 02 0014
          000001f4
          ${DIGEST}`,
    value: { name: "fa-fa-authentication", spi: 500, authenticator: hex(DIGEST) },
    json: { subtype: 2, subtype_name: "fa-fa-authentication" },
  },
  {
    title: "RFC 4857 §11: MN-GFA Authentication is sub-type 3 [4857-11-01]",
    space: "control-extension",
    hex: `24 03 0015
          000001f5
          ${DIGEST} 5a`,
    value: { name: "mn-gfa-authentication", spi: 501, authenticator: hex(`${DIGEST}5a`) },
    json: { subtype: 3, subtype_name: "mn-gfa-authentication", length: 21 },
  },
  {
    title: "RFC 4988 §8: MN-PAR Authentication is sub-type 4",
    space: "control-extension",
    hex: `24 04 0014
          000001f6
          ${DIGEST}`,
    value: { name: "mn-par-auth-extension", spi: 502, authenticator: hex(DIGEST) },
    json: { subtype: 4, subtype_name: "mn-par-auth-extension" },
  },
  {
    title:
      "RFC 4721 §5: Generalized Authentication of another sub-type, longer than an octet can say [4721-5-01]",
    space: "control-extension",
    hex: `24 63 0104
          01020304
          ${DIGEST.repeat(16)}`,
    value: {
      name: "generalized-mobile-ip-authentication-extension",
      subtype: 0x63,
      spi: 0x01020304,
      authenticator: hex(DIGEST.repeat(16)),
    },
    json: { name: "generalized-mobile-ip-authentication-extension", subtype: 0x63, length: 260 },
  },
];
