/** The states of the mobile node: every (state, trigger) pair. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type MnState, TRANSITIONS, type Trigger } from "../../mn/core/state.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Event } from "../../shared/protocol/core.ts";
import {
  advertisement,
  FA1,
  FA2,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  Timeline,
} from "./bench.ts";

const states = Object.keys(TRANSITIONS) as MnState[];
const triggers = Object.keys(TRANSITIONS.home) as Trigger[];

/** A node in each state, in more than one way where there is more than one. */
const ways: Readonly<Record<MnState, readonly (() => Timeline)[]>> = {
  searching: [
    () => new Timeline(),
    () => {
      const line = Timeline.registered();
      line.linkDown();
      return line;
    },
  ],
  registering: [
    () => {
      const line = new Timeline();
      line.linkUp();
      line.event(advertisement());
      return line;
    },
  ],
  registered: [() => Timeline.registered()],
  handover: [
    () => {
      const line = Timeline.registered();
      line.linkDown();
      line.linkUp();
      line.event(advertisement({ source: FA2 }));
      return line;
    },
    () => {
      const line = Timeline.registered();
      line.event(homeAdvertisement());
      line.until(line.now);
      return line;
    },
  ],
  failed: [
    () => {
      const line = new Timeline();
      line.linkUp();
      line.event(advertisement());
      line.accept({ code: 64, home: [] });
      return line;
    },
  ],
  home: [
    () => {
      const line = new Timeline();
      line.linkUp();
      line.event(homeAdvertisement());
      line.until(0);
      line.accept();
      return line;
    },
  ],
  deregistered: [
    () => {
      const line = Timeline.registered();
      line.command("deregister", 1);
      line.accept();
      return line;
    },
  ],
};

function replyIfAsked(line: Timeline, code: number): void {
  if (line.requests().length > 0) line.accept({ code });
}

/** The interface with an address of its own, as the system gave it one. */
function host(line: Timeline, address: Ipv4, mac = OWN_MAC): void {
  const addresses = [{ address, length: 24 }];
  const link = { up: true, mac, mtu: 1500, addresses, defaultRoute: { gateway: FA1 } };
  line.event({ type: "link", interface: "wlan0", link });
}

/** What makes each trigger happen. */
const actions: Readonly<Record<Trigger, readonly ((line: Timeline) => void)[]>> = {
  "link-up": [(line) => line.linkUp(), (line) => line.linkUp("wlan0", "02:00:00:00:00:99" as Mac)],
  "link-down": [(line) => line.linkDown()],
  "foreign-advertisement": [
    (line) => line.event(advertisement()),
    (line) => line.event(advertisement({ source: FA2 })),
    (line) => line.event(advertisement({ lifetime: 0 })),
    (line) => line.event(advertisement({ flags: 0 })),
    (line) => line.event(advertisement({ sequenceNumber: 0 })),
  ],
  "home-advertisement": [(line) => line.event(homeAdvertisement())],
  acceptance: [(line) => replyIfAsked(line, 0), (line) => replyIfAsked(line, 1)],
  denial: [66, 69, 128, 133].map((code) => (line: Timeline) => replyIfAsked(line, code)),
  time: [1, 1000, 5000, 40_000].map((wait) => (line: Timeline) => line.event(tick(line, wait))),
  register: [(line) => line.command("register", 50)],
  deregister: [(line) => line.command("deregister", 51)],
  shutdown: [(line) => line.event({ type: "shutdown" })],
};

function tick(line: Timeline, wait: number): Event {
  line.now += wait;
  return { type: "tick" };
}

test("Every (state, trigger) pair: nothing throws, and only the transitions of the table happen", () => {
  let pairs = 0;
  for (const state of states) {
    for (const trigger of triggers) {
      for (const way of ways[state]) {
        for (const action of actions[trigger]) {
          const line = way();
          assert.equal(line.node.state, state);
          action(line);
          const next = line.node.state;
          const legal = next === state || TRANSITIONS[state][trigger].includes(next);
          assert.ok(legal, `${state} --${trigger}--> ${next}`);
        }
      }
      pairs++;
    }
  }
  assert.equal(pairs, 70);
});

/** More of what can happen, for a node with two interfaces. */
const moreActions: Readonly<Partial<Record<Trigger, readonly ((line: Timeline) => void)[]>>> = {
  "link-up": [
    (line) => line.linkUp("eth0", "02:00:00:00:00:08" as Mac),
    (line) => host(line, ipv4("203.0.113.50")),
    (line) => host(line, ipv4("203.0.113.51")),
  ],
  "link-down": [(line) => line.linkDown("eth0")],
  "foreign-advertisement": [
    (line) => line.event(advertisement({ lifetime: 4 })),
    (line) => line.event(advertisement({ lifetime: 9000 })),
    (line) => line.event(advertisement({ source: FA2, interface: "eth0" })),
    (line) => line.event(advertisement({ source: FA2, interface: "eth0", lifetime: 0 })),
    (line) => line.event(advertisement({ source: FA2, flags: 0 })),
    (line) => line.event(advertisement({ careOf: [FA2] })),
  ],
  "home-advertisement": [
    (line) => line.event(homeAdvertisement({ lifetime: 4 })),
    (line) => line.event(homeAdvertisement({ lifetime: 0 })),
    (line) => line.event(homeAdvertisement({ flags: 0 })),
  ],
  time: [(line) => line.event(tick(line, 400_000))],
};

test("Walks through all states: only the transitions of the table happen, and nearly all of them do", () => {
  const seen = new Set<string>();
  const random = seededRandom(7);
  const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length] as T;
  for (let walk = 0; walk < 3000; walk++) {
    const line = new Timeline(makeConfig(), walk);
    for (let step = 0; step < 40; step++) {
      const before = line.node.state;
      const trigger = pick(triggers.filter((each) => each !== "shutdown" || step === 39));
      pick([...actions[trigger], ...(moreActions[trigger] ?? [])])(line);
      const { state } = line.node;
      if (state !== before) seen.add(`${before} --${trigger}--> ${state}`);
      line.until(line.now);
    }
  }
  const table = states.flatMap((state) =>
    triggers.flatMap((trigger) =>
      TRANSITIONS[state][trigger].map((next) => `${state} --${trigger}--> ${next}`),
    ),
  );
  assert.deepEqual(
    [...seen].filter((each) => !table.includes(each)),
    [],
  );
  assert.ok(seen.size >= table.length * 0.75, `${seen.size} of ${table.length} were seen`);
});

test("A tick that nobody asked for does nothing", () => {
  for (const state of states) {
    const line = ways[state][0]?.() ?? new Timeline();
    line.until(line.now);
    assert.deepEqual(line.event({ type: "tick" }), [], state);
    const items = line.node.forwarding();
    line.event({ type: "tick" });
    assert.equal(line.node.forwarding(), items, "the same object while nothing changes");
  }
});
