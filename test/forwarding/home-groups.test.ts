/** Datagrams for all and for groups at the home agent: RFC 5944 §3.6.1.2, §4.3, §4.4. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4, type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { groupChanges } from "../../shared/forwarding/igmp.ts";
import { QUERY_MS, RESPONSE_MS } from "../../shared/forwarding/tun/home-groups.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { fromPeer } from "./fake-path.ts";
import { LISTENER, openHomeLink } from "./home-link.ts";
import { FORMS, formText, HOME, packet, ROOM, TUNNEL } from "./packets.ts";

const OTHER = ipv4("10.1.0.8");
const FEED = ipv4("239.1.2.3");
function sentBy(source: string, destination: string, payload = udpTo(5000)): Uint8Array {
  return packet({ source, destination, payload, ttl: 1 }).slice(ROOM);
}

function udpTo(port: number, size = 8): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint16(2, port);
  return bytes;
}

function igmp(type: number, body: readonly number[]): Uint8Array {
  const payload = Uint8Array.from([type, 0, 0, 0, ...body]);
  new DataView(payload.buffer).setUint16(2, internetChecksum(payload));
  return packet({ source: "10.1.0.7", destination: "224.0.0.22", protocol: 2, payload }).slice(
    ROOM,
  );
}

const octetsOf = (address: Ipv4): number[] => formatIpv4(address).split(".").map(Number);
const report = (group: Ipv4) => igmp(0x16, octetsOf(group));
const leave = (group: Ipv4) => igmp(0x17, octetsOf(group));
const record = (type: number, group: Ipv4, sources = 0) =>
  igmp(0x22, [
    ...[0, 0, 0, 1, type, 0, 0, sources, ...octetsOf(group)],
    ...new Array<number>(4 * sources).fill(1),
  ]);
const BROADCASTS = ["255.255.255.255", "10.1.0.255"];

test("RFC 5944 §3.6.1.2: with D = 1 a broadcast is tunnelled once, to the care-of address [5944-3.6.1.2-05] [5944-4.3-04]", () => {
  for (const destination of BROADCASTS) {
    const { onLink, sent } = openHomeLink([{ ...LISTENER, isNested: false }]);
    const broadcast = sentBy("10.1.0.9", destination);
    onLink(broadcast);
    assert.equal(sent.length, 1);
    const [outer] = sent as [Uint8Array];
    assert.equal(outer[9], 4);
    assert.deepEqual(
      [...outer.slice(12, 20)],
      [...octetsOf(TUNNEL.local), ...octetsOf(TUNNEL.remote)],
    );
    assert.deepEqual(outer.slice(20), broadcast); // its TTL of 1 as well: it is not forwarded
  }
});

test("RFC 5944 §3.6.1.2: with D = 0 it is first encapsulated to the home address, then tunnelled [5944-3.6.1.2-06] [5944-4.3-04]", () => {
  const { onLink, sent } = openHomeLink();
  const broadcast = sentBy("10.1.0.9", "10.1.0.255");
  onLink(broadcast);
  const [outer] = sent as [Uint8Array];
  assert.deepEqual([...outer.slice(16, 20)], octetsOf(TUNNEL.remote));
  const middle = outer.slice(20);
  assert.deepEqual([middle[8], middle[9]], [64, 4]);
  assert.deepEqual([...middle.slice(12, 20)], [...octetsOf(TUNNEL.local), ...octetsOf(HOME)]);
  assert.equal(internetChecksum(middle, 0, 20), 0);
  assert.deepEqual(middle.slice(20), broadcast);
});

for (const form of FORMS) {
  test(`RFC 5944 §4.3 by ${formText(form)}: what the home agent nests, a node takes apart`, () => {
    const { onLink, sent } = openHomeLink([LISTENER], form);
    const broadcast = sentBy("10.1.0.9", "255.255.255.255");
    onLink(broadcast);
    assert.equal(sent.length, 1);
    const text = Buffer.from(sent[0] ?? []).toString("hex");
    assert.ok(text.endsWith(Buffer.from(broadcast).toString("hex")));
  });
}

test("RFC 5944 §4.3: only bindings with B get broadcasts, each of a node's its own copy [5944-4.3-01] [5944-4.3-03]", () => {
  const quiet = { ...LISTENER, homeAddress: OTHER, broadcasts: undefined };
  const second = { ...LISTENER, careOfAddress: ipv4("192.0.2.65"), isNested: false };
  const { onLink, sent, counters } = openHomeLink([quiet, LISTENER, second]);
  onLink(sentBy("10.1.0.9", "10.1.0.255"));
  const ends = sent.map((bytes) => [...bytes.slice(16, 20)].join("."));
  assert.deepEqual(ends, ["192.0.2.1", "192.0.2.65"]);
  assert.equal(counters.get("broadcasts-to-nodes"), 2);
  onLink(sentBy("10.1.0.9", "10.1.0.7")); // a unicast that came by a broadcast frame
  onLink(sentBy("10.1.0.9", "10.2.0.255")); // another network's
  assert.equal(sent.length, 2);
});

test("RFC 5944 §4.3: the configured ports, or all but what configures hosts of the link", () => {
  const portsOf = (broadcasts: readonly number[], destinations: readonly number[]): number => {
    const { onLink, sent } = openHomeLink([{ ...LISTENER, broadcasts }]);
    for (const port of destinations) onLink(sentBy("10.1.0.9", "10.1.0.255", udpTo(port)));
    return sent.length;
  };
  assert.equal(portsOf([], [67, 68, 434]), 0);
  assert.equal(portsOf([], [137, 5000]), 2);
  assert.equal(portsOf([137], [67, 137, 138]), 1);
});

test("a broadcast that is too long for the tunnel goes in fragments, whatever its DF bit says", () => {
  const { onLink, sent } = openHomeLink();
  onLink(
    packet({ destination: "10.1.0.255", flags: 0x4000, payload: udpTo(5000, 1480) }).slice(ROOM),
  );
  assert.equal(sent.length, 2);
  assert.ok(sent.every((bytes) => bytes.length <= 1500));
});

test("the first group is heard before the socket without groups closes: nothing is missed between", () => {
  const { arrive, steps } = openHomeLink();
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  assert.deepEqual(steps, ["broadcasts joins", "groups joins", "broadcasts closes"]);
});

test("RFC 5944 §4.4: a node joins a group by IGMP through its tunnel; then it gets that group, nested [5944-4.4-08]", () => {
  const { onLink, arrive, sent, joined, delivered, filters } = openHomeLink();
  const feed = sentBy("10.1.0.9", "239.1.2.3");
  onLink(feed);
  assert.deepEqual([sent.length, filters.at(-1)], [0, { heard: "broadcasts" }]);
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  assert.deepEqual([[...joined], filters.at(-1)], [["239.1.2.3"], { heard: "groups" }]);
  onLink(feed);
  onLink(sentBy("10.1.0.9", "239.1.2.4"));
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]?.slice(40), feed);
  arrive(fromPeer({ encapsulation: "ipip" }, leave(FEED)));
  onLink(feed);
  assert.equal(sent.length, 1);
  assert.deepEqual([...joined], []);
  assert.deepEqual(delivered, []); // IGMP is for this agent
});

test("RFC 5944 §4.4: with D = 1 a group is tunnelled once, to the care-of address [5944-4.4-07]", () => {
  const { onLink, arrive, sent } = openHomeLink([{ ...LISTENER, isNested: false }]);
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  const feed = sentBy("10.1.0.9", "239.1.2.3");
  onLink(feed);
  assert.deepEqual(sent[0]?.slice(20), feed);
});

test("RFC 3376 §4.2.12: records that join, that leave, and that say nothing of it", () => {
  const joins = [record(2, FEED), record(4, FEED), record(5, FEED, 1), record(3, FEED, 1)];
  for (const each of joins) {
    const { arrive, joined } = openHomeLink();
    arrive(fromPeer({ encapsulation: "ipip" }, record(6, FEED, 1)));
    assert.equal(joined.size, 0);
    arrive(fromPeer({ encapsulation: "ipip" }, each));
    assert.equal(joined.size, 1);
    arrive(fromPeer({ encapsulation: "ipip" }, record(6, FEED, 1)));
    assert.equal(joined.size, 1);
    arrive(fromPeer({ encapsulation: "ipip" }, record(3, FEED)));
    assert.equal(joined.size, 0);
  }
  const { arrive, joined } = openHomeLink();
  const broken = report(FEED);
  broken[24] = (broken[24] ?? 0) ^ 1; // its checksum
  arrive(fromPeer({ encapsulation: "ipip" }, broken));
  arrive(fromPeer({ encapsulation: "ipip" }, record(4, FEED).slice(0, 30)));
  arrive(fromPeer({ encapsulation: "ipip" }, report(ipv4("10.1.0.9"))));
  assert.equal(joined.size, 0);
});

test("a membership outlives a handover, and ends with the last binding", () => {
  const { arrive, groups, joined } = openHomeLink();
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  groups.remove(LISTENER);
  groups.add({ ...LISTENER, careOfAddress: ipv4("192.0.2.65") });
  groups.listen();
  assert.equal(joined.size, 1);
  groups.remove({ ...LISTENER, careOfAddress: ipv4("192.0.2.65") });
  groups.listen();
  assert.equal(joined.size, 0);
});

test("one node is in 32 groups at most, so that it cannot fill the agent's table", () => {
  const { arrive, joined, counters } = openHomeLink();
  for (let i = 0; i < 40; i++) {
    arrive(fromPeer({ encapsulation: "ipip" }, report((FEED + i) as Ipv4)));
  }
  assert.equal(joined.size, 32);
  assert.equal(counters.get("groups-over-limit"), 8);
});

test("RFC 5944 §4.4, RFC 3024 §4.3: what a node sends to a group or to all goes to its home link, and to the others that are away", () => {
  const other = { ...LISTENER, homeAddress: OTHER, careOfAddress: ipv4("192.0.2.65") };
  const { arrive, frames, sent, delivered } = openHomeLink([LISTENER, other]);
  const own = sentBy("10.1.0.7", "10.1.0.255");
  arrive(fromPeer({ encapsulation: "ipip" }, own));
  assert.deepEqual(frames, [{ destination: "ff:ff:ff:ff:ff:ff", payload: own }]);
  assert.equal(sent.length, 1); // for the other node; nothing comes back to the sender
  assert.deepEqual(sent[0]?.slice(40), own);
  const group = sentBy("10.1.0.7", "239.1.2.3");
  arrive(fromPeer({ encapsulation: "ipip" }, group));
  assert.deepEqual(frames[1], { destination: "01:00:5e:01:02:03", payload: group });
  assert.equal(sent.length, 1);
  const unicast = sentBy("10.1.0.7", "10.9.0.2");
  arrive(fromPeer({ encapsulation: "ipip" }, unicast));
  assert.deepEqual(delivered, [unicast]);
});

test("a home link that is deleted and made anew is heard again, with the groups of before", () => {
  const { arrive, groups, filters, joined, link } = openHomeLink();
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  const before = filters.length;
  groups.listen();
  assert.equal(filters.length, before);
  link.isStale = true;
  groups.listen();
  assert.equal(filters.length, before + 1);
  assert.deepEqual([filters.at(-1), [...joined]], [{ heard: "groups" }, ["239.1.2.3"]]);
});

test("a group that this host cannot join is counted, and joined when the node says so again", () => {
  const { arrive, counters, joined, link } = openHomeLink();
  link.isBroken = true;
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  assert.deepEqual([counters.get("groups-not-heard-ENOBUFS"), joined.size], [1, 0]);
  link.isBroken = false;
  arrive(fromPeer({ encapsulation: "ipip" }, report(FEED)));
  assert.equal(joined.size, 1);
});

test("IGMP with any octets joins groups only, and never more than its records", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22),
      fc.uint8Array({ minLength: 0, maxLength: 80 }),
      (type, body) => {
        const bytes = igmp(type, [...body]);
        const changes = groupChanges(bytes, 0);
        assert.ok(changes.length <= 1 + body.length / 8);
        for (const { group } of changes) assert.ok(group >>> 28 === 14);
      },
    ),
    { numRuns: 1000 },
  );
});

test("RFC 3376 §8.4: members are asked, and who answers no query is none any more; who does stays", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const other = { ...LISTENER, homeAddress: OTHER, careOfAddress: ipv4("192.0.2.65") };
  const { path, sent, onLink, joined, counters } = openHomeLink([LISTENER, other]);
  t.after(() => path.close());
  const says = (homeAddress: Ipv4) => path.homeGroups.takeFromNode(report(FEED), 0, homeAddress);
  /** From one query to the next, time for the answers included. */
  const askAgain = (): void => {
    t.mock.timers.tick(QUERY_MS - RESPONSE_MS);
    t.mock.timers.tick(RESPONSE_MS);
  };
  says(HOME);
  says(OTHER);
  const copies = (): number => {
    sent.length = 0;
    onLink(sentBy("10.1.0.9", "239.1.2.3"));
    return sent.length;
  };
  assert.equal(copies(), 2);
  sent.length = 0;
  t.mock.timers.tick(QUERY_MS);
  const [query] = sent as [Uint8Array];
  assert.equal(sent.length, 2, "each of them is asked");
  // To the care-of address, to the home address, and then the query itself, with its checksum.
  const inner = query.slice(40);
  assert.deepEqual([...inner.slice(12, 20)], [...octetsOf(TUNNEL.local), 224, 0, 0, 1]);
  assert.deepEqual([inner[8], inner[9], inner[24], inner[25]], [1, 2, 0x11, RESPONSE_MS / 100]);
  assert.equal(internetChecksum(inner, 24, inner.length), 0);
  t.mock.timers.tick(RESPONSE_MS);
  assert.equal(copies(), 2, "one query may be lost");
  says(OTHER);
  askAgain();
  assert.equal(copies(), 1, "who has not answered is a member no more");
  assert.equal(counters.get("groups-timed-out"), 1);
  assert.ok(joined.has("239.1.2.3"));
  askAgain();
  askAgain();
  assert.equal(copies(), 0);
  assert.equal(joined.size, 0);
  sent.length = 0;
  t.mock.timers.tick(10 * QUERY_MS);
  assert.equal(sent.length, 0, "nobody is left to be asked");
});
