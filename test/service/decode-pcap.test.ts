/** `decode --pcap`: what is found in a capture, and what is said when it is not whole. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { ipPacket, join, pcap, type Recorded, udp } from "../wire/capture-files.ts";
import { decode, decodeJson, octets, REQUEST } from "./decode-run.ts";
import { temporaryDirectory } from "./support.ts";

function captureFile(
  context: TestContext,
  records: readonly Recorded[],
  linkType?: number,
): string {
  const file = joinPath(temporaryDirectory(context), "c.pcap");
  const form = { little: true, nano: false, ...(linkType === undefined ? {} : { linkType }) };
  writeFileSync(file, pcap(records, form));
  return file;
}

const registration = ipPacket(17, udp(1000, 434, octets(REQUEST)), {
  source: 0x0a010007,
  destination: 0xc6336401,
});

test("decode: a message inside tunnels has its own addresses and a list of the tunnels", async (t) => {
  const gre = join([0x20, 0, 8, 0, 0, 0, 0, 7], registration);
  const bytes = ipPacket(17, udp(434, 434, join([4, 47, 0, 0], gre)));
  const file = captureFile(t, [{ time: 1500, bytes }]);
  const [message, ...others] = await decodeJson("--pcap", file);
  assert.deepEqual(others, []);
  const { packet, time, source, destination, type, tunnels } = message ?? {};
  assert.deepEqual(
    [packet, time, source, destination, type],
    [1, "1970-01-01T00:00:01.500Z", "10.1.0.7", "198.51.100.1", 1],
  );
  const ends = { source: "192.0.2.7", destination: "192.0.2.1" };
  assert.deepEqual(tunnels, [
    { encapsulation: "udp", ...ends },
    { encapsulation: "gre", ...ends, key: 7 },
  ]);
  assert.deepEqual(Object.keys(message ?? {}).slice(0, 6), [
    "packet",
    "time",
    "source",
    "destination",
    "type",
    "name",
  ]);
  const { out } = await decode("--pcap", file);
  assert.match(
    out,
    /^#1 1970-01-01T00:00:01\.500Z 10\.1\.0\.7 -> 198\.51\.100\.1\n {2}in udp 192\.0\.2\.7 -> 192\.0\.2\.1\n {2}in gre 192\.0\.2\.7 -> 192\.0\.2\.1, key 7\nregistration-request/,
  );
});

test("decode: ordinary traffic says nothing and is no failure", async (t) => {
  const others = [
    ipPacket(17, udp(53, 53, octets(REQUEST))),
    ipPacket(1, Uint8Array.of(8, 0, 0, 0)),
    ipPacket(4, ipPacket(6, octets(REQUEST))),
    Uint8Array.of(0x60, 0, 0, 0),
  ];
  const file = captureFile(
    t,
    others.map((bytes, i) => ({ time: i, bytes })),
  );
  for (const words of [
    ["--pcap", file],
    ["--pcap", file, "--json"],
  ]) {
    assert.deepEqual(await decode(...words), { code: 0, out: "", err: "" });
  }
  assert.deepEqual(await decode("--pcap", captureFile(t, [])), { code: 0, out: "", err: "" });
});

test("decode: a packet cut by a snap length is an error of its message, the others are decoded", async (t) => {
  const whole = { time: 0, bytes: registration };
  const { length } = registration;
  const cut = (octetsLeft: number) => ({
    time: 0,
    bytes: registration.subarray(0, octetsLeft),
    sent: length,
  });
  const file = captureFile(t, [whole, cut(length - 9), whole, cut(28)]);
  const messages = await decodeJson("--pcap", file);
  assert.deepEqual(
    messages.map(({ packet, error }) => [packet, error ?? null]),
    [
      [1, null],
      [
        2,
        {
          code: "truncated",
          field: "care_of_address",
          offset: 12,
          message: "captured 15 of 24 octets",
        },
      ],
      [3, null],
      [4, { code: "truncated", field: "type", offset: 0, message: "captured 0 of 24 octets" }],
    ],
  );
  assert.equal(messages[1]?.home_agent, "198.51.100.1");
  const { code, out } = await decode("--pcap", file);
  assert.equal(code, 1);
  assert.match(
    out,
    /MALFORMED: care_of_address at octet 12: captured 15 of 24 octets \(truncated\)/,
  );
});

test("decode: a capture that cannot be read, or not be searched, is a failure with its reason", async (t) => {
  const directory = temporaryDirectory(t);
  const missing = await decode("--pcap", joinPath(directory, "none"));
  assert.deepEqual([missing.code, missing.out], [1, ""]);
  assert.match(missing.err, /none: cannot be read \(ENOENT\)\n$/);
  assert.match((await decode("--pcap", directory)).err, /cannot be read \(EISDIR\)/);
  const empty = joinPath(directory, "empty");
  writeFileSync(empty, "");
  assert.match((await decode("--pcap", empty)).err, /empty: at octet 0: the file is empty\n$/);
  const radio = captureFile(t, [{ time: 0, bytes: registration }], 127);
  const { code, out, err } = await decode("--pcap", radio);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /link type 127 is not known, 1 packets not searched/);
});

test("decode: any octets in a capture are searched without an exception", async (t) => {
  const packets = fc.array(
    fc.tuple(fc.constantFrom(1, 4, 17, 47, 55), fc.uint8Array({ maxLength: 120 })),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(packets, async (list) => {
      const records = list.map(([protocol, bytes]) => ({
        time: 0,
        bytes: ipPacket(protocol, bytes),
      }));
      const { err } = await decode("--pcap", captureFile(t, records));
      assert.equal(err, "");
    }),
    { numRuns: 100 },
  );
});
