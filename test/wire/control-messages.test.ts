/** Control messages and extensions where the RFCs are easily misread, octet for octet. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { HandoffFlag } from "../../shared/wire/control/low-latency-handoff.ts";
import { NotificationFlag } from "../../shared/wire/control/notification.ts";
import { RevocationFlag } from "../../shared/wire/control/revocation.ts";
import type { RouteRecord } from "../../shared/wire/control/route-records.ts";
import {
  BASE_EXTENSIONS,
  type ControlMessage,
  controlJson,
  controlMessages,
  decodeControl,
  encodeControl,
  RequestFlag,
  understanding,
} from "../../shared/wire/control.ts";
import type { AnyExtension } from "../../shared/wire/extension.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

const REPLY = "03 00 0001 0a010007 c6336401 ec9a1b2c00000001";
const FBU = "14 00 0000 0a010007 c6336401 c0000201 ec9a1b2c00000001";
const FBACK = "15 01 000a 0a010007 c6336401 ec9a1b2c00000001";

/** Decodes; the same octets must come back. */
function read(text: string): ControlMessage {
  const bytes = hex(text);
  const decoded = decodeControl(bytes);
  assert(decoded.ok, decoded.ok ? "" : decoded.error.message);
  assert.deepEqual(encodeControl(decoded.value.message), bytes);
  return decoded.value.message;
}

function extensionOf(text: string): AnyExtension & Record<string, unknown> {
  const [extension] = read(`${REPLY} ${text}`).extensions as readonly AnyExtension[];
  assert(extension !== undefined);
  return extension as AnyExtension & Record<string, unknown>;
}

function fault(text: string): string {
  const decoded = decodeControl(hex(text));
  assert(!decoded.ok, text);
  return `${decoded.error.code} ${decoded.error.field}`;
}

const faultOf = (text: string): string => fault(`${REPLY} ${text}`);

test("every message type has its fixed part, and one octet less is too few [3519-3.3-01, 3543-3.3-01, 3543-3.4-02, 4881-4.5-01, 4881-4.6-01, 4988-5.1-01, 4988-5.2-01, 6098-4.1-02, 6098-4.2-01, 6521-5.6-01, 6521-5.7-01, 6521-5.8-01, 6521-5.9-01, 4064-3-01]", () => {
  const octets: Record<number, number> = {
    1: 24,
    3: 20,
    4: 4,
    7: 20,
    15: 12,
    16: 24,
    17: 24,
    18: 24,
    19: 20,
    20: 24,
    21: 20,
    22: 24,
    23: 24,
    24: 10,
    25: 10,
    26: 20,
    27: 20,
    255: 1,
  };
  for (const [type, size] of Object.entries(octets)) {
    const bytes = new Uint8Array(size);
    bytes[0] = Number(type);
    assert(decodeControl(bytes).ok, `type ${type}`);
    if (size > 1) assert(!decodeControl(bytes.subarray(0, size - 1)).ok, `type ${type}, cut off`);
  }
  assert.deepEqual(
    Object.keys(controlMessages.byType).sort(),
    Object.keys(octets).sort(),
    "no other type is known",
  );
});

test("RFC 4988 §5.1: of a Fast Binding Update's 16 bits the low 10 are the lifetime [4988-5.1-03]", () => {
  const update = read("14 1c fc0a 0a010007 c6336401 c0000201 ec9a1b2c00000001");
  assert(update.name === "fast-binding-update");
  assert.equal(update.lifetime, 10);
  assert.equal(update.reserved, 0x3f);
  assert.equal(encodeControl({ ...update, reserved: 0 })[2], 0);
  assert.throws(() => encodeControl({ ...update, lifetime: 1024 }), /10 bits/);
});

test("RFC 4988 §5.1: the places of S and B have no name and survive [4988-5.1-02]", () => {
  const update = read("14 f8 000a 0a010007 c6336401 c0000201 ec9a1b2c00000001");
  assert(update.name === "fast-binding-update");
  const { D, M, G, T } = RequestFlag;
  assert.equal(update.flags & (D | M | G | T), D | M | G);
  assert.deepEqual(controlJson(update).flags, {
    D: true,
    M: true,
    G: true,
    r: false,
    T: false,
    x: false,
  });
});

test("RFC 4988 §5.2: the New IPv4 Address Option stands in an acknowledgment alone [4988-5.2-07, 4988-6.2-01]", () => {
  const option = "15 01 02 00 c0000263";
  const mnPar = `24 04 0014 00000100 ${"aa".repeat(16)}`;
  const acknowledgment = read(`${FBACK} ${option} ${mnPar}`);
  assert(acknowledgment.name === "fast-binding-acknowledgment");
  assert.equal(acknowledgment.lifetime, 10);
  assert.deepEqual(acknowledgment.extensions, [
    {
      name: "new-ipv4-address-option",
      optionCode: 2,
      reserved: 0,
      newIpv4Address: ipv4("192.0.2.99"),
    },
    { name: "mn-par-auth-extension", spi: 256, authenticator: new Uint8Array(16).fill(0xaa) },
  ]);
  assert.equal(fault(`${FBU} ${option}`), "unknown-mandatory-extension type");
  assert.equal(faultOf(option), "unknown-mandatory-extension type");
  assert.match(fault(`${FBACK} 15 00 02 00 c0000263`), /^wrong-length|^truncated/);
});

test("RFC 3543 §3.3: Home Domain Address comes before Foreign Domain Address [3543-3.3-01]", () => {
  const revocation = read("07 00 8000 0a010007 c6336401 c0000201 00000005");
  assert(revocation.name === "registration-revocation");
  assert.equal(revocation.flags, RevocationFlag.A);
  assert.equal(revocation.homeDomainAddress, ipv4("198.51.100.1"));
  assert.equal(revocation.foreignDomainAddress, ipv4("192.0.2.1"));
});

test("RFC 3543 §3.2: a longer Revocation Support Extension is read, its rest kept [3543-3.2-06, 3543-3.2-07]", () => {
  assert.deepEqual(extensionOf("89 06 8000 00000005").rest, hex(""));
  const longer = extensionOf("89 08 8000 00000005 abcd");
  assert.equal(longer.timestamp, 5);
  assert.deepEqual(longer.rest, hex("abcd"));
  assert.match(faultOf("89 05 8000 000000"), /^truncated/);
});

test("RFC 4881 §4.5: seven flags and 17 reserved bits share three octets [4881-4.5-01, 4881-4.5-02]", () => {
  const third = read("10 c1ffff 0000 0000 0a010007 c6336401 ec9a1b2c00000001");
  assert(third.name === "handoff-request");
  assert.equal(third.flags, HandoffFlag.H | HandoffFlag.N);
  assert.equal(third.reserved, 0x1ffff);
  const reply = read("11 0200 01 ffff 0000 0a010007 c6336401 ec9a1b2c00000001");
  assert(reply.name === "handoff-reply");
  assert.deepEqual([reply.flags, reply.code, reply.lifetime], [HandoffFlag.B, 1, 0xffff]);
});

test("RFC 6098 §4.1: six message directions, and A before 15 reserved bits [6098-4.1-02, 6098-4.1-03]", () => {
  const rest = "8000 0a010007 c6336401 c0000201 ec9a1b2c00000001";
  const notification = read(`16 05 ${rest}`);
  assert(notification.name === "generic-notification");
  assert.equal(notification.flags, NotificationFlag.A);
  assert.equal(fault(`16 06 ${rest}`), "wrong-code md");
  assert.equal(fault(`17 ff ${rest}`), "wrong-code md");
});

test("RFC 6521 §5.6: the return routability messages end where their figures do [6521-5.6-01, 6521-5.7-01, 6521-5.8-01]", () => {
  const init = read("18 00 0001020304050607");
  assert(init.name === "home-test-init");
  assert.equal(init.homeInitCookie, 0x0001020304050607n);
  assert.equal(fault("18 00 0001020304050607 00"), "wrong-length extensions");
});

test("RFC 4721 §5: extension 36 has a length of at least 20, whatever its sub-type [4721-5-01, 4721-5-02]", () => {
  const short = "00000100 000102030405060708090a0b0c0d0e";
  for (const subtype of ["01", "02", "03", "04", "09"]) {
    assert.match(faultOf(`24 ${subtype} 0013 ${short}`), /^truncated authenticator/);
    const extension = extensionOf(`24 ${subtype} 0014 ${short} 0f`);
    assert.equal(extension.spi, 256);
  }
  assert.equal(extensionOf(`24 09 0014 ${short} 0f`).subtype, 9);
});

test("unknown sub-types of known extensions are kept [3957-6.1-01, 3957-6.2-01, 3957-6.3-01, 3957-6.4-01, 6521-5.4-01]", () => {
  const data = "00000100 ab";
  const names: Record<string, string> = {
    "28 07 0005": "mn-fa-keygen-request",
    "29 07 0005": "mn-fa-keygen-reply",
    "2a 07 0005": "mn-ha-keygen-request",
    "2b 07 0005": "mn-ha-keygen-reply",
    "2d 06 01": "fa-error-extension",
    "31 06 09": "route-optimization-extensions",
    "32 02 0005": "route-optimization-data",
    "99 06 02": "mobile-router-route-optimization-capability-extension",
  };
  for (const [header, name] of Object.entries(names)) {
    assert.equal(extensionOf(`${header} ${data}`).name, name);
  }
});

test("RFC 3957 §6: a request of sub-type 1 has no data, a nonce at least 128 bits [3957-6.1-01, 3957-6.2-01, 3957-6.4-01]", () => {
  assert.equal(extensionOf("28 01 0004 00000400").mobileNodeSpi, 0x400);
  assert.match(faultOf("2a 01 0005 00000400 00"), /^wrong-length/);
  const spis = "00000e10 00000101 00000102";
  assert.match(faultOf(`29 01 001d ${spis} 0005 ${"cc".repeat(15)}`), /key_generation_nonce/);
  const reply = extensionOf(`2b 01 0020 ${spis} 0005 0002 ${"cc".repeat(16)}`);
  assert.deepEqual([reply.haSpi, reply.algorithmIdentifier, reply.replayMethod], [0x102, 5, 2]);
});

test("RFC 6521 §5.2: three flags and a code of 5 bits share an octet [6521-5.2-01]", () => {
  const reply = extensionOf("31 02 01 b0");
  assert.deepEqual([reply.flags, reply.code], [5, 16]);
  const extensions = [
    { name: "route-optimization-reply", flags: 0, code: 32 },
  ] as const satisfies ControlMessage["extensions"];
  const message = read(REPLY);
  assert(message.name === "registration-reply");
  assert.throws(() => encodeControl({ ...message, extensions }), /5 bits/);
});

test("RFC 6521 §5.1: the router's address is there with S alone [6521-5.1-01]", () => {
  assert.equal(extensionOf("99 06 01 20 0a010007").mobileRouterHoa, ipv4("10.1.0.7"));
  assert.equal(extensionOf("99 02 01 d0").mobileRouterHoa, undefined);
  assert.equal(faultOf("99 06 01 d0 0a010007"), "wrong-length length");
  assert.equal(faultOf("99 02 01 20"), "truncated mobile_router_hoa");
});

const router = "41 0a010007";
const data = (records: string) => {
  const length = hex(records).length.toString(16).padStart(4, "0");
  return `32 01 ${length} ${records}`;
};

test("RFC 6521 §4.1: the example of prefix compression, with realms [6521-4.1-01, 6521-5.5-01, 6521-5.5-02]", () => {
  const records = `${router} 1c c0000200 03616263 80 00  9a 09 00  99 05 81 00`;
  const of: readonly RouteRecord[] = [
    { kind: "mobile-router", delta: 0, info: 1, mobileRouterHoa: ipv4("10.1.0.7") },
    {
      kind: "prefix",
      delta: 0,
      prefixLength: 28,
      prefix: hex("c0000200"),
      realm: hex("0361626380"),
    },
    { kind: "prefix", delta: 1, prefixLength: 26, prefix: hex("09"), realm: hex("") },
    { kind: "prefix", delta: 1, prefixLength: 25, prefix: hex("05"), realm: hex("81") },
  ];
  assert.deepEqual(extensionOf(data(records)).records, of);
});

test("RFC 6521 §5.5: a prefix takes as many octets as its length rounded up [6521-4.1-01]", () => {
  for (let length = 0; length <= 32; length++) {
    const prefix = "ff".repeat(Math.ceil(length / 8));
    extensionOf(data(`${router} ${length.toString(16).padStart(2, "0")} ${prefix} 00`));
  }
  for (const length of ["21", "3f"]) {
    assert.match(faultOf(data(`${router} ${length} ffffffffffffffff 00`)), /^wrong-length records/);
  }
});

test("RFC 6521 §5.5: a router comes first, a whole prefix before a delta, a realm has its end [6521-5.5-01, 6521-5.5-02]", () => {
  const wrong = [
    "08 0a 00 0000",
    `${router} 88 0a 00`,
    `${router} 08 0a 03 6162`,
    `${router} 08 0a`,
    `${router} 41 0a0100`,
    `${router} 88 0a`,
  ];
  for (const records of wrong) assert.equal(faultOf(data(records)), "wrong-length records");
});

test("RFC 4064 §4: 127 is long and 255 short, both with a sub-type [4064-4.1-01, 4064-4.3-01]", () => {
  const long = extensionOf(`7f 05 0100 ${"ab".repeat(256)}`);
  assert.deepEqual([long.subtype, (long.opaque as Uint8Array).length], [5, 256]);
  assert.deepEqual(extensionOf("ff 03 05 abcd").opaque, hex("abcd"));
});

test("RFC 5944 §1.8: to an agent, an extension below 128 that it does not act on is unknown [4064-9-02, 4064-9-03, 5944-1.8-05]", () => {
  const base = understanding(new Set(BASE_EXTENSIONS));
  const understood = (text: string) => decodeControl(hex(`${REPLY} 00 ${text}`), base);
  const refused = understood("7f 05 0000");
  assert(!refused.ok);
  assert.deepEqual([refused.error.code, refused.error.offset], ["unknown-mandatory-extension", 21]);
  assert(understood("ff 01 05").ok);
  assert(understood("20 05 00000100 aa").ok);
  assert(!decodeControl(hex(`${REPLY} 84 00`)).ok, "a challenge of no octets");
  const passed = understood("84 00");
  assert(passed.ok);
  assert.deepEqual(passed.value.message.extensions[1], {
    name: "unknown",
    type: 132,
    data: hex(""),
  });
});
