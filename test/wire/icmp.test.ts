/** ICMP: the fast handover messages of type 41, and the extensions of advertisements. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  assentsToRouteOptimization,
  assentsToUdpTunnel,
  FA_ERROR_STATUS,
} from "../../shared/wire/codes.ts";
import {
  type HandoverInitiate,
  HandoverInitiateFlag,
} from "../../shared/wire/icmp/fast-handover.ts";
import {
  linkLayerAddressOf,
  toLinkLayerAddressOption,
} from "../../shared/wire/icmp/fast-handover-options.ts";
import {
  decodeDiscovery,
  decodeIcmp,
  encodeIcmp,
  type IcmpMessage,
  icmpJson,
  inspectIcmp,
} from "../../shared/wire/icmp.ts";
import { REPLY_CODES, replyOrigin } from "../../shared/wire/reply-code.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** Puts the right checksum in, so that a test is about what it is about. */
function sealed(text: string): Uint8Array {
  const bytes = hex(text);
  const sum = internetChecksum(bytes);
  bytes[2] = sum >>> 8;
  bytes[3] = sum & 255;
  return bytes;
}

/** The message that the octets are, which must be these octets again. */
function decoded(text: string): IcmpMessage {
  const bytes = sealed(text);
  const result = decodeIcmp(bytes);
  assert(result.ok, result.ok ? "" : result.error.message);
  assert.deepEqual(encodeIcmp(result.value), bytes);
  return result.value;
}

function refused(text: string) {
  const result = decodeIcmp(sealed(text));
  assert(!result.ok);
  return result.error;
}

const MAC = hex("020000000001");
/** An option 20 as RFC 4988 §6.1 pads a MAC. */
const LLA = "14 02 02 020000000001 01050000000000";

/** By hand from the figures of RFC 4988 §5.5, §6.1 and §6.2. */
const HI = `29 00 0000 08 c0 1234 ${LLA} 15 01 01 00 0a010007`;

const hi: HandoverInitiate = {
  name: "hi",
  code: 0,
  flags: HandoverInitiateFlag.S | HandoverInitiateFlag.U,
  reserved: 0,
  identifier: 0x1234,
  extensions: [
    toLinkLayerAddressOption(2, MAC),
    {
      name: "new-ipv4-address-option",
      optionCode: 1,
      reserved: 0,
      newIpv4Address: ipv4("10.1.0.7"),
    },
  ],
};

test("RFC 4988 §5.5: S and U are the first two bits of HI's Reserved octet [4988-5.5-01]", () => {
  assert.deepEqual(decoded(HI), hi);
  assert.deepEqual(encodeIcmp(hi), sealed(HI));
  assert.deepEqual(icmpJson(hi), {
    type: 41,
    name: "hi",
    code: 0,
    subtype: 8,
    flags: { S: true, U: true },
    reserved: 0,
    identifier: 0x1234,
    extensions: [
      {
        type: 20,
        name: "link-layer-address-option",
        length: 2,
        option_code: 2,
        lla_and_padding: "02000000000101050000000000",
      },
      {
        type: 21,
        name: "new-ipv4-address-option",
        length: 1,
        option_code: 1,
        reserved: 0,
        new_ipv4_address: "10.1.0.7",
      },
    ],
  });
});

test("RFC 4988 §5.5: reserved bits are ignored and survive beside S [4988-5.5-01]", () => {
  const message = decoded("29 01 0000 08 bf 0000");
  assert(message.name === "hi");
  assert.equal(message.flags, HandoverInitiateFlag.S);
  assert.equal(message.reserved, 0x3f);
});

test("RFC 4988 §5.5: the checksum covers the octets as sent, S, U and Reserved included [4988-5.3-03]", () => {
  const bytes = sealed("29 00 0000 08 c0 1234");
  assert(decodeIcmp(bytes).ok);
  bytes[5] = 0;
  const result = decodeIcmp(bytes);
  assert(!result.ok);
  assert.equal(result.error.code, "wrong-checksum");
});

test("RFC 4988 §5.3, §5.4, §5.6: RtSolPr, PrRtAdv and HAck are told apart by the subtype [4988-5.3-01] [4988-5.4-01] [4988-5.6-02] [4988-8-01]", () => {
  const nearby = `14 02 01 020000000001 01050000000000`;
  const solicitation = decoded(`29 00 0000 06 00 0001 ${nearby}`);
  assert(solicitation.name === "rtsolpr");
  assert.equal(solicitation.identifier, 1);
  const advertisement = decoded(
    `29 01 0000 07 00 0001 ${nearby} 15 01 03 00 c0000201 16 01 00 18 00000000`,
  );
  assert(advertisement.name === "prrtadv");
  assert.deepEqual(
    advertisement.extensions.map(({ name }) => name),
    [
      "link-layer-address-option",
      "new-ipv4-address-option",
      "new-router-prefix-information-option",
    ],
  );
  const acknowledgment = decoded("29 80 0000 09 00 0001");
  assert(acknowledgment.name === "hack");
  assert.equal(acknowledgment.code, 128);
});

test("RFC 4065 §8: other subtypes are kept as octets, CARD and CXTP by name [4065-3-01] [4065-8-01]", () => {
  for (const [subtype, name] of [
    ["00", "card"],
    ["01", "cxtp"],
    ["02", "experimental-mobility"],
    ["ff", "experimental-mobility"],
  ]) {
    // Octets that would be a malformed option.
    const message = decoded(`29 07 0000 ${subtype} 010203 1400`);
    assert.equal(message.name, name);
    assert("options" in message && message.reserved === 0x010203);
    assert.deepEqual(message.options, hex("1400"));
  }
});

test("RFC 4988 §6: an option of Length 0 spoils the message, of whatever type [4988-6-01]", () => {
  for (const type of ["14", "15", "16", "01", "ff"]) {
    refused(`29 00 0000 06 00 0001 ${type} 00 000000000000`);
    refused(`29 00 0000 06 00 0001 ${type} 00`);
  }
});

test("RFC 4988 §6: an option that ends beyond the message, or of another size, spoils it [4988-6-01] [4988-6.2-01] [4988-6.3-01]", () => {
  assert.equal(refused("29 00 0000 06 00 0001 14 03 01 020000000001 01050000000000").offset, 9);
  assert.equal(refused("29 00 0000 06 00 0001 14").code, "truncated");
  assert.equal(
    refused("29 00 0000 08 00 0001 15 02 02 00 c0000201 0000000000000000").code,
    "wrong-length",
  );
  assert.equal(
    refused("29 00 0000 07 00 0001 16 02 00 18 00000000 0000000000000000").code,
    "wrong-length",
  );
});

test("RFC 4988 §5.3: an unknown option is stepped over by its units of 8 octets and kept [4988-6-01]", () => {
  const message = decoded(`29 00 0000 06 00 0001 63 02 ${"aa".repeat(14)} ${LLA}`);
  assert(message.name === "rtsolpr");
  assert.deepEqual(
    message.extensions.map(({ name }) => name),
    ["unknown", "link-layer-address-option"],
  );
});

test("RFC 4988 §6.1: the address is as long as the link's, the rest is PadN or Pad1 [4988-6.1-01] [4988-6.1-02] [4988-6.1-03] [4988-6.1-04]", () => {
  const ethernet = toLinkLayerAddressOption(1, MAC);
  assert.deepEqual(ethernet.llaAndPadding, hex("020000000001 01050000000000"));
  assert.deepEqual(linkLayerAddressOf(ethernet), MAC);
  const short = toLinkLayerAddressOption(1, hex("01020304"));
  assert.deepEqual(short.llaAndPadding, hex("01020304 00"));
  assert.deepEqual(linkLayerAddressOf(short, 4), hex("01020304"));
  assert.equal(linkLayerAddressOf(short), undefined);
  assert.deepEqual(toLinkLayerAddressOption(1, hex("0102030405")).llaAndPadding.length, 5);
  const wildcard = toLinkLayerAddressOption(0, new Uint8Array());
  assert.deepEqual(wildcard.llaAndPadding, hex("0103000000"));
  // A sender's own padding is ignored, and survives.
  const message = decoded("29 00 0000 06 00 0001 14 02 01 020000000001 ffffffffffffff");
  assert(message.name === "rtsolpr");
  const [option] = message.extensions;
  assert(option?.name === "link-layer-address-option");
  assert.deepEqual(linkLayerAddressOf(option), MAC);
});

test("RFC 4988 §6.1: every option that is made has whole units and gives the address back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array({ maxLength: 2037 }),
      (optionCode, address) => {
        const option = toLinkLayerAddressOption(optionCode, address);
        assert.equal((option.llaAndPadding.length + 3) % 8, 0);
        assert(option.llaAndPadding.length - address.length < 8);
        assert.deepEqual(linkLayerAddressOf(option, address.length), address);
        const bytes = encodeIcmp({ ...hi, extensions: [option] });
        assert.deepEqual(decodeIcmp(bytes), { ok: true, value: { ...hi, extensions: [option] } });
      },
    ),
  );
});

test("arbitrary octets behind an ICMP 41 header never throw and read back as they were", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      fc.uint8Array({ maxLength: 64 }),
      (subtype, rest) => {
        const octets = Buffer.from([41, 0, 0, 0, subtype, 0, 0, 0, ...rest]);
        const bytes = sealed(octets.toString("hex"));
        assert(inspectIcmp(bytes).decoded !== undefined);
        const result = decodeIcmp(bytes);
        if (result.ok) assert.deepEqual(encodeIcmp(result.value), bytes);
      },
    ),
  );
});

test("agents that speak router discovery alone refuse ICMP 41 as a wrong type [4065-8-01]", () => {
  for (const text of [HI, "29 00 0000 02 000000"]) {
    const result = decodeDiscovery(sealed(text));
    assert(!result.ok);
    assert.equal(result.error.code, "wrong-type");
  }
  assert(decodeDiscovery(sealed("0a00 0000 00000000")).ok);
});

const AGENT = "10 0a 0005 0708 9100 c0000201";

/** The extensions behind those of an agent without router addresses. */
function advertised(text: string) {
  const message = decoded(`0910 0000 0002001e ${AGENT} ${text}`);
  assert(message.name === "router-advertisement");
  return message.extensions.slice(1);
}

test("RFC 4721 §2: the challenge is all of extension 24, and not empty [4721-2-01]", () => {
  assert.deepEqual(advertised("18 04 01020304"), [
    { name: "challenge-extension", challenge: hex("01020304") },
  ]);
  refused(`0910 0000 0002001e ${AGENT} 18 00`);
});

test("RFC 4064 §4.2, §4.4: 127 and 255 have no sub-type in ICMP, and 127 spoils nothing [4064-4.2-01] [4064-4.2-02] [4064-4.4-01]", () => {
  assert.deepEqual(advertised("7f 02 aabb ff 00"), [
    {
      name: "non-skippable-icmp-router-discovery-experimental-extension",
      opaque: hex("aabb"),
    },
    { name: "skippable-icmp-router-discovery-experimental-extension", opaque: hex("") },
  ]);
});

test("RFC 3846 §3: extension 136 has the sub-types that it has in control messages [3846-3-01] [3846-3-02]", () => {
  assert.deepEqual(advertised("88 05 03 61406263 88 02 09 7a"), [
    { name: "foreign-agent-nai", nai: "a@bc" },
    { name: "nai-carrying-extension", subtype: 9, data: hex("7a") },
  ]);
});

test("RFC 4065 §3: the CARD options are known by name and kept as octets", () => {
  assert.deepEqual(advertised("89 01 01 8a 00 8b 01 02"), [
    { name: "card-mn-ar-signature-option", data: hex("01") },
    { name: "card-request-option", data: hex("") },
    { name: "card-reply-option", data: hex("02") },
  ]);
});

test("RFC 4881 §9: a Proxy Router Solicitation is a solicitation with extension 140 [4881-9-01] [4881-9.3-01] [4881-9.5-01] [4881-9.6-01] [4881-3.3-02]", () => {
  const message = decoded("0a00 0000 00000000 8c 05 05 c0000201 8c 05 06 00000007");
  assert(message.name === "router-solicitation");
  assert.deepEqual(
    message.extensions.map(({ name }) => name),
    ["solicited-ipv4-address", "access-point-identifier"],
  );
  const [advertisement] = advertised("8c 07 03 020000000001");
  assert.equal(advertisement?.name, "ethernet-48-bit-mac-address");
});

test("Registration Reply codes: all that are registered have a meaning, and a range [5944-6.4-01]", () => {
  assert.equal(Object.keys(REPLY_CODES).length, 77);
  const origins = [2, 63, 64, 127, 128, 192, 193, 194, 200, 201, 210, 211].map(replyOrigin);
  assert.deepEqual(origins, [
    "home-agent",
    "unknown",
    "foreign-agent",
    "foreign-agent",
    "home-agent",
    "home-agent",
    "gateway-foreign-agent",
    "foreign-agent",
    "gateway-foreign-agent",
    "correspondent-node",
    "correspondent-node",
    "unknown",
  ]);
});

test("RFC 4636 §4: an FA error status is one of the foreign agent's own codes", () => {
  const codes = Object.keys(FA_ERROR_STATUS).map(Number);
  assert(codes.every((code) => replyOrigin(code) === "foreign-agent"));
  assert.equal(FA_ERROR_STATUS[68], "home agent failed authentication");
  assert.equal(FA_ERROR_STATUS[128], undefined);
});

test("RFC 3519 §3.2.1, RFC 6521 §5.2: codes below 64 and below 16 assent", () => {
  assert.deepEqual([0, 63, 64, 255].map(assentsToUdpTunnel), [true, true, false, false]);
  assert.deepEqual([0, 15, 16, 31].map(assentsToRouteOptimization), [true, true, false, false]);
});
