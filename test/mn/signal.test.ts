/** A signal that gets weak: the access point that is gone to, and when. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnConfig } from "../../mn/config.ts";
import { SignalTriggers, strongest } from "../../mn/signal.ts";
import type { Mac } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { HostLink } from "../../shared/service/runtime/parts.ts";
import { connected, RadioKernel, type Seen, scanned, signal } from "../linux/wireless.ts";
import { NO_IO } from "../no-io.ts";
import { settle, ToyClock } from "../service/toy-clock.ts";

const OURS = "02:00:00:00:01:01" as Mac;
const NEXT = "02:00:00:00:02:01" as Mac;
const OTHER = "02:00:00:00:03:01" as Mac;
const INDEX = 3;

class Site {
  readonly kernel = new RadioKernel();
  readonly clock = new ToyClock();
  readonly counters = new Counters();
  readonly problems = new Map<string, string | undefined>();
  /** Commands to the core, and to wpa_supplicant, in their order. */
  readonly told: string[] = [];
  settles = true;
  readonly triggers = new SignalTriggers({
    io: { ...NO_IO, openGenericNetlink: this.kernel.open, openLocal: () => this.#supplicant() },
    clock: this.clock,
    counters: this.counters,
    command: (name, args) => {
      this.told.push(`${name} ${args.to}`);
      const outcome = { ok: true, message: "" };
      return this.settles ? Promise.resolve(outcome) : new Promise(() => {});
    },
    problems: {
      set: (key, message) => this.problems.set(key, message),
      drop: (key) => this.problems.delete(key),
    },
    monitor: {
      link: (name) => (name === "wlan0" ? ({ index: INDEX } as HostLink) : undefined),
      isLocal: () => false,
      onChange: () => {},
      close: () => {},
    },
  });

  async wire(more: object = {}): Promise<void> {
    const signals = { signal_threshold: -70, signal_hysteresis: 4, signal_advantage: 8 };
    this.triggers.rewire({
      fast_handover: { enabled: true, supplicant: "/run/wpa", ...signals, ...more },
      interface: [{ name: "wlan0" }],
    } as unknown as MnConfig);
    await settle();
  }

  async say(body: Uint8Array): Promise<void> {
    this.kernel.tell(body);
    await settle();
  }

  sees(...others: Seen[]): void {
    this.kernel.seen = [{ mac: OURS, signal: -75, isOurs: true }, ...others];
  }

  #supplicant() {
    let tell: (message: Uint8Array) => void = () => {};
    return {
      onMessage: (handler: (message: Uint8Array | undefined) => void) => {
        tell = handler;
      },
      send: (message: Uint8Array) => {
        const command = new TextDecoder().decode(message);
        if (command !== "ATTACH" && command !== "PING") this.told.push(command);
        queueMicrotask(() => tell(new TextEncoder().encode("OK\n")));
        return undefined;
      },
      close: () => {},
    };
  }
}

test("a weak signal: the handover is prepared first, then the station is told to change", async () => {
  const site = new Site();
  site.sees({ mac: NEXT, signal: -60 });
  await site.wire();
  assert.deepEqual(site.kernel.asked, [63], "the threshold is set");
  await site.say(signal(INDEX, true, -75));
  assert.deepEqual(site.told, [`handover ${NEXT}`, `ROAM ${NEXT}`]);
  assert.deepEqual(site.counters.toJson(), { "signal-handovers": 1, "signal-low": 1 });
});

test("nobody stronger is known: a scan is asked for, and what it finds is gone to", async () => {
  const site = new Site();
  site.sees({ mac: NEXT, signal: -72 });
  await site.wire();
  await site.say(signal(INDEX, true, -75));
  assert.deepEqual(site.told, ["SCAN"]);
  await site.say(scanned(INDEX));
  assert.deepEqual(site.told, ["SCAN"], "one scan for each alarm");
  site.sees({ mac: NEXT, signal: -55 });
  await site.say(scanned(INDEX));
  assert.deepEqual(site.told, ["SCAN", `handover ${NEXT}`, `ROAM ${NEXT}`]);
});

test("a signal that is good again, a scan at a good signal, another interface: nothing is done", async () => {
  const site = new Site();
  site.sees({ mac: NEXT, signal: -40 });
  await site.wire();
  await site.say(scanned(INDEX));
  await site.say(signal(INDEX, false, -60));
  await site.say(scanned(INDEX));
  await site.say(signal(INDEX + 1, true, -90));
  assert.deepEqual(site.told, []);
});

test("an agent that does not answer keeps the station a second at most, and the pause holds ping-pong", async () => {
  const site = new Site();
  site.settles = false;
  site.sees({ mac: NEXT, signal: -60 });
  await site.wire();
  await site.say(signal(INDEX, true, -75));
  assert.deepEqual(site.told, [`handover ${NEXT}`]);
  await site.clock.advance(1000);
  assert.deepEqual(site.told, [`handover ${NEXT}`, `ROAM ${NEXT}`]);
  await site.say(connected(INDEX, NEXT));
  assert.deepEqual(site.kernel.asked.filter((command) => command === 63).length, 2);
  await site.say(signal(INDEX, true, -75));
  assert.equal(site.told.length, 2, "within five seconds of the last one");
});

test("without supplicant the handover is made ready, and a hook changes the link", async () => {
  const site = new Site();
  site.sees({ mac: NEXT, signal: -60 });
  await site.wire({ supplicant: undefined });
  await site.say(signal(INDEX, true, -75));
  assert.deepEqual(site.told, [`handover ${NEXT}`]);
});

test("without a threshold, and after a reload without one, no radio is watched", async () => {
  const site = new Site();
  await site.wire({ signal_threshold: undefined });
  assert.equal(site.kernel.isWatched, false);
  await site.wire();
  assert.equal(site.kernel.isWatched, true);
  await site.wire({ enabled: false });
  assert.equal(site.kernel.isWatched, false);
  assert.deepEqual([...site.problems.keys()], []);
});

test("gone to is the strongest of the same network that was heard lately and is strong enough", () => {
  const entry = (mac: Mac, level: number, more = {}) => {
    return { mac, network: "aa", signal: level, isOurs: false, age: 0, ...more };
  };
  const ours = entry(OURS, -75, { isOurs: true });
  const next = entry(NEXT, -65);
  assert.equal(strongest([ours, next, entry(OTHER, -66)], 8), next);
  assert.equal(strongest([ours, entry(OTHER, -50, { network: "bb" }), next], 8), next);
  assert.equal(strongest([ours, entry(OTHER, -50, { age: 30_001 }), next], 8), next);
  assert.equal(strongest([ours, next], 11), undefined);
  assert.equal(strongest([next], 0), undefined, "not connected");
});
