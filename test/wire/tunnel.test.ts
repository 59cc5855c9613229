/** The headers of tunnels against their figures: fields, options, checksums. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4 } from "../../shared/base/address.ts";
import type { WireError } from "../../shared/wire/error.ts";
import {
  GreFlag,
  type GreHeader,
  greChecksum,
  greChecksumFault,
  greHeader,
} from "../../shared/wire/tunnel/gre.ts";
import {
  type CompiledHeader,
  type HeaderValue,
  headerJson,
  readHeader,
  writeHeader,
} from "../../shared/wire/tunnel/header.ts";
import {
  type Ipv4Header,
  ipv4ChecksumFault,
  ipv4Header,
  ipv4HeaderChecksum,
} from "../../shared/wire/tunnel/ipv4.ts";
import {
  type MinimalForwardingHeader,
  minimalChecksum,
  minimalChecksumFault,
  minimalForwardingHeader,
} from "../../shared/wire/tunnel/minimal.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** The header that the octets begin with, which must be these octets again. */
function read<T extends CompiledHeader>(
  table: T,
  text: string,
): { readonly value: HeaderValue<T>; readonly end: number } {
  const bytes = hex(text);
  const header = readHeader(table, bytes);
  assert("value" in header, JSON.stringify(header));
  assert.deepEqual(writeHeader(table, header.value), bytes.subarray(0, header.end));
  return header;
}

function refused(table: CompiledHeader, text: string): WireError {
  const header = readHeader(table, hex(text));
  assert("code" in header, "a header that is refused");
  return header;
}

/** A header of RFC 791 §3.1 by hand; its words without the checksum add up to 479e. */
const OUTER = "45 00 0073 0000 40 00 40 11 b861 c0a80001 c0a800c7";

const outer: Ipv4Header = {
  name: "ipv4-header",
  version: 4,
  typeOfService: 0,
  totalLength: 0x73,
  identification: 0,
  flags: 2,
  fragmentOffset: 0,
  timeToLive: 64,
  protocol: 17,
  headerChecksum: 0xb861,
  sourceAddress: ipv4("192.168.0.1"),
  destinationAddress: ipv4("192.168.0.199"),
  options: new Uint8Array(),
};

test("RFC 791 §3.1: the IPv4 header, field by field [2003-3.1-01]", () => {
  assert.deepEqual(read(ipv4Header, `${OUTER} 0102`), { value: outer, end: 20 });
  assert.deepEqual(headerJson(ipv4Header, outer), {
    name: "ipv4-header",
    version: 4,
    ihl: 5,
    type_of_service: 0,
    total_length: 0x73,
    identification: 0,
    flags: { DF: true, MF: false },
    fragment_offset: 0,
    time_to_live: 64,
    protocol: 17,
    header_checksum: 0xb861,
    source_address: "192.168.0.1",
    destination_address: "192.168.0.199",
    options: "",
  });
});

test("RFC 791 §3.1: IHL counts the outer options alone, and follows from them [2003-3.1-02]", () => {
  const { value, end } = read(
    ipv4Header,
    "46 00 001c 0000 7fff 40 04 0000 c0000201 c0000202 01010100",
  );
  assert.equal(end, 24);
  assert.deepEqual(value.options, hex("01010100"));
  assert.equal(value.fragmentOffset, 0x1fff);
  assert.equal(value.flags, 3);
  // The bit without a name survives.
  assert.equal(read(ipv4Header, OUTER.replace("40 00 40", "c0 00 40")).value.flags, 6);
  const most = { ...outer, options: new Uint8Array(40) };
  assert.equal(writeHeader(ipv4Header, most)[0], 0x4f);
  assert.throws(() => writeHeader(ipv4Header, { ...outer, options: new Uint8Array(3) }));
  assert.throws(() => writeHeader(ipv4Header, { ...outer, options: new Uint8Array(44) }));
});

test("RFC 791 §3.1: a short, cut or foreign header is refused with its place", () => {
  assert.equal(refused(ipv4Header, OUTER.replace("45", "44")).code, "wrong-length");
  assert.equal(refused(ipv4Header, OUTER.replace("45", "46")).code, "truncated");
  assert.equal(refused(ipv4Header, OUTER.slice(0, -2)).code, "truncated");
  const foreign = refused(ipv4Header, OUTER.replace("45", "65"));
  assert.deepEqual([foreign.code, foreign.field, foreign.offset], ["wrong-type", "version", 0]);
});

test("RFC 791 §3.1: the header checksum covers the header alone", () => {
  const bytes = hex(`ffff ${OUTER} ffff`);
  assert.equal(ipv4HeaderChecksum(bytes, 2, 22), 0xb861);
  assert.equal(ipv4ChecksumFault(bytes, 2, 22), undefined);
  bytes[10] = 63;
  const fault = ipv4ChecksumFault(bytes, 2, 22);
  assert.deepEqual([fault?.field, fault?.offset], ["header_checksum", 12]);
});

test("a header is read where it stands, with nothing of it beyond the limit", () => {
  const bytes = hex(`aabbcc ${OUTER} 04 00 0000 c0000201`);
  const ip = readHeader(ipv4Header, bytes, 3);
  assert("value" in ip && ip.end === 23);
  assert("code" in readHeader(ipv4Header, bytes, 3, 22));
  const inner = readHeader(minimalForwardingHeader, bytes, ip.end);
  assert("value" in inner && inner.end === bytes.length);
  assert("code" in readHeader(minimalForwardingHeader, bytes, ip.end, 1000) === false);
});

/** By hand from the figure of RFC 2004 §3: 06 80 + 0a010007 + c6336401. */
const MINIMAL = "06 80 c542 0a010007 c6336401";

const minimal: MinimalForwardingHeader = {
  name: "minimal-forwarding-header",
  protocol: 6,
  flags: 1,
  reserved: 0,
  headerChecksum: 0xc542,
  originalDestinationAddress: ipv4("10.1.0.7"),
  originalSourceAddress: ipv4("198.51.100.1"),
};

test("RFC 2004 §3: with S the original source is there, 12 octets; without, 8 [2004-3-03] [2004-3-04] [2004-3-06]", () => {
  assert.deepEqual(read(minimalForwardingHeader, `${MINIMAL} ffff`), { value: minimal, end: 12 });
  const short = read(minimalForwardingHeader, "11 00 e4f7 0a010007 ffff");
  assert.equal(short.end, 8);
  assert.equal(short.value.originalSourceAddress, undefined);
  assert.equal(headerJson(minimalForwardingHeader, short.value).original_source_address, null);
  // Reserved bits are ignored, and survive.
  assert.equal(read(minimalForwardingHeader, "11 7f 0000 0a010007").value.reserved, 0x7f);
});

test("RFC 2004 §3: the checksum is over the 8 or 12 octets of the header alone [2004-3-07] [2004-3-09]", () => {
  const bytes = hex(`${MINIMAL} ffff`);
  assert.equal(minimalChecksum(bytes, 0, 12), 0xc542);
  assert.equal(minimalChecksumFault(bytes, 0, 12), undefined);
  bytes[4] = 11;
  assert.equal(minimalChecksumFault(bytes, 0, 12)?.code, "wrong-checksum");
  const short = hex("11 00 e4f7 0a010007");
  assert.equal(minimalChecksum(short, 0, 8), 0xe4f7);
});

test("RFC 2004 §3: a header that is cut short is refused [2004-3-09]", () => {
  assert.equal(refused(minimalForwardingHeader, "11 00 e4f7 0a0100").code, "truncated");
  const cut = refused(minimalForwardingHeader, MINIMAL.slice(0, -2));
  assert.deepEqual([cut.code, cut.field, cut.offset], ["truncated", "original_source_address", 8]);
});

const bare: GreHeader = {
  name: "gre-header",
  flags: 0,
  reserved0: 0,
  version: 0,
  protocolType: 0x0800,
  checksum: undefined,
  reserved1: undefined,
  key: undefined,
  sequenceNumber: undefined,
};

test("RFC 2784 §2.1, RFC 2890 §2: checksum, key and sequence number stand in this order, each with its bit [2784-2.1-01] [2784-2.6-01] [2890-2-01]", () => {
  assert.deepEqual(read(greHeader, "0000 0800 45"), { value: bare, end: 4 });
  assert.deepEqual(read(greHeader, "b000 0800 1111 0000 22222222 33333333 45"), {
    value: {
      ...bare,
      flags: GreFlag.C | GreFlag.K | GreFlag.S,
      checksum: 0x1111,
      reserved1: 0,
      key: 0x22222222,
      sequenceNumber: 0x33333333,
    },
    end: 16,
  });
  const keyed = read(greHeader, "2000 0800 ffffffff");
  assert.deepEqual([keyed.end, keyed.value.key], [8, 0xffffffff]);
  const numbered = read(greHeader, "1000 0800 00000001");
  assert.deepEqual([numbered.end, numbered.value.sequenceNumber], [8, 1]);
  assert.equal(refused(greHeader, "3000 0800 00000001").field, "sequence_number");
  assert.equal(refused(greHeader, "8000 0800 0000").field, "reserved1");
});

test("RFC 2784 §2.3: bit 1, 4 or 5 discards the packet, bits 6 to 12 are ignored and survive [2784-2.3-01] [2784-2.3-03]", () => {
  for (const first of ["4000", "0800", "0400"]) {
    assert.equal(refused(greHeader, `${first} 0800 0000000000000000`).code, "wrong-type");
  }
  assert.equal(read(greHeader, "03f8 0800").value.reserved0, 0x7f);
  assert.equal(writeHeader(greHeader, bare)[1], 0);
});

test("RFC 2784 §2.3.1: only version 0 is this protocol [2784-2.3.1-01]", () => {
  for (const version of [1, 2, 4, 7]) {
    assert.equal(refused(greHeader, `000${version} 880b`).field, "version");
  }
});

test("RFC 2784 §2.5: the checksum covers the header and the payload [2784-2.5-01] [2784-2.2-01] [2784-2.2-02]", () => {
  // 8000 + 0800 + 0102 + 0300 = 8c02
  const text = "8000 0800 73fd 0000 0102 03";
  const bytes = hex(text);
  const { value } = read(greHeader, text);
  assert.equal(greChecksum(bytes, 0, bytes.length), 0x73fd);
  assert.equal(greChecksumFault(value, bytes, 0, bytes.length), undefined);
  bytes[10] = 4;
  assert.equal(greChecksumFault(value, bytes, 0, bytes.length)?.code, "wrong-checksum");
  assert.equal(greChecksumFault(bare, hex("0000 0800 ffff"), 0, 6), undefined);
});

test("a field that does not go with its bit is our mistake", () => {
  assert.throws(() => writeHeader(greHeader, { ...bare, key: 1 }));
  assert.throws(() => writeHeader(greHeader, { ...bare, flags: GreFlag.K }));
});

test("a checksum is computed without touching the octets, a Node Buffer's neither", () => {
  const header = Buffer.from("4500001412340000400400000a0000010a000002", "hex");
  const before = header.toString("hex");
  const bare = Buffer.from(before, "hex");
  bare.writeUInt16BE(0xffff, 10);
  assert.equal(ipv4HeaderChecksum(header, 0, 20), ipv4HeaderChecksum(bare, 0, 20));
  assert.equal(header.toString("hex"), before);
  assert.equal(bare.readUInt16BE(10), 0xffff);
});

test("arbitrary octets never throw; what is read is written back as it was", () => {
  const tables: readonly CompiledHeader[] = [ipv4Header, minimalForwardingHeader, greHeader];
  fc.assert(
    fc.property(
      fc.constantFrom(...tables),
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 0, max: 8 }),
      (table, bytes, at) => {
        const header = readHeader(table, bytes, at);
        if ("code" in header) return;
        assert(header.end <= bytes.length);
        assert.deepEqual(writeHeader(table, header.value), bytes.slice(at, header.end));
      },
    ),
    { numRuns: 1000 },
  );
});
