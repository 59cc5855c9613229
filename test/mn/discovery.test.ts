/** Agent discovery by the mobile node. RFC 1256 §5, RFC 5944 §2.4. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isReboot, MAX_AGENTS } from "../../mn/core/movement/agents.ts";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { IcmpReceived } from "../../shared/protocol/core.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { SOLICITATION } from "../../shared/wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  advertisement,
  FA1,
  FA2,
  FOREIGN_FLAGS,
  homeAdvertisement,
  makeConfig,
  packets,
  Timeline,
} from "./bench.ts";

test("RFC 5944 §2.2: a solicitation: type 10, code 0, TTL 1, source 0, to all routers [5944-2-01] [5944-2.2-01] [5944-2.4-01] [1256-3-05] [1256-3-06]", () => {
  const line = new Timeline();
  line.linkUp();
  line.until(1000);
  const [sent] = line.sent("send-icmp");
  assert.ok(sent !== undefined);
  assert.deepEqual([...sent.payload], [10, 0, 0xf5, 0xff, 0, 0, 0, 0]);
  assert.equal(sent.ttl, 1);
  assert.equal(sent.source, 0);
  assert.equal(sent.destination, ipv4("224.0.0.2"));
  assert.deepEqual(sent.link, { interface: "wlan0", destination: "01:00:5e:00:00:02" });
});

test("RFC 1256 §5.3: the first solicitation comes 0 to 1 s after start, by chance [1256-5.3-09] [5944-2.4-11]", () => {
  const delays = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const line = new Timeline(makeConfig(), seed);
    line.linkUp();
    assert.deepEqual(line.solicitations(), []);
    line.until(1000);
    assert.equal(line.solicitations().length, 1);
    delays.add(line.solicitations()[0] ?? -1);
  }
  assert.equal(delays.size, 20);
});

test("RFC 5944 §2.4: three solicitations at most one a second, then binary back-off to at least a minute, with jitter [5944-2.4-04] [5944-2.4-05] [5944-2.4-06] [5944-2.4-07] [5944-2.4-08] [5944-2.4-11] [1256-5.3-08]", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const line = new Timeline(makeConfig(), seed);
    line.linkUp();
    line.until(1_000_000);
    const times = line.solicitations();
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    const nominal = [1250, 1250, 2500, 5000, 10_000, 20_000, 40_000, 75_000, 75_000];
    nominal.forEach((expected, i) => {
      const gap = gaps[i] ?? 0;
      assert.ok(gap >= expected * 0.8 && gap <= expected * 1.2, `gap ${i}: ${gap}`);
      assert.ok(gap >= 1000);
    });
    for (const gap of gaps.slice(7)) assert.ok(gap >= 60_000 && gap <= 90_000);
  }
});

test("RFC 5944 §2.4: as long as agents are heard nothing is solicited [5944-2.4-02] [1256-5.3-11]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement());
  line.accept();
  line.hearing(100_000, advertisement());
  assert.deepEqual(line.solicitations(), []);
  const busy = new Timeline();
  busy.linkUp();
  busy.event(advertisement({ flags: FOREIGN_FLAGS | 0x4000 }));
  busy.hearing(100_000, advertisement({ flags: FOREIGN_FLAGS | 0x4000 }));
  assert.deepEqual(busy.solicitations(), [], "not even when the agent is of no use");
});

test("RFC 5944 §2.4: hearing an agent of no use does not bring the rate up again [5944-2.4-08]", () => {
  const line = new Timeline();
  line.linkUp();
  line.until(60_000);
  line.event(advertisement({ flags: 0, lifetime: 5 }));
  line.clear();
  line.until(200_000);
  const times = line.solicitations();
  assert.ok(times.length >= 2);
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  for (const gap of gaps) assert.ok(gap >= 30_000, `${gap}`);
});

test("RFC 5944 §2.4: after a successful registration the next search starts at the higher rate [5944-2.4-09] [5944-2.4-10] [5944-2.4.2.1-04]", () => {
  const line = new Timeline();
  line.linkUp();
  line.until(100_000);
  line.event(advertisement({ lifetime: 3 }));
  line.accept();
  line.clear();
  line.until(110_000);
  const times = line.solicitations();
  assert.ok((times[0] ?? 0) >= 103_000 && (times[0] ?? 0) <= 104_000);
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) <= 1500);
});

test("RFC 5944 §2.4: a link that comes back is solicited on at once, but never twice within a second [5944-2.4-08] [5944-2.4-03] [5944-A-01]", () => {
  const line = new Timeline();
  line.linkUp();
  line.until(50_000);
  line.clear();
  line.linkDown();
  line.until(50_100);
  line.linkUp();
  assert.deepEqual(line.solicitations(), [50_100]);
  for (let i = 0; i < 50; i++) {
    line.linkDown();
    line.until(line.now + 50);
    line.linkUp();
  }
  const times = line.solicitations();
  for (let i = 1; i < times.length; i++) {
    assert.ok((times[i] ?? 0) - (times[i - 1] ?? 0) >= 1000);
  }
});

function withPayload(payload: Uint8Array, fix = true): IcmpReceived {
  const bytes = payload.slice();
  if (fix) {
    bytes.set([0, 0], 2);
    const sum = internetChecksum(bytes);
    bytes.set([sum >> 8, sum & 255], 2);
  }
  return { ...advertisement(), payload: bytes };
}

test("RFC 1256 §5.2: advertisements that are not valid are silently discarded and counted [1256-5.2-01] [1256-5.2-02] [1256-5.2-03] [1256-5.2-04] [1256-5.2-05] [1256-5.2-07]", () => {
  const good = advertisement().payload;
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  };
  const noAddresses = encodeIcmp({
    ...{
      name: "router-advertisement",
      addrEntrySize: 2,
      code: 0,
      lifetime: 30,
      routerAddresses: [],
      extensions: [],
    },
  });
  const cases: readonly (readonly [string, IcmpReceived])[] = [
    ["advertisement-wrong-checksum", withPayload(changed(6, 9), false)],
    ["advertisement-wrong-code", withPayload(changed(1, 5))],
    ["advertisement-wrong-length", withPayload(changed(5, 1))],
    ["advertisement-truncated", withPayload(changed(4, 200))],
    ["advertisement-wrong-length", withPayload(noAddresses)],
  ];
  for (const [counter, event] of cases) {
    const line = new Timeline();
    line.linkUp();
    assert.deepEqual(line.event(event), []);
    assert.equal(line.counter(counter), 1, counter);
    assert.deepEqual(line.node.query("agents", line.clock()), []);
  }
  const line = new Timeline();
  line.linkUp();
  const solicitation = encodeIcmp(SOLICITATION);
  assert.deepEqual(line.event(withPayload(solicitation, false)), []);
});

test("RFC 5944 §2.1: no router address, code 16 and reserved bits are all fine in an agent's [5944-2.4-17] [5944-2.4-12] [5944-2.4-13] [1256-5.2-03] [1256-5.2-02]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement({ routers: [], code: 16, flags: FOREIGN_FLAGS | 0x021f }));
  assert.equal(line.requests().length, 1);
});

test("RFC 4064 §4.2, §4.4: an advertisement's extensions 127 and 255, which nobody here understands, are ignored [4064-4.4-02] [4064-4.2-02]", () => {
  for (const type of [127, 255]) {
    const line = new Timeline();
    line.linkUp();
    line.event(withPayload(Uint8Array.of(...advertisement().payload, type, 3, 0xde, 0xad, 0xbe)));
    assert.equal(line.requests().length, 1);
  }
});

test("RFC 1256 §5.2: longer address entries are stepped over [1256-5.2-06] [5944-2.4-13]", () => {
  const short = advertisement().payload;
  const bytes = new Uint8Array(short.length + 4);
  bytes.set(short.subarray(0, 16));
  bytes.set(short.subarray(16), 20);
  bytes[5] = 3;
  const line = new Timeline();
  line.linkUp();
  line.event(withPayload(bytes));
  assert.equal(line.requests().length, 1);
});

test("A plain router, a group or zero as source, a link that is down: no agent [1256-5.3-01]", () => {
  const line = new Timeline();
  line.linkUp();
  const routerAddresses = [{ address: FA1, preference: 0 }];
  const plain = encodeIcmp({
    ...{
      name: "router-advertisement",
      addrEntrySize: 2,
      code: 0,
      lifetime: 30,
      routerAddresses,
      extensions: [],
    },
  });
  const events = [
    withPayload(plain),
    advertisement({ source: ipv4("224.0.0.1") }),
    advertisement({ source: ipv4("0.0.0.0") }),
    advertisement({ mac: "01:00:5e:00:00:01" as Mac }),
    advertisement({ interface: "eth0" }),
    advertisement({ interface: "other0" }),
  ];
  for (const event of events) assert.deepEqual(line.event(event), []);
  assert.deepEqual(line.node.query("agents", line.clock()), []);
});

test("The agents table has the keys of the contract", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement({ lifetime: 30 }));
  line.event(homeAdvertisement());
  line.now = 4500;
  const rows = line.node.query("agents", line.clock()) as JsonObject[];
  const { flags, ...row } = rows[0] ?? {};
  assert.deepEqual(row, {
    address: "192.0.2.1",
    mac: "02:00:00:00:01:01",
    interface: "wlan0",
    care_of_addresses: ["192.0.2.1"],
    sequence_number: 1000,
    registration_lifetime: 1800,
    lifetime_remaining: 26,
    prefix_lengths: null,
    challenge: false,
    nai: null,
    home: false,
  });
  assert.equal((flags as JsonObject).F, true);
  assert.equal((flags as JsonObject).H, false);
  assert.equal(rows[1]?.home, true);
});

test("RFC 1256 §5.3: an entry goes when its lifetime ends, with lifetime 0 at once [1256-5.3-05] [1256-5.3-04] [5944-2.4.2.1-01] [5944-2.4.2.1-02]", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement({ lifetime: 3 }));
  line.until(2000);
  line.event(advertisement({ lifetime: 3 }));
  line.until(4999);
  assert.equal(line.reports("agent-lost").length, 0);
  line.until(5000);
  assert.equal(line.reports("agent-lost").length, 1);
  line.event(advertisement({ lifetime: 3 }));
  line.event(advertisement({ lifetime: 0 }));
  assert.equal(line.reports("agent-lost").length, 2);
  assert.deepEqual(line.node.query("agents", line.clock()), []);
});

test("An agent is told of when it is new or has changed, not each time", () => {
  const line = new Timeline();
  line.linkUp();
  line.hearing(10_000, advertisement({ registrationLifetime: 100 }));
  assert.equal(line.reports("agent-heard").length, 1);
  line.event(advertisement({ registrationLifetime: 200 }));
  assert.equal(line.reports("agent-heard").length, 2);
});

test("The table of agents is bounded; the agent in use is never displaced", () => {
  const line = Timeline.registered();
  for (let i = 0; i < 500; i++) {
    line.now += 1;
    line.event(advertisement({ source: ipv4(`203.0.${i >> 8}.${i & 255}`), lifetime: 9000 }));
  }
  const rows = line.node.query("agents", line.clock()) as JsonObject[];
  assert.equal(rows.length, MAX_AGENTS);
  assert.ok(rows.some(({ address }) => address === "192.0.2.1"));
  assert.equal(line.counter("agents-over-limit"), 501 - MAX_AGENTS);
  assert.equal(line.node.state, "registered");
});

test("RFC 5944 §2.4.4: b < a and b <= 255 is a reboot, b < a and b >= 256 a roll-over [5944-2.4.4-01] [5944-2.4.4-02]", () => {
  assert.equal(isReboot(1000, 255), true);
  assert.equal(isReboot(1000, 256), false);
  assert.equal(isReboot(65535, 256), false);
  assert.equal(isReboot(5, 0), true);
  assert.equal(isReboot(0, 0), false);
  assert.equal(isReboot(0, 1), false);
});

test("RFC 5944 §2.4.4: the agent registered with has rebooted: register again; others and roll-overs are no reason [5944-2.4.4-01] [5944-2.4.4-02] [5944-3.6-07] [3543-4.1-01]", () => {
  const line = Timeline.registered();
  line.clear();
  line.event(advertisement({ sequenceNumber: 256 }));
  line.event(advertisement({ source: FA2, sequenceNumber: 900 }));
  line.event(advertisement({ source: FA2, sequenceNumber: 0 }));
  assert.deepEqual(packets(line.log.map(({ effect }) => effect)), []);
  line.event(advertisement({ sequenceNumber: 0 }));
  assert.equal(line.requests().length, 1);
  assert.equal(line.node.state, "registered");
  assert.equal(line.reports("agent-rebooted").length, 1);
});
