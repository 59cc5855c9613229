/** Identities and words for people. RFC 3846 §3 to §5, RFC 4857 §8.2, RFC 4917 §3, RFC 5446 §3. */

import { type GoldenVector, hex } from "./vector.ts";

/** 255 octets less the sub-type: the longest NAI that fits (erratum 4134 of RFC 5944 §1.11). */
const LONGEST = `${"h".repeat(250)}@r.n`;

export const namesAndStrings: readonly GoldenVector[] = [
  {
    title:
      "RFC 3846 §3, §4: HA Identity: Length is the NAI and the sub-type [3846-3-01, 3846-3-02]",
    space: "control-extension",
    hex: `88 0a 01 68
          61407265
          616c6d32`,
    value: { name: "ha-identity", nai: "ha@realm2" },
    json: {
      name: "nai-carrying-extension",
      subtype_name: "ha-identity",
      subtype: 1,
      length: 10,
      nai: "ha@realm2",
    },
  },
  {
    title: "RFC 3846 §3, §5: AAAH Identity: sub-type 2 [3846-3-01, 3846-3-02]",
    space: "control-extension",
    hex: `88 06 02 61
          6140622e`,
    value: { name: "aaah-identity", nai: "aa@b." },
    json: { name: "nai-carrying-extension", subtype_name: "aaah-identity", subtype: 2, length: 6 },
  },
  {
    title: "RFC 4857 §8.2: FA-NAI: sub-type 3, in control messages too [4857-8.2-01, 3846-3-01]",
    space: "control-extension",
    hex: `88 07 03 66
          61407831
          79`,
    value: { name: "foreign-agent-nai", nai: "fa@x1y" },
    json: { name: "nai-carrying-extension", subtype_name: "foreign-agent-nai", subtype: 3 },
  },
  {
    title: "RFC 3846 §3: the longest NAI has 254 octets [3846-3-02]",
    space: "control-extension",
    hex: `88 ff 01 ${Buffer.from(LONGEST).toString("hex")}`,
    value: { name: "ha-identity", nai: LONGEST },
    json: { length: 255 },
  },
  {
    title: "RFC 3846 §3: a NAI of another sub-type is kept as octets [3846-3-01]",
    space: "control-extension",
    hex: "88 04 63 a1b2c3",
    value: { name: "nai-carrying-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "nai-carrying-extension", subtype: 0x63, length: 4, data: "a1b2c3" },
  },
  {
    title:
      "RFC 4917 §3: Message String of the home agent: one octet of text at least [4917-3-01, 4917-3-02, 4917-3-04]",
    space: "control-extension",
    hex: "91 02 01 21",
    value: { name: "home-agent", text: "!" },
    json: {
      name: "message-string-extension",
      subtype_name: "home-agent",
      subtype: 1,
      length: 2,
      text: "!",
    },
  },
  {
    title:
      "RFC 4917 §3: Message String of the foreign agent: Length counts octets of UTF-8, not characters [4917-3-01, 4917-3-02, 4917-3-04]",
    space: "control-extension",
    hex: `91 08 02 e2
          82ac6bc3
          b673`,
    value: { name: "foreign-agent", text: "€kös" },
    json: { subtype_name: "foreign-agent", subtype: 2, length: 8, text: "€kös" },
  },
  {
    title: "RFC 4917 §3: text is not ended by an octet 0: that is a part of it [4917-3-04]",
    space: "control-extension",
    hex: `91 04 01 6f
          6b00`,
    value: { name: "home-agent", text: "ok\0" },
    json: { length: 4, text: "ok\0" },
  },
  {
    title: "RFC 4917 §3: a Message String of another sub-type is kept as octets [4917-3-01]",
    space: "control-extension",
    hex: "91 04 63 a1b2c3",
    value: { name: "message-string-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "message-string-extension", subtype: 0x63, length: 4 },
  },
  {
    title: "RFC 5446 §3: Service Selection: no sub-type, the identifier follows Length [5446-3-01]",
    space: "control-extension",
    hex: `97 04 766f
          6970`,
    value: { name: "service-selection-extension", identifier: "voip" },
    json: { name: "service-selection-extension", length: 4, identifier: "voip" },
  },
  {
    title: "RFC 5446 §3: Service Selection: one octet, and what UTF-8 makes of 255 [5446-3-01]",
    space: "control-extension",
    hex: `97 ff ${"c3a9".repeat(127)} 69`,
    value: { name: "service-selection-extension", identifier: `${"é".repeat(127)}i` },
    json: { length: 255 },
  },
];
