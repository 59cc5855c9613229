/** Nodes between two links: what is kept, what is sent on, and in which order (RFC 4988 §4.2). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { realize } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import type { HandoverItem, HoldLimits } from "../../shared/forwarding/state.ts";
import { objectText } from "../../shared/forwarding/text.ts";
import type { LinkSocket } from "../../shared/linux/packet-io.ts";
import { fromPeer, numbered, numbersIn, openPath } from "./fake-path.ts";
import { entry, HOME, packet, ROOM, TUNNEL } from "./packets.ts";

const CONFIG: RealizeConfig = { role: "fa", routeTable: 434, rulePriority: 4340, hasNft: true };
const LIMITS: HoldLimits = { packets: 3, octets: 1000, time: 60_000 };
const NEXT = ipv4("192.0.2.65");
const IPIP = { encapsulation: "ipip" } as const;

function handover(values: Partial<HandoverItem> = {}): HandoverItem {
  const elsewhere = { intercept: true, tunnel: { local: TUNNEL.local, remote: NEXT } };
  return { kind: "handover", address: HOME, hold: false, limits: LIMITS, ...elsewhere, ...values };
}
const here = { intercept: false, tunnel: undefined };

/** A visitor's tunnel from its home agent, and what handovers of that visitor want. */
function openAgent() {
  const visitor = [
    entry({ direction: "in" }),
    entry({ direction: "out", match: "source", address: HOME }),
  ];
  const opened = openPath({ entries: visitor });
  let entries: ReturnType<typeof realize>["tunnels"] = [];
  const declare = (item: HandoverItem | undefined): void => {
    const wanted = item === undefined ? [] : realize(item, CONFIG).tunnels;
    for (const one of wanted) opened.table.add(one);
    for (const one of entries) opened.table.remove(one);
    entries = wanted;
    opened.path.waiting.set("handover/10.1.0.7", item);
  };
  const settle = (now = performance.now()): void => opened.path.waiting.settler()(now);
  const fromHome = (number: number): void => opened.arrive(fromPeer(IPIP, numbered(number)));
  return { ...opened, declare, settle, fromHome };
}

/** What went to the next access router. */
const sentOn = (sent: readonly Uint8Array[]) =>
  sent.filter((bytes) => bytes.slice(16, 20).join(".") === "192.0.2.65");

test("RFC 4988 §4.2: what is kept goes on first, in its order, and what comes then behind it [4988-4.2-07] [4988-4.1-04]", () => {
  const agent = openAgent();
  agent.fromHome(1);
  assert.deepEqual(numbersIn(agent.delivered), [1]);
  agent.declare(handover({ hold: true }));
  agent.settle();
  // Only a node's own packets must be looked for when the kernel's routes change.
  agent.path.waiting.follow();
  assert.equal(agent.drained.count, 0);
  agent.fromHome(2);
  agent.fromHome(3);
  assert.deepEqual(agent.sent, []);
  agent.declare(handover());
  // The kernel is not ready: order is kept by keeping.
  agent.fromHome(4);
  assert.deepEqual(agent.sent, []);
  agent.settle();
  agent.fromHome(5);
  assert.deepEqual(numbersIn(sentOn(agent.sent)), [2, 3, 4, 5]);
  assert.deepEqual(numbersIn(agent.delivered), [1]);
  assert.equal(agent.counters.get("handover-buffered"), 3);
  assert.equal(agent.counters.get("handover-relayed"), 4);
});

test("what is declared while the kernel is brought to an older state waits until the kernel has it, too", () => {
  const agent = openAgent();
  agent.declare(handover({ ...here, hold: true }));
  const older = agent.path.waiting.settler();
  agent.fromHome(1);
  agent.declare(handover(here));
  older();
  agent.fromHome(2);
  assert.deepEqual(agent.delivered, []);
  agent.settle();
  assert.deepEqual(numbersIn(agent.delivered), [1, 2]);
});

test("RFC 4988 §4.2: at the next router what is kept is delivered on the link once the node is seen [4988-5.5-05] [4988-4.2-13]", () => {
  const agent = openAgent();
  agent.declare(handover({ ...here, hold: true }));
  agent.settle();
  for (const number of [1, 2, 3]) agent.fromHome(number);
  assert.deepEqual(agent.delivered, []);
  agent.declare(handover(here));
  agent.settle();
  agent.fromHome(4);
  assert.deepEqual(numbersIn(agent.delivered), [1, 2, 3, 4]);
  assert.deepEqual(agent.sent, []);
});

test("what is kept is bounded in packets, octets and time, and what is dropped is counted", () => {
  const agent = openAgent();
  agent.declare(handover({ ...here, hold: true }));
  for (const number of [1, 2, 3, 4]) agent.fromHome(number);
  assert.equal(agent.counters.get("handover-buffer-full"), 1);
  agent.declare(handover({ ...here, hold: true, limits: { ...LIMITS, octets: 100 } }));
  agent.fromHome(5);
  assert.equal(agent.counters.get("handover-buffer-full"), 2);
  agent.declare(handover(here));
  agent.settle(performance.now() + 61_000);
  assert.deepEqual(agent.delivered, []);
  assert.equal(agent.counters.get("handover-buffer-expired"), 3);
  // The room is free again.
  agent.declare(handover({ ...here, hold: true }));
  for (const number of [6, 7, 8]) agent.fromHome(number);
  agent.declare(undefined);
  agent.settle();
  assert.equal(agent.counters.get("handover-buffer-dropped"), 3);
  agent.fromHome(9);
  assert.deepEqual(numbersIn(agent.delivered), [9]);
});

test("RFC 4988 §4.2: what the node sends at the next router goes into its reverse tunnel, or on its way [4988-4.2-19] [4068-3.1-03] [4068-4-16]", () => {
  const agent = openAgent();
  const outwards = packet({ source: "10.1.0.7", destination: "10.9.0.2", ttl: 9 }).slice(ROOM);
  const next = new Uint8Array(20 + outwards.length);
  next.set(fromPeer(IPIP, outwards));
  next.set(Uint8Array.of(192, 0, 2, 65), 12);
  // Without a binding it is a stranger's.
  agent.arrive(next);
  assert.deepEqual(agent.strangers, ["tunnel-no-binding"]);
  agent.declare(handover());
  agent.settle();
  agent.arrive(next);
  const [sent] = agent.sent.splice(0);
  assert.equal(sent?.slice(16, 20).join("."), "192.0.2.1");
  assert.equal(sent?.[20 + 8], 8, "a hop is counted");
  agent.table.remove(entry({ direction: "out", match: "source", address: HOME }));
  agent.arrive(next);
  assert.deepEqual(agent.delivered.length, 1);
  assert.deepEqual(agent.sent, []);
});

test("a packet that goes round between two routers ends with its time to live", () => {
  const agent = openAgent();
  agent.declare(handover());
  agent.settle();
  agent.arrive(fromPeer(IPIP, packet({ ttl: 1 }).slice(ROOM)));
  assert.deepEqual(agent.sent, []);
  assert.equal(agent.counters.get("handover-ttl-exceeded"), 1);
});

test("RFC 4988 §4.2: the binding intercepts what the kernel has for the address as well [4988-1-03]", () => {
  const { objects } = realize(handover(), CONFIG);
  assert.deepEqual(objects.map(objectText), ["route 10.1.0.7/32 dev mip434 table main scope link"]);
  assert.deepEqual(realize(handover({ ...here, hold: true }), CONFIG).objects, []);
  const agent = openAgent();
  agent.declare(handover({ hold: true }));
  agent.settle();
  agent.enter(numbered(1));
  agent.declare(handover());
  agent.settle();
  agent.enter(numbered(2));
  assert.deepEqual(numbersIn(sentOn(agent.sent)), [1, 2]);
});

test("what comes by the shorter way waits for what is still on the detour, and no longer", async () => {
  const agent = openAgent();
  const detour = { ...entry({ direction: "in" }), remote: NEXT };
  agent.table.add(detour);
  const around = (number: number): void => {
    const bytes = fromPeer(IPIP, numbered(number));
    bytes.set(Uint8Array.of(192, 0, 2, 65), 12);
    agent.arrive(bytes);
  };
  agent.declare(handover({ ...here, behind: NEXT }));
  agent.settle();
  around(1);
  agent.fromHome(4);
  around(2);
  agent.fromHome(5);
  around(3);
  assert.deepEqual(numbersIn(agent.delivered), [1, 2, 3]);
  while (agent.delivered.length < 5) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(numbersIn(agent.delivered), [1, 2, 3, 4, 5]);
  agent.fromHome(6);
  assert.deepEqual(numbersIn(agent.delivered).at(-1), 6);
  agent.path.close();
});

test("what a mobile node sends without a link waits for one, and leaves as it is", () => {
  const node = openPath({ entries: [] });
  const sent = (number: number) =>
    packet({ source: "10.1.0.7", destination: "10.9.0.2", payload: Uint8Array.of(number) }).slice(
      ROOM,
    );
  const declare = (hold: boolean) => {
    node.path.waiting.set("outgoing", { kind: "outgoing", address: HOME, hold, limits: LIMITS });
    node.path.waiting.settler()();
  };
  declare(true);
  node.enter(sent(1), sent(2));
  assert.deepEqual(node.sent, []);
  declare(false);
  assert.deepEqual(node.sent, [sent(1), sent(2)]);
  assert.deepEqual(node.opened.at(-1), { protocol: 255, address: HOME });
});

test("what a node kept goes to its new agent in frames before the kernel has the way, and what is read then behind it", async () => {
  const frames: unknown[] = [];
  const opened: string[] = [];
  const openLink = (name: string): LinkSocket => {
    opened.push(name);
    return {
      interface: name,
      isStale: false,
      onFrame: () => assert.fail("it is for sending"),
      send: (...frame) => void frames.push(frame),
      takeLost: () => 0,
      joinGroups: () => {},
      leaveGroups: () => {},
      close: () => {},
    };
  };
  const node = openPath({ entries: [], openLink });
  const sent = (number: number) => packet({ payload: Uint8Array.of(number) }).slice(ROOM);
  const from = (number: number) => {
    const bytes = sent(number);
    bytes.set(Uint8Array.of(10, 1, 0, 7), 12);
    return bytes;
  };
  const mac = "02:00:00:00:02:01" as Mac;
  const item = { kind: "outgoing", address: HOME, limits: LIMITS } as const;
  node.path.waiting.set("outgoing", { ...item, hold: true });
  node.enter(from(1), from(2));
  assert.deepEqual([frames, opened], [[], []]);
  node.path.waiting.follow();
  assert.equal(node.drained.count, 1);
  node.path.waiting.set("outgoing", { ...item, hold: false, router: { interface: "wlan0", mac } });
  // The node's own word that it has come leaves in this very step: the other router sends then.
  assert.deepEqual(frames, []);
  await Promise.resolve();
  assert.deepEqual(
    frames,
    [from(1), from(2)].map((bytes) => [mac, 0x0800, bytes]),
  );
  node.enter(from(3));
  assert.deepEqual(frames.at(-1), [mac, 0x0800, from(3)]);
  assert.deepEqual([node.sent, opened], [[], ["wlan0"]]);
  assert.equal(node.counters.get("handover-sent-late"), 1);
  // Nobody else's packets are sent.
  node.enter(sent(4));
  assert.equal(frames.length, 3);
});

test("what the kernel puts into the anchor for want of a carrier waits for the news of that, and goes first then", async (t) => {
  const frames: number[] = [];
  const openLink = (name: string): LinkSocket => ({
    interface: name,
    isStale: false,
    onFrame: () => assert.fail("it is for sending"),
    send: (_mac, _type, bytes) => void frames.push(bytes.at(-1) ?? 0),
    takeLost: () => 0,
    joinGroups: () => {},
    leaveGroups: () => {},
    close: () => {},
  });
  const node = openPath({ entries: [], openLink });
  const sent = (number: number) =>
    packet({ source: "10.1.0.7", payload: Uint8Array.of(number) }).slice(ROOM);
  const router = { interface: "wlan0", mac: "02:00:00:00:02:01" as Mac };
  const item = { kind: "outgoing", address: HOME, limits: LIMITS } as const;
  node.path.waiting.set("outgoing", { ...item, hold: false, router });
  await Promise.resolve();
  const later = performance.now() + 1001;
  t.mock.method(performance, "now", () => later);
  node.enter(sent(1), sent(2));
  assert.deepEqual(frames, []);
  node.path.waiting.set("outgoing", { ...item, hold: true });
  node.enter(sent(3));
  node.path.waiting.set("outgoing", { ...item, hold: false, router });
  await Promise.resolve();
  assert.deepEqual(frames, [1, 2, 3]);
  assert.equal(node.counters.get("tunnel-no-route"), 0);
});

test("what the kernel had put into the anchor just before there was a link again goes by that link, for a second and a hop", () => {
  const node = openPath({ entries: [] });
  const item = { kind: "outgoing", address: HOME, hold: true, limits: LIMITS } as const;
  const sent = (number: number, ttl = 9, source = "10.1.0.7") =>
    packet({ source, ttl, payload: Uint8Array.of(number) }).slice(ROOM);
  node.path.waiting.set("outgoing", item);
  node.path.waiting.settler()();
  node.path.waiting.set("outgoing", { ...item, hold: false });
  node.path.waiting.settler()();
  node.enter(sent(3));
  assert.deepEqual(node.sent, [sent(3, 8)]);
  assert.equal(node.counters.get("handover-sent-late"), 1);
  // No circle is without end, and nobody else's packets are sent.
  node.enter(sent(4, 1), sent(5, 9, "10.1.0.8"));
  assert.equal(node.path.waiting.sendsLate(sent(6), 0, performance.now() + 1001), false);
  assert.equal(node.sent.length, 1);
  assert.equal(node.counters.get("tunnel-no-route"), 2);
});
