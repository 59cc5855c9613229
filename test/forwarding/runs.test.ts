/** Segments that differ in nothing the data path looks at: it sees the first, and what it does is done with all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { TunnelEntry } from "../../shared/forwarding/tunnel-table.ts";
import { fromPeer, openPath } from "./fake-path.ts";
import { entry, type Fields, HOME, packet, ROOM } from "./packets.ts";

const UDP = { encapsulation: "ipip", udpPort: 434 } as const;
const OUT = entry(UDP);
const IN = entry({ ...UDP, direction: "in" });
const OTHER = ipv4("192.0.2.99");

/** Segments for the node, numbered in their last octet; the last is the shortest. */
function segments(count: number, fields: Fields = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const payload = new Uint8Array(i === count - 1 ? 21 : 40);
    payload[payload.length - 1] = i;
    return packet({ protocol: 6, flags: 0x4000, payload, ...fields }).slice(ROOM);
  });
}

const open = (...entries: TunnelEntry[]) => openPath({ entries, share: { isOpen: true } });
const numbers = (packets: readonly Uint8Array[]) => packets.map((bytes) => bytes.at(-1));
const SUM = 60 + 60 + 41;

test("a run goes into its tunnel as its first segment does, and is counted whole", () => {
  const path = open(OUT);
  path.enterRuns(segments(3), segments(1), segments(3));
  assert.deepEqual(numbers(path.shared.sent), [0, 0, 0]);
  const [tunnel] = path.table.tunnels();
  assert.deepEqual([tunnel?.packetsOut, tunnel?.bytesOut], [7, 2 * SUM + 41]);
  assert.equal(path.counters.get("tunnel-send-refused"), 0);
});

test("a run comes out of its tunnel as its first segment does, and is counted whole", () => {
  const path = open(OUT, IN);
  const arrived = segments(3).map((inner) => fromPeer(UDP, inner));
  path.arriveRuns(arrived, arrived.slice(2), arrived);
  assert.deepEqual(numbers(path.delivered), [0, 2, 0]);
  assert.equal(path.delivered[0]?.length, 60);
  const [tunnel] = path.table.tunnels();
  assert.deepEqual([tunnel?.packetsIn, tunnel?.bytesIn], [7, 2 * SUM + 41]);
  assert.equal(path.counters.get("tunnel-anchor-refused"), 0);
});

test("outer Identifications of a run are its own: the next packet has one behind them", () => {
  const path = openPath();
  path.enterRuns(segments(3), segments(1));
  const [first = 0, second = 0] = path.sent.map((bytes) => (bytes[4] ?? 0) * 256 + (bytes[5] ?? 0));
  assert.equal(second - first, 3);
});

/** What makes each segment's fate its own. */
const APART: readonly (readonly [string, readonly TunnelEntry[], Fields?])[] = [
  ["simultaneous bindings (RFC 5944 §4.2.3)", [OUT, { ...OUT, remote: OTHER }]],
  ["minimal encapsulation", [entry({ encapsulation: "minimal" })]],
  ["a tunnel of a mobile router (RFC 5177 §7)", [{ ...OUT, router: ipv4("10.1.0.1") }]],
  ["a source that is the tunnel's exit (RFC 2003 §3.2)", [OUT], { source: "192.0.2.1" }],
  ["no tunnel", [{ ...OUT, address: OTHER }]],
];
for (const [what, entries, fields] of APART) {
  test(`on the way in each segment by itself, in order: ${what}`, () => {
    const [together, alone] = [open(...entries), open(...entries)];
    together.enterRuns(segments(1, fields), segments(3, fields), segments(1, fields));
    for (const list of [segments(1, fields), segments(3, fields), segments(1, fields)]) {
      alone.enter(...list);
    }
    assert.deepEqual(numbers(together.shared.sent), numbers(alone.shared.sent));
    assert.deepEqual(together.sent, alone.sent);
    assert.deepEqual(together.counters.toJson(), alone.counters.toJson());
  });
}

test("on the way in each segment by itself: a path that is too narrow, a node that may have to wait", () => {
  const path = open(OUT);
  for (const tunnel of path.table.tunnels()) tunnel.mtu = 59;
  path.enterRuns(segments(3));
  assert.deepEqual(numbers(path.shared.sent), [2]);
  assert.equal(path.counters.get("tunnel-path-too-narrow"), 2);

  const waiting = open(OUT);
  const limits = { packets: 9, octets: 9000, time: 1000 };
  const item = { kind: "handover", address: HOME, hold: true, limits } as const;
  waiting.path.waiting.set("handover/x", { ...item, intercept: false, tunnel: undefined });
  waiting.enterRuns(segments(3));
  assert.deepEqual(waiting.shared.sent, []);
  assert.equal(waiting.counters.get("handover-buffered"), 3);
  waiting.path.close();
});

test("on the way out each segment by itself: a stranger's, a congestion mark, copies, another tunnel behind", () => {
  const inner = segments(3);
  const arrived = inner.map((bytes) => fromPeer(UDP, bytes));
  const stranger = open(OUT, { ...IN, remote: OTHER });
  stranger.arriveRuns(arrived);
  assert.equal(stranger.counters.get("tunnel-no-binding"), 3);
  assert.equal(stranger.strangers.length, 3);

  // RFC 6040 §4.2: CE goes into what can carry it.
  const marked = open(OUT, IN);
  marked.arriveRuns(segments(3, { tos: 2 }).map((bytes) => withMark(fromPeer(UDP, bytes))));
  assert.deepEqual(
    marked.delivered.map((bytes) => bytes[1]),
    [3, 3, 3],
  );

  const twice = open(IN, { ...IN, remote: OTHER });
  twice.arriveRuns(arrived);
  assert.deepEqual(numbers(twice.delivered), [0, 1, 2]);

  const onward = open({ ...OUT, remote: OTHER }, { ...IN, onward: true });
  onward.arriveRuns(arrived);
  assert.deepEqual(onward.delivered, []);
  // The share here sends no single packet.
  assert.equal(onward.counters.get("tunnel-send-EIO"), 3);
});

function withMark(bytes: Uint8Array): Uint8Array {
  bytes[1] = (bytes[1] ?? 0) | 3;
  return bytes;
}
