/** What stands in advertisements, and into how many packets it goes: RFC 1256 §4, RFC 5944 §2.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { advertisements } from "../../shared/protocol/advertisement.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import {
  agentExtension,
  NEVER_DEFAULT,
  prefixLengthsOf,
  type RouterAdvertisement,
} from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeIcmp } from "../../shared/wire/icmp.ts";
import { ALL, Bench, foreign, messageOf, NODE, OWN, sent } from "./harness.ts";

const SECOND = ipv4("192.0.2.65");
const two = [
  { address: OWN, length: 26 },
  { address: SECOND, length: 27 },
];

function advertisement(payload: Uint8Array): RouterAdvertisement {
  const decoded = decodeIcmp(payload);
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  return decoded.value;
}

const addressesIn = ({ routerAddresses }: RouterAdvertisement): Ipv4[] =>
  routerAddresses.map(({ address }) => address);

/** The withdrawal among the effects: no agent advertisement, and nothing else was sent. */
function withdrawn(effects: readonly Effect[]): RouterAdvertisement {
  const [effect, ...more] = effects;
  assert(effect?.type === "send-icmp" && more.length === 0);
  assert.equal(effect.destination, ALL);
  const message = advertisement(effect.payload);
  assert.equal(agentExtension(message), undefined);
  assert.equal(message.lifetime, 0);
  return message;
}

test("RFC 1256 §4.3: every address of the interface is a router address, with its prefix length [1256-4.3-02] [1256-3-01] [1256-3-02] [5944-2.1.3-02]", () => {
  const message = messageOf(new Bench().link(true, two));
  assert.deepEqual(addressesIn(message), [OWN, SECOND]);
  assert.deepEqual(prefixLengthsOf(message), [26, 27]);
  assert.equal(message.addrEntrySize, 2);
});

test("RFC 1256 §4.1: for each address whether it is advertised, and its preference [1256-4.1-05] [1256-4.1-06] [1256-3-03]", () => {
  const rules = [
    { address: OWN, advertise: false, preference: 0 },
    { address: SECOND, advertise: true, preference: NEVER_DEFAULT },
  ];
  const message = messageOf(new Bench({ ...foreign, addressRules: rules }).link(true, two));
  assert.deepEqual(message.routerAddresses, [{ address: SECOND, preference: NEVER_DEFAULT }]);
  assert.deepEqual(prefixLengthsOf(message), [27]);
  const plain = messageOf(new Bench().link());
  assert.deepEqual(plain.routerAddresses, [{ address: OWN, preference: 0 }]);
});

test("RFC 5944 §2.1: an advertisement without any router address is one all the same [5944-2.1-08]", () => {
  const rules = [{ address: OWN, advertise: false, preference: 0 }];
  const { message, extension } = sent(new Bench({ ...foreign, addressRules: rules }).link());
  assert.deepEqual(message.routerAddresses, []);
  assert.equal(prefixLengthsOf(message), undefined);
  assert.deepEqual(extension.careOfAddresses, [OWN]);
});

test("RFC 5944 §2.1.1: several care-of addresses, in their order [5944-2.1.1-07]", () => {
  const careOfAddresses = Array.from({ length: 62 }, (_, i) => ipv4(`203.0.113.${62 - i}`));
  const { extension } = sent(new Bench({ ...foreign, careOfAddresses }).link());
  assert.deepEqual(extension.careOfAddresses, careOfAddresses);
});

test("RFC 4857 §8.2: the agent's NAI, behind the extensions of RFC 5944 [4857-8.2-02]", () => {
  const message = messageOf(new Bench({ ...foreign, nai: "fa1@example.net" }).link());
  assert.deepEqual(message.extensions.at(-1), {
    name: "foreign-agent-nai",
    nai: "fa1@example.net",
  });
  assert.equal(messageOf(new Bench().link()).extensions.length, 2);
});

const state = { busy: false, sequenceNumber: 0xfffe, lifetime: 30 };

test("RFC 1256 §4.3: more addresses than the MTU has room for: several advertisements, each but the last full, with sequence numbers of their own [1256-4.3-03] [5944-2.3.2-02]", () => {
  const addresses = Array.from({ length: 150 }, (_, i) => ({
    address: ipv4(`10.2.0.${i + 1}`),
    length: 24,
  }));
  const payloads = advertisements(foreign, { addresses, mtu: 576 }, state, []);
  const messages = payloads.map(advertisement);
  assert.deepEqual(
    messages.flatMap(addressesIn),
    addresses.map(({ address }) => address),
  );
  // 20 of IP, 8 of ICMP, 12 of extension 16, 2 of extension 19; 9 for each address.
  assert.deepEqual(
    messages.map(({ routerAddresses }) => routerAddresses.length),
    [59, 59, 32],
  );
  assert.deepEqual(
    messages.map((message) => agentExtension(message)?.sequenceNumber),
    [0xfffe, 0xffff, 256],
  );
});

test("any addresses, extensions and MTU: each advertisement fits, if one address does, and none is lost", () => {
  fc.assert(
    fc.property(
      fc.nat(600),
      fc.integer({ min: 576, max: 9000 }),
      fc.nat(62),
      fc.boolean(),
      fc.nat(200),
      (count, mtu, careOf, prefixLengths, challengeLength) => {
        const config: AdvertisingConfig = {
          ...foreign,
          prefixLengths,
          careOfAddresses: Array.from({ length: careOf }, (_, i) => ipv4(`203.0.113.${i + 1}`)),
        };
        const addresses = Array.from({ length: count }, (_, i) => ({
          address: ipv4(`10.3.${i >> 8}.${i & 255}`),
          length: 24,
        }));
        const challenge = new Uint8Array(challengeLength + 1);
        const extras = [{ name: "challenge-extension", challenge }] as const;
        const payloads = advertisements(config, { addresses, mtu }, state, extras);
        let found = 0;
        for (const payload of payloads) {
          assert(payload.length + 20 <= mtu);
          assert.equal(internetChecksum(payload), 0);
          found += advertisement(payload).routerAddresses.length;
        }
        assert.equal(found, count);
      },
    ),
  );
});

test("RFC 1256 §4.3: addresses that are advertised no longer are withdrawn, alone, with lifetime 0 [1256-4.3-16]", () => {
  const bench = new Bench();
  bench.link(true, two);
  const rules = [{ address: SECOND, advertise: false, preference: 0 }];
  const config = { ...foreign, addressRules: rules };
  const effects = bench.advertiser.reconfigure(config, bench.now);
  assert.deepEqual(addressesIn(withdrawn(effects)), [SECOND]);
  assert.deepEqual(bench.advertiser.reconfigure(config, bench.now), []);
  assert.deepEqual(addressesIn(messageOf(bench.next().effects)), [OWN]);
});

test("RFC 1256 §4.3: so are addresses that the interface has lost; one that it gains is not a withdrawal [1256-4.3-16]", () => {
  const bench = new Bench();
  bench.link(true, two);
  assert.deepEqual(addressesIn(withdrawn(bench.link())), [SECOND]);
  assert.deepEqual(bench.link(true, two), []);
  assert.deepEqual(bench.link(false), []);
});

test("RFC 1256 §4.3: a solicitation to a broadcast address while advertisements are multicast is answered, counted, and reported once a link-up [1256-4.3-13] [1256-4.3-07]", () => {
  const bench = new Bench();
  bench.link();
  for (const [destination, reported] of [
    ["255.255.255.255", true],
    ["192.0.2.63", false],
    ["224.0.0.2", false],
  ] as const) {
    const effects = bench.solicit({ destination: ipv4(destination) });
    const reports = effects.filter(({ type }) => type === "report");
    assert.equal(reports.length, reported ? 1 : 0, destination);
    const { effect } = sent(effects.filter(({ type }) => type !== "report"));
    assert.equal(effect.link.destination, NODE);
  }
  assert.equal(bench.counters.get("solicitations-to-broadcast"), 2);
  const broadcasting = new Bench({ ...foreign, destination: ipv4("255.255.255.255") });
  broadcasting.link();
  assert.equal(broadcasting.solicit({ destination: ipv4("255.255.255.255") }).length, 1);
});

test("RFC 1256 §4.3: answers go to one node on the link, at once, and leave the timer alone, so none is multicast [1256-4.3-09] [1256-4.3-10]", () => {
  const bench = new Bench();
  bench.link();
  const due = bench.advertiser.nextDeadline();
  for (const source of ["0.0.0.0", "10.1.0.7", "224.0.0.5"]) {
    assert.equal(sent(bench.solicit({ source: ipv4(source) })).effect.link.destination, NODE);
  }
  assert.equal(bench.advertiser.nextDeadline(), due);
});
