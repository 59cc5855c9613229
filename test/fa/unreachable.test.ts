/** ICMP errors about relayed requests: RFC 5944 §3.7.3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { Bench, FA, oneSend, replyIn } from "./harness.ts";

/** An ICMP error that quotes a relayed request as the kernel would deliver it. */
function icmpError(type: number, code: number, relayed: SendUdp, quoted: number): Uint8Array {
  const ip = Uint8Array.of(0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...new Uint8Array(8));
  const view = new DataView(ip.buffer);
  view.setUint32(12, relayed.source);
  view.setUint32(16, relayed.destination);
  const udp = Uint8Array.of(1, 0xb2, 1, 0xb2, 0, 0, 0, 0, ...relayed.payload.subarray(0, quoted));
  const bytes = Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0, ...ip, ...udp);
  const sum = internetChecksum(bytes);
  bytes[2] = sum >>> 8;
  bytes[3] = sum & 255;
  return bytes;
}

const unreachable = (bench: Bench, payload: Uint8Array) =>
  bench.agent.handle(
    {
      type: "icmp",
      interface: undefined,
      linkSource: undefined,
      source: ipv4("203.0.113.254"),
      destination: FA,
      ttl: 60,
      payload,
    },
    bench.now,
  );

test("RFC 5944 §3.7.3: ICMP errors for a relayed request become codes 80, 81, 82, 88 [5944-3.7.3-01]", () => {
  for (const [type, icmpCode, code] of [
    [3, 0, 80],
    [3, 1, 81],
    [3, 3, 82],
    [3, 2, 88],
    [3, 13, 88],
    [11, 0, 88],
  ] as const) {
    for (const quoted of [0, 24]) {
      const bench = Bench.up();
      const relayed = oneSend(bench.request());
      const effects = unreachable(bench, icmpError(type, icmpCode, relayed, quoted));
      assert.equal(replyIn(oneSend(effects)).code, code);
      assert.deepEqual(bench.visitors(), []);
    }
  }
});

test("ICMP errors about something else, or malformed, change nothing", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  const other = { ...relayed, destination: ipv4("203.0.113.1") };
  assert.deepEqual(unreachable(bench, icmpError(3, 1, other, 24)), []);
  const changed = {
    ...relayed,
    payload: relayed.payload.map((octet, i) => (i === 20 ? octet ^ 1 : octet)),
  };
  assert.deepEqual(unreachable(bench, icmpError(3, 1, changed, 24)), []);
  const whole = icmpError(3, 1, relayed, 24);
  for (let length = 0; length < 36; length++) {
    assert.deepEqual(unreachable(bench, whole.subarray(0, length)), []);
  }
  whole[3] = (whole[3] ?? 0) ^ 1;
  assert.deepEqual(unreachable(bench, whole), []);
  assert.equal(bench.visitors()[0]?.state, "pending");
});
