/** Mobile networks in the tunnels of a home agent: RFC 5177 §6.5, §7. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, parsePrefix, toIpv4 } from "../../shared/base/address.ts";
import { Arrival, decapsulate, decapsulateRouter } from "../../shared/forwarding/decapsulate.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { icmpErrorPacket } from "../../shared/forwarding/icmp-error.ts";
import { PrefixLists } from "../../shared/forwarding/prefix-lists.ts";
import { realize } from "../../shared/forwarding/realize.ts";
import type { RealizeConfig } from "../../shared/forwarding/realized.ts";
import type { BindingItem, TunnelForm } from "../../shared/forwarding/state.ts";
import { objectText } from "../../shared/forwarding/text.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { fromPeer, openPath } from "./fake-path.ts";
import {
  entry,
  FORMS,
  formText,
  HOME,
  packet,
  ROOM,
  TUNNEL,
  translated,
  withRoom,
} from "./packets.ts";

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert(parsed !== undefined);
  return parsed;
};
const TRAIN = prefix("10.20.0.0/24");
const config: RealizeConfig = { role: "ha", routeTable: 436, rulePriority: 4360, hasNft: false };

function binding(form: TunnelForm, more: Partial<BindingItem> = {}): BindingItem {
  return {
    kind: "binding",
    homeAddress: HOME,
    homeAgent: TUNNEL.local,
    careOfAddress: TUNNEL.remote,
    ...form,
    reverse: true,
    homeInterface: undefined,
    networks: [TRAIN],
    byAgent: true,
    ...more,
  };
}

const pathOf = (item: BindingItem) => openPath({ entries: realize(item, config).tunnels });
const toTrain = packet({ destination: "10.20.0.9", flags: 0x4000 }).slice(ROOM);
const fromTrain = packet({ source: "10.20.0.9", destination: "10.9.0.2" }).slice(ROOM);

/** What the mobile router puts around a packet: home address to home agent (RFC 5177 §7). */
function fromRouter(inner: Uint8Array, source = HOME): Uint8Array {
  const [tunnel] = realize(binding({ encapsulation: "ipip" }), config).tunnels.map((one) =>
    new TunnelTable().add({ ...one, local: source, remote: TUNNEL.local, router: undefined }),
  );
  assert(tunnel !== undefined);
  const bytes = withRoom(inner);
  return bytes.slice(encapsulate(bytes, ROOM, tunnel, "copy", 9));
}

test("lists by prefix: the longest prefix that holds an address counts, and what is removed is gone", () => {
  const lists = new PrefixLists<string>();
  const rows = ["0.0.0.0/0", "10.20.0.0/16", "10.20.0.0/24", "10.20.0.9/32"] as const;
  for (const row of rows) lists.add(prefix(row), row);
  const found = (text: string) => lists.get(ipv4(text));
  assert.deepEqual(found("10.20.0.9"), ["10.20.0.9/32"]);
  assert.deepEqual(found("10.20.0.8"), ["10.20.0.0/24"]);
  assert.deepEqual(found("10.20.1.8"), ["10.20.0.0/16"]);
  assert.deepEqual(found("255.0.0.1"), ["0.0.0.0/0"]);
  for (const row of rows) lists.remove(prefix(row), (value) => value === row);
  assert.equal(lists.get(ipv4("10.20.0.9")), undefined);
  assert.equal(lists.has(toIpv4(0)), false);
  assert.throws(() => lists.remove(TRAIN, () => true), /internal error/);
});

test("RFC 5177 §6.1: a route for each prefix leads into the tunnel, and goes with it [5177-6.1-02] [5177-6.5-01]", () => {
  const routes = (networks: BindingItem["networks"]) =>
    realize(binding({ encapsulation: "ipip" }, { networks: networks ?? [] }), config).objects.map(
      objectText,
    );
  assert.deepEqual(routes([]), ["route 10.1.0.7/32 dev mip436 table 436 scope link"]);
  assert.deepEqual(routes([TRAIN, prefix("10.20.4.0/22")]), [
    "route 10.1.0.7/32 dev mip436 table 436 scope link",
    "route 10.20.0.0/24 dev mip436 table 436 scope link",
    "route 10.20.4.0/22 dev mip436 table 436 scope link",
  ]);
});

test("RFC 5177 §6.3: the tunnel for the prefixes comes and goes beside the reverse tunnel of the home address [5177-6.3-10]", () => {
  const fromHome = fromPeer({ encapsulation: "ipip" }, packet({ source: "10.1.0.7" }).slice(ROOM));
  for (const networks of [[], [TRAIN]]) {
    const path = pathOf(binding({ encapsulation: "ipip" }, { networks }));
    path.arrive(fromHome.slice(), fromPeer({ encapsulation: "ipip" }, fromRouter(fromTrain)));
    // Without networks the router's own tunnel is a packet of its home address like any other.
    const second = networks.length === 0 ? fromRouter(fromTrain) : fromTrain;
    assert.deepEqual(path.delivered.slice(1), [second]);
    const ends = [...path.table.tunnels()].map(({ router }) => router === HOME);
    assert.deepEqual(ends, networks.length === 0 ? [false] : [false, true]);
  }
});

for (const form of FORMS) {
  test(`RFC 5177 §7: ${formText(form)}: at a foreign agent first for the router's home address, then for the care-of address [5177-7-01]`, () => {
    const path = pathOf(binding(form));
    path.enter(toTrain);
    const [sent = toTrain] = path.sent;
    const arrival = new Arrival();
    const peer = withRoom(sent);
    translated(peer, ROOM);
    const middle = decapsulate(peer, ROOM, sent.length, arrival);
    assert(typeof middle === "number");
    assert.equal(arrival.local, TUNNEL.remote);
    assert.deepEqual([...peer.subarray(middle + 12, middle + 20)], [198, 51, 100, 1, 10, 1, 0, 7]);
    const inner = decapsulateRouter(peer, middle, arrival);
    assert(typeof inner === "number");
    assert.deepEqual(peer.slice(inner), toTrain);
  });

  test(`RFC 5177 §7: ${formText(form)}: with a co-located care-of address once is enough [5177-7-02]`, () => {
    const path = pathOf(binding(form, { byAgent: false }));
    path.enter(toTrain);
    const [sent = toTrain] = path.sent;
    const arrival = new Arrival();
    const peer = withRoom(sent);
    translated(peer, ROOM);
    const inner = decapsulate(peer, ROOM, sent.length, arrival);
    assert(typeof inner === "number");
    assert.deepEqual(peer.slice(inner), toTrain);
  });

  test(`RFC 5177 §6.5: ${formText(form)}: what comes from a network is taken, in a tunnel of the router's own or not [5177-6.5-02] [5177-7-03] [5177-7-05]`, () => {
    for (const byAgent of [true, false]) {
      const path = pathOf(binding(form, { byAgent }));
      path.arrive(fromPeer({ ...form, greKeyIn: form.greKeyIn }, fromTrain));
      path.arrive(fromPeer(form, fromRouter(fromTrain)));
      assert.deepEqual(path.delivered, [fromTrain, fromTrain]);
      assert.deepEqual(path.strangers, []);
    }
  });
}

test("RFC 5177 §10: an inner source of no network of the router, another care-of address or another router: dropped in silence [5177-10-05] [5177-7-03] [5177-10-01]", () => {
  const path = pathOf(binding({ encapsulation: "ipip" }));
  const elsewhere = packet({ source: "10.21.0.9", destination: "10.9.0.2" }).slice(ROOM);
  const plain = { encapsulation: "ipip" } as const;
  path.arrive(fromPeer(plain, elsewhere), fromPeer(plain, fromRouter(elsewhere)));
  // The router's tunnel without the one around it, and from a router that is not there.
  path.arrive(fromRouter(fromTrain), fromPeer(plain, fromRouter(fromTrain, ipv4("10.1.0.8"))));
  const other = fromPeer(plain, fromTrain);
  other[15] = 99; // another outer source
  path.arrive(other);
  assert.deepEqual(path.delivered, []);
  assert.deepEqual(path.sent, []);
  assert.equal(path.counters.get("tunnel-no-binding"), 5);
});

test("RFC 5177 §5: without a reverse tunnel nothing comes back by it, and the networks are served", () => {
  const path = pathOf(binding({ encapsulation: "ipip" }, { reverse: false }));
  path.enter(toTrain);
  assert.equal(path.sent.length, 1);
  path.arrive(fromPeer({ encapsulation: "ipip" }, fromTrain));
  assert.deepEqual(path.delivered, []);
});

test("RFC 5177 §7, RFC 3024 §5.2: with encapsulating delivery a mobile router puts the agent's header around its own tunnel's", () => {
  const way = {
    kind: "tunnel",
    encapsulation: "ipip",
    local: HOME,
    homeAgent: TUNNEL.local,
    deliveredTo: TUNNEL.remote,
  } as const;
  const item = { kind: "moving-network", interface: "lan0", prefix: TRAIN, way } as const;
  const mn = { ...config, role: "mn" } as const;
  const path = openPath({ entries: realize({ ...item, address: undefined }, mn).tunnels });
  path.path.listen(new Set([HOME]));
  path.enter(fromTrain);
  const [sent = fromTrain] = path.sent;
  const ends = (at: number) => [...sent.subarray(at + 12, at + 20)];
  assert.deepEqual(ends(0), [10, 1, 0, 7, 192, 0, 2, 1]);
  assert.deepEqual(ends(20), [10, 1, 0, 7, 198, 51, 100, 1]);
  assert.deepEqual(sent.slice(40), fromTrain);
});

test("RFC 5177 §7, RFC 6040: a congestion mark of any of the headers comes through", () => {
  const capable = packet({ source: "10.20.0.9", destination: "10.9.0.2", tos: 2 }).slice(ROOM);
  const path = pathOf(binding({ encapsulation: "ipip" }));
  const plain = { encapsulation: "ipip" } as const;
  const marked = fromRouter(capable);
  marked[1] = 3;
  path.arrive(fromPeer(plain, marked));
  const outside = fromPeer(plain, fromRouter(capable));
  outside[1] = 3;
  path.arrive(outside);
  assert.deepEqual(
    path.delivered.map((bytes) => bytes[1]),
    [3, 3],
  );
});

test("an error about a packet that was encapsulated twice reaches its sender, with both headers counted", () => {
  const path = pathOf(binding({ encapsulation: "ipip" }));
  const long = packet({
    destination: "10.20.0.9",
    flags: 0x4000,
    payload: new Uint8Array(1380),
  }).slice(ROOM);
  path.enter(long);
  const [sent = long] = path.sent.splice(0);
  const about = icmpErrorPacket(
    ipv4("203.0.113.9"),
    { type: 3, code: 4, mtu: 1400 },
    sent,
    0,
    sent.length,
  );
  new DataView(about.buffer).setUint32(16, TUNNEL.local);
  path.arrive(about);
  const [error] = path.sent.splice(0);
  assert(error !== undefined);
  assert.equal(new DataView(error.buffer).getUint16(26), 1360);
  assert.deepEqual([...error.subarray(16, 20)], [10, 9, 0, 2]);
  assert.deepEqual(path.tooBig, [[ipv4("10.20.0.9"), 1360]]);
  // The tunnel of the home address goes the same way, with one header.
  assert.deepEqual(
    [...path.table.tunnels()].map(({ mtu }) => mtu),
    [1380, 1360],
  );
});

test("RFC 2003 §3.2: what a router sends to its own network does not come back to it", () => {
  const path = pathOf(binding({ encapsulation: "ipip" }));
  path.enter(packet({ source: "10.1.0.7", destination: "10.20.0.9" }).slice(ROOM));
  assert.deepEqual(path.sent, []);
  assert.equal(path.counters.get("tunnel-source-is-exit"), 1);
});

test("RFC 2890 §2.2: sequence numbers are those of the tunnel, whatever goes through it", () => {
  const table = new TunnelTable();
  const outer = table.add(entry({ encapsulation: "gre" }));
  const nested = table.add(entry({ encapsulation: "gre", router: HOME, address: TRAIN.address }));
  assert.ok(outer?.flow !== undefined);
  assert.equal(nested?.flow, outer.flow);
  assert.equal(nested?.homeAddresses, 1);
});
