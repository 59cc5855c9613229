/** Access points of a foreign agent: what hostapd says of its stations, as commands to the core. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FaConfig } from "../../fa/config.ts";
import { HostapdTriggers, stationEvent } from "../../fa/hostapd.ts";
import type { Mac } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { HostMonitor } from "../../shared/service/runtime/parts.ts";
import { eventOf } from "../../shared/service/triggers/control-interface.ts";
import { NO_IO } from "../no-io.ts";
import { settle, ToyClock } from "../service/toy-clock.ts";

const NO_MONITOR: HostMonitor = {
  link: () => undefined,
  isLocal: () => false,
  onChange: () => {},
  close: () => {},
};

class Site {
  readonly open = new Map<string, (message: string) => void>();
  readonly commands: unknown[] = [];
  readonly problems = new Map<string, string | undefined>();
  readonly counters = new Counters();
  readonly clock = new ToyClock();
  readonly triggers = new HostapdTriggers({
    io: { ...NO_IO, openLocal: (path) => this.#hostapd(path) },
    clock: this.clock,
    counters: this.counters,
    command: async (name, args) => {
      this.commands.push([name, args]);
      return { ok: true, message: "" };
    },
    problems: {
      set: (name, message) => this.problems.set(name, message),
      drop: (name) => this.problems.delete(name),
    },
    monitor: NO_MONITOR,
  });

  async wire(enabled: boolean, ...hostapd: string[]): Promise<void> {
    this.triggers.rewire({ fast_handover: { enabled, hostapd } } as unknown as FaConfig);
    await settle();
  }

  #hostapd(path: string) {
    const encode = (message: string) => new TextEncoder().encode(message);
    return {
      onMessage: (handler: (message: Uint8Array) => void) => {
        this.open.set(path, (message) => handler(encode(message)));
      },
      send: () => {
        queueMicrotask(() => this.open.get(path)?.("OK\n"));
        return undefined;
      },
      close: () => {
        this.open.delete(path);
      },
    };
  }
}

test("stations of every access point are told to the core, and counted", async () => {
  const site = new Site();
  await site.wire(true, "/run/hostapd/wlan0", "/run/hostapd/wlan1");
  site.open.get("/run/hostapd/wlan1")?.("<3>AP-STA-DISCONNECTED 02:00:00:00:00:07");
  site.open.get("/run/hostapd/wlan0")?.("<3>AP-STA-CONNECTED 02:00:00:00:00:07");
  site.open.get("/run/hostapd/wlan0")?.("<3>WPS-TIMEOUT ");
  const args = { mac: "02:00:00:00:00:07", interface: null };
  await site.clock.advance(100);
  assert.deepEqual(site.commands, [
    ["node-left", args],
    ["node-arrived", args],
  ]);
  assert.deepEqual(site.counters.toJson(), { "stations-arrived": 1, "stations-left": 1 });
});

test("a station that has come is told 30 ms later, when it can hear what has waited for it; one that is gone again is not", async () => {
  const site = new Site();
  await site.wire(true, "/run/a", "/run/b");
  const says = (path: string, text: string) => site.open.get(path)?.(`<3>AP-STA-${text}`);
  const names = () => site.commands.map((command) => (command as [string])[0]);
  says("/run/a", "CONNECTED 02:00:00:00:00:07");
  says("/run/b", "CONNECTED 02:00:00:00:00:08");
  await site.clock.advance(29);
  assert.deepEqual(names(), []);
  says("/run/b", "DISCONNECTED 02:00:00:00:00:08");
  await site.clock.advance(100);
  assert.deepEqual(names(), ["node-left", "node-arrived"]);
  says("/run/a", "CONNECTED 02:00:00:00:00:07");
  site.triggers.close();
  await site.clock.advance(100);
  assert.equal(site.commands.length, 2);
});

test("a reload opens what is new and closes what is gone; what stays is left alone", async () => {
  const site = new Site();
  await site.wire(true, "/run/a", "/run/b");
  const kept = site.open.get("/run/b");
  await site.wire(true, "/run/b", "/run/c");
  assert.deepEqual([...site.open.keys()].sort(), ["/run/b", "/run/c"]);
  assert.equal(site.open.get("/run/b"), kept);
  assert.deepEqual([...site.problems.keys()].sort(), ["hostapd /run/b", "hostapd /run/c"]);
  await site.wire(false, "/run/b");
  assert.equal(site.open.size, 0, "without fast handovers nobody is asked");
  site.triggers.close();
});

// As hostapd 2.10 has sent them to an attached client.
const STATIONS: readonly (readonly [message: string, news: string | undefined])[] = [
  ["<3>AP-STA-CONNECTED 02:00:00:00:00:07", "arrived"],
  ["<3>AP-STA-DISCONNECTED 02:00:00:00:00:07", "left"],
  ["<3>AP-STA-CONNECTED 02:00:00:00:00:07 keyid=guest", "arrived"],
  ["IFNAME=wlan0 <3>AP-STA-DISCONNECTED 02:00:00:00:00:07", "left"],
  ["<3>EAPOL-4WAY-HS-COMPLETED 02:00:00:00:00:07", undefined],
  ["<3>AP-STA-POSSIBLE-PSK-MISMATCH 02:00:00:00:00:07", undefined],
  ["<3>AP-STA-CONNECTED", undefined],
  ["<3>AP-STA-CONNECTED 02:00:00:00:00", undefined],
  ["<3>constructor 02:00:00:00:00:07", undefined],
];

test("a station that comes or goes is a command to the agent; nothing else is", () => {
  const mac = "02:00:00:00:00:07" as Mac;
  for (const [message, news] of STATIONS) {
    const wanted = news === undefined ? undefined : { news, mac };
    assert.deepEqual(stationEvent(eventOf(message) ?? ""), wanted, message);
  }
  for (const answer of ["OK\n", "PONG", "<x>no event", "AP-STA-CONNECTED 02:00:00:00:00:07"]) {
    assert.equal(eventOf(answer), undefined, answer);
  }
});

test("whatever is said, nothing throws", () => {
  fc.assert(
    fc.property(fc.string(), (message) => {
      stationEvent(message);
      stationEvent(eventOf(`<3>${message}`) ?? "");
    }),
  );
});
