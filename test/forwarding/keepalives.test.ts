/** Keepalives through UDP tunnels: RFC 3519 §4.9. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PathNews } from "../../shared/forwarding/driver.ts";
import type { CoLocatedItem, VisitorItem } from "../../shared/forwarding/state.ts";
import { Keepalives } from "../../shared/forwarding/tun/keepalives.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { fromPeer, numbered, openPath } from "./fake-path.ts";
import { entry, HOME, packet, ROOM, TUNNEL } from "./packets.ts";

const FORM = { encapsulation: "ipip", udpPort: 434 } as const;
const item: VisitorItem = {
  ...FORM,
  kind: "visitor",
  homeAddress: HOME,
  interface: "lan0",
  mac: "02:00:00:00:00:07" as VisitorItem["mac"],
  homeAgent: TUNNEL.remote,
  careOfAddress: TUNNEL.local,
  reverse: true,
  delivery: "direct",
  plane: 0,
  keepalive: 110,
};
/** Outer header, UDP, and the header of tunnel data. */
const INNER = 20 + 8 + 4;

function watch(more: Partial<VisitorItem> = {}) {
  const path = openPath({ entries: [entry(FORM), entry({ ...FORM, direction: "in" })] });
  const told: PathNews[] = [];
  const keepalives = new Keepalives(
    path.table,
    (...about) => path.path.entrance.sendKeepalive(...about),
    (news) => told.push(news),
  );
  keepalives.set("a", { ...item, ...more }, 0);
  return { ...path, keepalives, told };
}

/** The same tunnel at a mobile node. */
const own: CoLocatedItem = {
  ...FORM,
  kind: "co-located",
  homeAddress: HOME,
  homeAgent: TUNNEL.remote,
  path: { interface: "wlan0", number: 1, careOfAddress: TUNNEL.local, gateway: undefined },
  reverse: true,
  keepalive: 30,
};

test("RFC 3519 §4.9: after K seconds without a packet an Echo Request goes to the home agent as tunnel data, from and to port 434 [3519-4.9-01, 3519-4.9-02, 3519-4.9-03, 3519-4.9-05]", () => {
  const { keepalives, sent, counters } = watch();
  for (const second of [1, 50, 109]) keepalives.look(second * 1000);
  assert.equal(sent.length, 0);
  keepalives.look(110_000);
  assert.equal(sent.length, 1);
  const bytes: Uint8Array = sent[0] ?? new Uint8Array();
  const view = new DataView(bytes.buffer);
  assert.equal(bytes[9], 17);
  assert.deepEqual([view.getUint16(20), view.getUint16(22)], [434, 434]);
  assert.deepEqual([bytes[28], bytes[29]], [4, 4], "tunnel data, IP inside");
  const inner = bytes.subarray(INNER);
  assert.equal(inner[9], 1);
  assert.equal(view.getUint32(INNER + 12), HOME);
  assert.equal(view.getUint32(INNER + 16), TUNNEL.remote);
  assert.equal(inner[20], 8);
  assert.equal(internetChecksum(inner, 0, 20), 0);
  assert.equal(internetChecksum(inner, 20), 0);
  keepalives.look(219_000);
  assert.equal(sent.length, 1);
  keepalives.look(220_000);
  assert.equal(sent.length, 2);
  assert.equal(counters.toJson()["tunnel-keepalives-sent"], 2);
});

test("RFC 3519 §4.9: what else is sent to the home agent puts a keepalive off; one that renews starts anew [3519-4.9-02]", () => {
  const { keepalives, sent, enter } = watch({ keepalive: 20 });
  keepalives.look(15_000);
  enter(numbered(1));
  keepalives.look(21_000);
  keepalives.look(40_000);
  assert.equal(sent.length, 1, "only the packet itself");
  keepalives.look(41_000);
  assert.equal(sent.length, 2);
  keepalives.set("a", { ...item, keepalive: 20 }, 60_000);
  keepalives.look(79_000);
  assert.equal(sent.length, 2);
});

test("two visitors of one tunnel need one keepalive, without one none goes, and none after the end", () => {
  const { keepalives, sent } = watch();
  keepalives.set("b", item, 0);
  keepalives.look(110_000);
  keepalives.look(111_000);
  assert.equal(sent.length, 1);
  keepalives.set("a", undefined, 0);
  keepalives.set("b", { ...item, keepalive: undefined }, 0);
  keepalives.set("b", { ...item, udpPort: undefined }, 0);
  keepalives.look(900_000);
  assert.equal(sent.length, 1);
});

test("the answer to a keepalive does not reach the visitor; its own echoes do", () => {
  const { keepalives, sent, arrive, delivered, counters } = watch({ keepalive: 10 });
  keepalives.look(10_000);
  const request = (sent[0] ?? new Uint8Array()).subarray(INNER);
  const answer = packet({
    source: "192.0.2.1",
    destination: "10.1.0.7",
    protocol: 1,
    payload: Uint8Array.from(request.subarray(20), (octet, i) => (i === 0 ? 0 : octet)),
  }).slice(ROOM);
  arrive(fromPeer(FORM, answer));
  assert.deepEqual(delivered, []);
  assert.equal(counters.toJson()["tunnel-keepalives-answered"], 1);
  const others = [
    answer.map((octet, i) => (i === 35 ? octet ^ 1 : octet)),
    answer.map((octet, i) => (i === 20 ? 8 : octet)),
  ];
  for (const other of others) arrive(fromPeer(FORM, other));
  assert.equal(delivered.length, 2);
});

/** A node's tunnel whose first keepalive was answered, as far as `isProven`. */
function watchOwn(isProven: boolean, more: Partial<CoLocatedItem> = {}) {
  const watched = watch();
  watched.keepalives.set("a", undefined, 0);
  const [tunnel] = watched.table.to(TUNNEL.remote);
  assert.ok(tunnel !== undefined);
  if (isProven) tunnel.echoesAnswered = 1;
  watched.keepalives.set("a", { ...own, ...more }, 0);
  return { ...watched, tunnel };
}

test("RFC 3519 §4.10: a node's keepalive without an answer is sent four times two seconds apart, then the node is told, once [3519-4.9-01, 3519-3.2-02]", () => {
  const { keepalives, sent, told } = watchOwn(true);
  for (const second of [30, 31, 32, 33, 34, 36]) keepalives.look(second * 1000);
  assert.equal(sent.length, 4);
  assert.deepEqual(told, []);
  keepalives.look(38_000);
  keepalives.look(39_000);
  assert.equal(sent.length, 4);
  const { local: careOfAddress, remote: homeAgent } = TUNNEL;
  assert.deepEqual(told, [{ careOfAddress, homeAgent, isLost: true }]);
});

test("RFC 3519 §4.10: anything that comes is an answer; who has never answered is not missed", () => {
  const answered = watchOwn(true);
  answered.keepalives.look(30_000);
  answered.tunnel.packetsIn++;
  for (const second of [31, 33, 40, 59]) answered.keepalives.look(second * 1000);
  assert.equal(answered.sent.length, 1);
  answered.keepalives.look(60_000);
  assert.equal(answered.sent.length, 2);
  const mute = watchOwn(false);
  for (let second = 1; second <= 130; second++) mute.keepalives.look(second * 1000);
  assert.equal(mute.sent.length, 4);
  assert.deepEqual(mute.told, []);
});

test("RFC 3519 §4.11: where the home agent waits for it the first keepalive goes at once, and again until something comes [3519-4.4-10]", () => {
  const { keepalives, sent, tunnel } = watchOwn(false, { awaitsKeepalive: true });
  assert.equal(sent.length, 1);
  keepalives.look(1000);
  assert.equal(sent.length, 2);
  tunnel.packetsIn++;
  for (const second of [2, 3, 20]) keepalives.look(second * 1000);
  assert.equal(sent.length, 2);
});
