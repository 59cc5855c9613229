import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4, type Mac, multicastMac } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import { nextSequenceNumber } from "../../shared/protocol/advertisement.ts";
import { Advertisers } from "../../shared/protocol/advertisers.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { AdvertisementFlag, prefixLengthsOf } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  ALL,
  B,
  Bench,
  F,
  foreign,
  G,
  H,
  home,
  M,
  messageOf,
  NODE,
  OWN,
  R,
  sent,
  sequence,
  T,
} from "./harness.ts";

test("RFC 5944 §2.1: a link that comes up is advertised on, to all systems, TTL 1, from its own address [5944-2.3-01] [5944-3.7-01] [5944-2.1-03] [5944-2.1-04] [1256-3-04] [1256-3-06] [1256-4.1-01] [5944-2-02] [5944-2.3-02]", () => {
  const { effect } = sent(new Bench().link());
  assert.equal(effect.destination, ALL);
  assert.equal(effect.ttl, 1);
  assert.equal(effect.source, OWN);
  assert.deepEqual(effect.link, { interface: "lan0", destination: multicastMac(ALL) });
  assert.equal(internetChecksum(effect.payload), 0);
});

test("RFC 5944 §2.1: or to 255.255.255.255, as a link-layer broadcast [5944-2.1-04] [1256-4.1-01]", () => {
  const { effect } = sent(new Bench({ ...foreign, destination: ipv4("255.255.255.255") }).link());
  assert.equal(effect.destination, ipv4("255.255.255.255"));
  assert.equal(effect.link.destination, "ff:ff:ff:ff:ff:ff");
  assert.equal(effect.ttl, 1);
});

test("RFC 5944 §2.1.1: a foreign agent's flags, care-of addresses and lifetimes [5944-2.1.1-03] [5944-2.1.1-07] [5944-2.1.1-11] [5944-2.1.1-13] [5944-2.1.1-14] [5944-2.1-12] [5944-2.1.1-04] [5944-2.1.1-05] [5944-2.1.1-06]", () => {
  const { message, extension } = sent(new Bench().link());
  assert.equal(extension.flags, R | F | M | G | T);
  assert.deepEqual(extension.careOfAddresses, [OWN]);
  assert.equal(extension.registrationLifetime, 1800);
  assert.equal(message.lifetime, 30);
});

test("RFC 5944 §2.1.1: M, G, T, U and X only for what is there [5944-2.1.1-14] [3024-3.1-01]", () => {
  const plain = { ...foreign, encapsulations: ["ipip"], reverseTunneling: false } as const;
  assert.equal(sent(new Bench(plain).link()).extension.flags, R | F);
  const full = { ...plain, udpTunneling: true, revocation: true };
  const { U, X } = AdvertisementFlag;
  assert.equal(sent(new Bench(full).link()).extension.flags, R | F | U | X);
});

test("RFC 5944 §2.3: a home agent sets H; R and B only beside F [5944-2.3-12] [5944-2.3-13] [5944-2.3-14] [5944-2.1.1-10] [5944-2.1.1-11] [5944-2.1.1-12]", () => {
  const bench = new Bench({ ...home, registrationRequired: true });
  bench.advertiser.setBusy(true);
  const { extension } = sent(bench.link());
  assert.equal(extension.flags, H | T);
  assert.deepEqual(extension.careOfAddresses, []);
  assert.equal(sent(new Bench().link()).extension.flags & H, 0);
});

test("RFC 5944 §2.1.1: a busy foreign agent sets B and goes on advertising [5944-2.1.1-09]", () => {
  const bench = new Bench();
  bench.link();
  bench.advertiser.setBusy(true);
  assert.equal(sent(bench.next().effects).extension.flags & B, B);
  bench.advertiser.setBusy(false);
  assert.equal(sent(bench.next().effects).extension.flags & B, 0);
});

test("RFC 5944 §2.3.1: its own addresses are the router addresses, each with its prefix length [5944-2.3.1-01] [5944-2.3.1-02] [5944-2.1.2-01] [5944-2.1.3-02] [5944-2.1.3-03] [1256-4.3-02]", () => {
  const message = messageOf(new Bench(home).link());
  assert.deepEqual(message.routerAddresses, [
    { address: OWN, preference: 0 },
    { address: ipv4("198.51.100.1"), preference: 0 },
  ]);
  assert.deepEqual(prefixLengthsOf(message), [26, 32]);
  const names = message.extensions.map(({ name }) => name);
  assert.deepEqual(names, ["mobility-agent-advertisement-extension", "prefix-lengths-extension"]);
});

test("RFC 5944 §2.1.2: the Prefix-Lengths Extension can be left out [5944-2.1.2-01]", () => {
  assert.equal(
    prefixLengthsOf(messageOf(new Bench({ ...foreign, prefixLengths: false }).link())),
    undefined,
  );
});

test("RFC 5944 §2.1: code 16 for an agent that routes nothing else [5944-2.1-06]", () => {
  assert.equal(messageOf(new Bench().link()).code, 0);
  assert.equal(messageOf(new Bench({ ...foreign, mobilityOnly: true }).link()).code, 16);
});

test("RFC 5944 §2.3.2: sequence numbers: 0 after boot, up by one, 0xffff then 256 [5944-2.3.2-01] [5944-2.3.2-02]", () => {
  const bench = new Bench({ ...foreign, minInterval: 3, maxInterval: 4 });
  assert.equal(sequence(bench.link()), 0);
  for (let i = 1; i < 70_000; i++) {
    const expected = i <= 0xffff ? i : ((i - 0x10000) % 0xff00) + 256;
    assert.equal(sequence(bench.next().effects), expected);
  }
  assert.equal(nextSequenceNumber(0xffff), 256);
});

test("RFC 5944 §2.3.2: solicited advertisements count too; a link that flaps does not start over [5944-2.3.2-02]", () => {
  const bench = new Bench();
  bench.link();
  assert.equal(sequence(bench.solicit()), 1);
  assert.deepEqual(bench.link(false), []);
  assert.equal(sequence(bench.link()), 2);
});

test("RFC 1256 §4.3: intervals are uniform between minimum and maximum, finer than seconds [1256-4.3-04] [5944-2.1-11] [5944-2.3-07] [1256-4.1-02] [1256-4.1-03]", () => {
  const bench = new Bench();
  bench.link();
  const waits = Array.from({ length: 2000 }, () => bench.next().waited);
  for (const wait of waits) assert(wait >= 7500 && wait < 10_000);
  const quarters = [0, 0, 0, 0];
  for (const wait of waits) {
    const quarter = Math.floor((wait - 7500) / 625);
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
  }
  for (const count of quarters) assert(count > 400 && count < 600, quarters.join());
  assert(waits.some((wait) => wait % 1000 !== 0));
});

test("RFC 5944 §2.1: three advertisements fit into their lifetime [5944-2.1-09] [1256-4.1-04]", () => {
  const bench = new Bench();
  const { message } = sent(bench.link());
  assert(bench.next().waited * 3 <= message.lifetime * 1000);
});

test("RFC 1256 §4.3: the first three intervals are at most 16 seconds, also after the link was down [1256-4.3-06] [1256-4.3-14]", () => {
  const bench = new Bench({ ...foreign, minInterval: 100, maxInterval: 200, lifetime: 600 });
  for (let round = 0; round < 2; round++) {
    bench.link();
    const waits = Array.from({ length: 5 }, () => bench.next().waited);
    assert.deepEqual(waits.slice(0, 3), [16_000, 16_000, 16_000]);
    for (const wait of waits.slice(3)) assert(wait >= 100_000);
    bench.link(false);
    assert.equal(bench.advertiser.nextDeadline(), undefined);
  }
});

test("RFC 1256 §4.3: two agents with other seeds do not beat together [1256-4.3-05]", () => {
  const waits = [1, 2].map((seed) => {
    const bench = new Bench(foreign, seed);
    bench.link();
    return bench.next().waited;
  });
  assert.notEqual(waits[0], waits[1]);
});

test("RFC 5944 §2.3: a solicitation is answered at once, unicast to its link-layer source [5944-2.3-06] [5944-2.1-02] [5944-2.1-03] [5944-2.1-05] [1256-4.3-07] [1256-4.3-08] [5944-2.3-03]", () => {
  const bench = new Bench();
  bench.link();
  const due = bench.advertiser.nextDeadline();
  const { effect, message } = sent(bench.solicit());
  assert.equal(effect.destination, ipv4("10.1.0.7"));
  assert.deepEqual(effect.link, { interface: "lan0", destination: NODE });
  assert.equal(effect.ttl, 1);
  assert.equal(message.lifetime, 30);
  assert.equal(bench.advertiser.nextDeadline(), due);
});

test("RFC 5944 §2.1: an answer never goes to a group or the link's broadcast address that a solicitation gives as its source [5944-2.1-04]", () => {
  const bench = new Bench();
  bench.link();
  for (const source of ["224.0.0.5", "255.255.255.255", "192.0.2.63", "127.0.0.1"]) {
    const { effect } = sent(bench.solicit({ source: ipv4(source) }));
    assert.equal(effect.destination, ipv4("224.0.0.1"), source);
    assert.equal(effect.link.destination, NODE);
  }
});

test("RFC 5944 §2.3: the source need not be a neighbour; 0.0.0.0 is answered to all systems [5944-2.3-09] [1256-4.2-04]", () => {
  const bench = new Bench();
  bench.link();
  assert.equal(sent(bench.solicit({ source: ipv4("203.0.113.77") })).effect.link.destination, NODE);
  const { effect } = sent(bench.solicit({ source: ipv4("0.0.0.0") }));
  assert.equal(effect.destination, ALL);
  assert.equal(effect.link.destination, NODE);
});

function solicitation(change: (bytes: Uint8Array) => void, length = 8, checksum = true) {
  const bytes = new Uint8Array(length);
  bytes[0] = 10;
  change(bytes);
  if (checksum) {
    const sum = internetChecksum(bytes);
    bytes[2] = sum >>> 8;
    bytes[3] = sum & 255;
  }
  return bytes;
}

test("RFC 1256 §4.2: wrong checksum, code or length: silence, and counted [1256-4.2-01] [1256-4.2-02] [1256-4.2-03] [5944-1.7-02]", () => {
  const bench = new Bench();
  bench.link();
  const wrongSum = solicitation(() => {}, 8, false);
  assert.deepEqual(bench.solicit({ payload: wrongSum }), []);
  const wrongCode = solicitation((bytes) => {
    bytes[1] = 1;
  });
  assert.deepEqual(bench.solicit({ payload: wrongCode }), []);
  assert.deepEqual(bench.solicit({ payload: solicitation(() => {}, 7) }), []);
  assert.equal(bench.counters.get("solicitation-wrong-checksum"), 1);
  assert.equal(bench.counters.get("solicitation-wrong-code"), 1);
  assert.equal(bench.counters.get("solicitation-truncated"), 1);
});

test("RFC 1256 §4.2: the reserved field and what follows it are ignored [1256-4.2-05]", () => {
  const bench = new Bench();
  bench.link();
  const payload = solicitation((bytes) => bytes.fill(7, 4), 24);
  assert.equal(bench.solicit({ payload }).length, 1);
});

test("RFC 1256 §4.2: advertisements of others are not answered [1256-4.2-06]", () => {
  const bench = new Bench();
  const { effect } = sent(bench.link());
  assert.deepEqual(bench.solicit({ payload: effect.payload }), []);
});

test("RFC 5944 §2.3: solicitations over the rate are counted, not answered [5944-2.3-07] [5944-2.3-08]", () => {
  const bench = new Bench();
  bench.link();
  let answers = 0;
  for (let i = 0; i < 1000; i++) answers += bench.solicit().length;
  assert(answers <= 11, `${answers} answers`);
  assert.equal(bench.counters.get("solicitations-over-rate"), 1000 - answers);
  bench.pass(2000);
  assert.equal(bench.solicit().length, 1);
});

test("without link or address: silence", () => {
  const bench = new Bench();
  assert.deepEqual(bench.solicit(), []);
  assert.deepEqual(bench.link(true, []), []);
  assert.deepEqual(bench.solicit(), []);
  assert.deepEqual(bench.advertiser.stop(), []);
});

test("RFC 1256 §4.3: a last advertisement with lifetime 0 [1256-4.3-15]", () => {
  const bench = new Bench();
  const first = messageOf(bench.link());
  const { effect, message } = sent(bench.advertiser.stop());
  assert.equal(message.lifetime, 0);
  assert.deepEqual(message.routerAddresses, first.routerAddresses);
  assert.equal(effect.destination, ALL);
  assert.equal(bench.advertiser.nextDeadline(), undefined);
});

test("any octets as solicitation: never throws, answers at most one packet", () => {
  const bench = new Bench();
  bench.link();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(0xffffffff), (payload, source) => {
      if (payload.length > 0) payload[0] = 9 + ((payload[0] ?? 0) & 1);
      assert(bench.solicit({ payload, source: source as never }).length <= 1);
    }),
  );
});

test("several links: each has its own advertiser; one that is dropped says goodbye", () => {
  const now: Now = { monotonic: 0 as Instant, wall: 0 as WallTime };
  const lan1 = { ...home, interface: "lan1" };
  const all = new Advertisers([foreign, lan1], seededRandom(1), new Counters());
  const link = (name: string): LinkChanged => ({
    type: "link",
    interface: name,
    link: {
      up: true,
      mac: "02:00:00:00:00:01" as Mac,
      mtu: 1500,
      addresses: [{ address: OWN, length: 26 }],
    },
  });
  assert.equal(sent(all.linkChanged(link("lan0"), now)).extension.flags & F, F);
  assert.equal(sent(all.linkChanged(link("lan1"), now)).extension.flags & H, H);
  assert.deepEqual(all.linkChanged(link("wan"), now), []);
  const goodbye = sent(all.reconfigure([lan1], now));
  assert.equal(goodbye.effect.link.interface, "lan0");
  assert.equal(goodbye.message.lifetime, 0);
  assert.equal(all.stop().length, 1);
  assert.equal(all.nextDeadline(), undefined);
});
