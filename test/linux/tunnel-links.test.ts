/** Tunnel devices as rtnetlink has them; what the kernel makes of it test/machine shows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { marksOf } from "../../shared/forwarding/kernel-objects.ts";
import type { TunnelDevice, TunnelEnds } from "../../shared/forwarding/tunnel-device.ts";
import { parseDeviceCounts } from "../../shared/linux/device-counts.ts";
import { decodeTunnel, encodeTunnel } from "../../shared/linux/netlink/tunnel-links.ts";
import { NftPassages } from "../../shared/linux/nft-passages.ts";

const ENDS = { local: ipv4("198.51.100.1"), remote: ipv4("203.0.113.2"), udpPort: undefined };
const NO_KEYS = { greKeyIn: undefined, greKeyOut: undefined };

function device(ends: TunnelEnds, df: TunnelDevice["df"] = "set"): TunnelDevice {
  return { name: "mip436t1", number: 1, ends, df };
}

test("a tunnel device is told to the kernel octet by octet, TTL 64 and TOS as inside, and read back", () => {
  const ipip = device({ ...ENDS, ...NO_KEYS, encapsulation: "ipip" });
  const body = encodeTunnel(ipip, 1480);
  const hex = (text: string): string => text.replaceAll(" ", "");
  const expected = [
    "00000000000000000000000000000000",
    "0d000300 6d697034333674310000 0000",
    "08000400 c8050000",
    "44001200 09000100 6970697000000000 34000200",
    "08000200 c6336401 08000300 cb007102",
    "05000400 40000000 05000500 01000000 05000900 04000000 05000a00 01000000",
  ].map(hex);
  assert.equal(Buffer.from(body).toString("hex"), expected.join(""));
  assert.deepEqual(decodeTunnel(body, ipip.name, 1), ipip);
  for (const keys of [
    NO_KEYS,
    { greKeyIn: 5, greKeyOut: undefined },
    { greKeyIn: 0, greKeyOut: 0xfffffffe },
  ]) {
    for (const df of ["set", "copy"] as const) {
      const gre = device({ ...ENDS, ...keys, encapsulation: "gre" }, df);
      assert.deepEqual(decodeTunnel(encodeTunnel(gre, 1472), gre.name, 1), gre);
    }
  }
});

test("a device that is not as we make them is none of ours, and broken lengths are nothing at all", () => {
  const body = encodeTunnel(device({ ...ENDS, ...NO_KEYS, encapsulation: "ipip" }), 1480);
  const ttl = body.findIndex((_, i) => body[i] === 5 && body[i + 2] === 4 && body[i + 4] === 64);
  assert.equal(
    decodeTunnel(
      body.map((octet, i) => (i === ttl + 4 ? 0 : octet)),
      "x",
      1,
    ),
    undefined,
  );
  for (let length = 0; length < body.length - 8; length++) {
    assert.equal(decodeTunnel(body.subarray(0, length), "x", 1), undefined, `${length}`);
  }
});

test("what guards devices, as nft reads it: passages, exits, silence and clamping [2003-3.2-03] [2784-2.3-01]", () => {
  const passages = new NftPassages({
    marks: marksOf(436),
    match: "saddr",
    open: () => assert.fail("nothing is sent"),
  });
  const one = { kind: "passage", device: "mip436t1" } as const;
  const source = { ...one, set: "passages", address: ipv4("10.1.0.7") } as const;
  const exit = { ...one, set: "exits", address: ipv4("203.0.113.2") } as const;
  const lines = passages.script([source, exit], (overhead) => 1500 - overhead).split("\n");
  for (const line of [
    "add chain ip mip436t out-of-tunnel { type filter hook prerouting priority raw; }",
    "add rule ip mip436t out-of-tunnel meta iiftype ether accept",
    "add rule ip mip436t out-of-tunnel iifname . ip saddr @passages goto passed",
    'add rule ip mip436t out-of-tunnel iifname "mip436t*" drop',
    'add rule ip mip436t out-of-tunnel iifname "mip436k*" drop',
    'add rule ip mip436t passed iifname "mip436g*" tcp flags syn tcp option maxseg size set 1436',
    'add rule ip mip436t into-tunnel oifname "mip436t*" tcp flags syn tcp option maxseg size set rt mtu',
    'add element ip mip436t passages { "mip436t1" . 10.1.0.7 }',
    "add rule ip mip436t into-tunnel oifname . ip saddr @exits drop",
    "add chain ip mip436t forwarded { type filter hook forward priority mangle; }",
    "add rule ip mip436t forwarded goto into-tunnel",
    "add rule ip mip436t silence goto into-tunnel",
    'add element ip mip436t exits { "mip436t1" . 203.0.113.2 }',
    "add rule ip mip436t unknown-gre ip protocol gre @th,4,2 != 0 drop",
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(lines.some((line) => line.includes("silence") && line.endsWith("{ 4, 47 } drop")));
  assert.ok(!passages.script([], undefined).includes("maxseg"));
});

test("what the kernel has counted of its devices, from /proc/net/dev", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1052    14    0    0    0     0          0         0     1052      14    0    0    0     0       0          0
mip436t1:84000 1000    0    0    0     0          0         0   168000    2000    1    0    0     0       0          0
`;
  const counts = parseDeviceCounts(text).get("mip436t1");
  assert.deepEqual(counts, { packetsIn: 1000, packetsOut: 2000, bytesIn: 84000, bytesOut: 168000 });
  assert.equal(parseDeviceCounts("").size, 0);
});
