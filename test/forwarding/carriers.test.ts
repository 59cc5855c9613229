/** What carries a tunnel: a device of the kernel's where one can, the anchor with a reason where not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, type Mac, toIpv4 } from "../../shared/base/address.ts";
import { Carriers, isDevice } from "../../shared/forwarding/carriers.ts";
import { MAX_AGENT_DEVICES, marksOf } from "../../shared/forwarding/kernel-objects.ts";
import type {
  BindingItem,
  CoLocatedItem,
  ForwardingItem,
  VisitorItem,
} from "../../shared/forwarding/state.ts";
import { deviceText } from "../../shared/forwarding/tunnel-device.ts";

const HA = ipv4("198.51.100.1");
const COA = ipv4("203.0.113.2");

function carriers(
  role: "fa" | "mn" | "ha" = "ha",
  df: "copy" | "clear" | "set" = "copy",
): Carriers {
  const table = { fa: 434, mn: 435, ha: 436 }[role];
  const made = new Carriers({ role, df, marks: marksOf(table) });
  made.enable();
  return made;
}

function binding(more: Partial<BindingItem> = {}): BindingItem {
  return {
    kind: "binding",
    homeAddress: ipv4("10.1.0.7"),
    homeAgent: HA,
    careOfAddress: COA,
    encapsulation: "ipip",
    reverse: true,
    homeInterface: undefined,
    ...more,
  };
}

function visitor(more: Partial<VisitorItem> = {}): VisitorItem {
  return {
    kind: "visitor",
    homeAddress: ipv4("10.1.0.7"),
    interface: "lan0",
    mac: "02:00:00:00:00:07" as Mac,
    homeAgent: HA,
    careOfAddress: COA,
    encapsulation: "ipip",
    reverse: true,
    delivery: "direct",
    plane: 0,
    ...more,
  };
}

const CO_LOCATED: CoLocatedItem = {
  kind: "co-located",
  encapsulation: "ipip",
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: HA,
  path: { interface: "wlan0", number: 1, careOfAddress: ipv4("203.0.113.50"), gateway: undefined },
  reverse: true,
};

/** The choice as text. */
function choice(all: Carriers, key: string): string | undefined {
  const made = all.choiceOf(key);
  return isDevice(made) ? deviceText(made) : made;
}

/** Settles, and says whose choice has turned. */
function settled(all: Carriers): string[] {
  const turned: string[] = [];
  all.settle((key, turn) => {
    turned.push(key);
    turn();
  });
  return turned;
}

test("a tunnel by IP-in-IP or GRE has a device, the same for all its home addresses, as ip has it", () => {
  const all = carriers();
  all.swap("a", binding());
  all.swap("b", binding({ homeAddress: ipv4("10.1.0.8") }));
  all.swap("c", binding({ homeAddress: ipv4("10.1.0.9"), encapsulation: "gre" }));
  const keys = { greKeyIn: 5, greKeyOut: 6 };
  all.swap("d", binding({ homeAddress: ipv4("10.1.0.10"), encapsulation: "gre", ...keys }));
  const ends = "local 198.51.100.1 remote 203.0.113.2";
  assert.equal(choice(all, "a"), `link mip436t1 type ipip ${ends} ttl 64 tos inherit pmtudisc`);
  assert.equal(all.choiceOf("b"), all.choiceOf("a"));
  assert.equal(choice(all, "c"), `link mip436g2 type gre ${ends} ttl 64 tos inherit nopmtudisc`);
  const keyed = "ikey 5 okey 6 ttl 64 tos inherit nopmtudisc";
  assert.equal(choice(all, "d"), `link mip436k3 type gre ${ends} ${keyed}`);
});

test("what no device does goes by the anchor, with the reason", () => {
  const udp = { udpPort: 4434 };
  const network = { address: ipv4("10.5.0.0"), length: 24 };
  const cases: readonly [Carriers, ForwardingItem, string][] = [
    [carriers(), binding({ encapsulation: "minimal" }), "minimal"],
    [carriers(), binding(udp), "udp"],
    [carriers(), binding({ networks: [network] }), "mobile-network"],
    [carriers("ha", "clear"), binding(), "df"],
    [carriers("fa"), visitor({ delivery: "encapsulating" }), "delivery"],
    [carriers("fa"), visitor({ plane: 1 }), "overlap"],
    [carriers("mn"), { ...CO_LOCATED, ...udp }, "udp"],
  ];
  for (const [all, item, reason] of cases) {
    all.swap("a", item);
    assert.equal(choice(all, "a"), reason);
  }
});

test("RFC 2003 §3.1: DF is copied by a GRE device where that is configured, else it is set", () => {
  for (const [df, expected] of [
    ["copy", "nopmtudisc"],
    ["set", "pmtudisc"],
  ] as const) {
    const all = carriers("ha", df);
    all.swap("a", binding({ encapsulation: "gre" }));
    assert.equal(choice(all, "a")?.split(" ").at(-1), expected);
  }
});

test("RFC 5944 §4.2.3: while a node has several bindings its packets are copied by the anchor [5944-4.2.3-08]", () => {
  const all = carriers();
  all.swap("a", binding());
  const device = all.choiceOf("a");
  all.swap("b", binding({ careOfAddress: ipv4("203.0.113.99") }));
  assert.equal(choice(all, "b"), "simultaneous");
  assert.deepEqual(settled(all), ["a"]);
  assert.equal(choice(all, "a"), "simultaneous");
  all.swap("b", undefined);
  assert.deepEqual(settled(all), ["a"]);
  assert.equal(all.choiceOf("a"), device);
});

test("RFC 3024 §4.3.2: what a node had sent by its former care-of address comes out of that device still, and makes no copies", () => {
  const all = carriers();
  all.swap("a", binding());
  const former = all.choiceOf("a");
  all.swap("a", binding({ careOfAddress: ipv4("203.0.113.3") }));
  all.swap("former", { ...binding(), kind: "replaced-binding" });
  assert.deepEqual(settled(all), []);
  assert.equal(all.choiceOf("former"), former);
  assert.ok(isDevice(former) && all.isUsed(former));
  assert.equal(choice(all, "a")?.split(" ")[1], "mip436t2");
});

test("RFC 4988 §4.2: while packets of a visitor wait its tunnel is the anchor's, others' are not", () => {
  const all = carriers("fa");
  all.swap("a", visitor());
  all.swap("b", visitor({ homeAddress: ipv4("10.1.0.8") }));
  const limits = { packets: 1, octets: 1500, time: 100 };
  const address = ipv4("10.1.0.7");
  const hold = { kind: "handover", address, hold: true, limits, intercept: true } as const;
  all.swap("h", { ...hold, tunnel: undefined });
  assert.deepEqual(settled(all), ["a"]);
  assert.equal(choice(all, "a"), "handover");
  assert.ok(isDevice(all.choiceOf("b")));
  const row = all.carrierOf({ local: COA, remote: HA, encapsulation: "ipip" });
  assert.equal(row.device, all.choiceOf("b"));
  assert.equal(row.reason, "handover");
  all.swap("h", undefined);
  settled(all);
  assert.ok(isDevice(all.choiceOf("a")));
});

test("RFC 5944 §4.2.3: a mobile node with several ways drops copies by the anchor, and has one device with one way", () => {
  const all = carriers("mn");
  const path = { ...CO_LOCATED.path, number: 2, careOfAddress: ipv4("192.0.2.50") };
  all.swap("a", CO_LOCATED);
  assert.equal(choice(all, "a")?.split(" ")[1], "mip435t1");
  all.swap("b", { ...CO_LOCATED, path, isPassive: true });
  settled(all);
  assert.deepEqual(
    ["a", "b"].map((key) => choice(all, key)),
    ["simultaneous", "simultaneous"],
  );
  all.swap("a", undefined);
  settled(all);
  assert.equal(choice(all, "b")?.split(" ")[1], "mip435t2");
});

test("a device that was refused is not asked for again while its tunnel lasts", () => {
  const all = carriers();
  all.swap("a", binding());
  const device = all.choiceOf("a");
  assert.ok(isDevice(device));
  all.refuse(device, "refused");
  assert.deepEqual(settled(all), ["a"]);
  assert.equal(choice(all, "a"), "refused");
  assert.deepEqual([...all.devices()], []);
  all.swap("b", binding({ homeAddress: ipv4("10.1.0.8") }));
  assert.equal(choice(all, "b"), "refused");
  all.swap("a", undefined);
  all.swap("b", undefined);
  all.swap("a", binding());
  assert.ok(isDevice(all.choiceOf("a")));
});

test("devices that an earlier run left are taken up for their tunnels, and no others", () => {
  const first = carriers();
  first.swap("a", binding());
  const other = { homeAddress: ipv4("10.1.0.8"), careOfAddress: ipv4("203.0.113.3") };
  first.swap("b", binding(other));
  const [one, two] = [...first.devices()];
  assert.ok(one !== undefined && two !== undefined);
  const next = carriers();
  assert.equal(next.adopt(two), true);
  assert.equal(next.adopt({ ...one, df: "copy" }), false);
  next.swap("b", binding(other));
  next.swap("c", binding({ homeAddress: ipv4("10.1.0.9"), careOfAddress: ipv4("203.0.113.4") }));
  assert.equal(next.choiceOf("b"), two);
  assert.equal(choice(next, "c")?.split(" ")[1], "mip436t1");
  assert.equal(next.isUsed(two), true);
  next.swap("b", undefined);
  assert.equal(next.isUsed(two), false);
});

test("a foreign agent has no more devices than rules are worth; the tunnels beyond go by the anchor", () => {
  const all = carriers("fa");
  for (let i = 0; i <= MAX_AGENT_DEVICES; i++) {
    const homeAgent: Ipv4 = toIpv4(HA + i);
    all.swap(`${i}`, visitor({ homeAddress: toIpv4(0x0a010000 + i), homeAgent }));
  }
  assert.ok(isDevice(all.choiceOf(`${MAX_AGENT_DEVICES - 1}`)));
  assert.equal(choice(all, `${MAX_AGENT_DEVICES}`), "limit");
});

test("without devices of a kind its tunnels go by the anchor; where none were looked for nothing is chosen", () => {
  const all = carriers();
  all.lack("gre");
  all.swap("a", binding({ encapsulation: "gre" }));
  all.swap("b", binding({ homeAddress: ipv4("10.1.0.8") }));
  assert.equal(choice(all, "a"), "no-module");
  assert.ok(isDevice(all.choiceOf("b")));
  const off = new Carriers({ role: "ha", df: "copy", marks: marksOf(436) });
  off.swap("a", binding());
  assert.equal(off.choiceOf("a"), undefined);
  assert.equal(off.isTurned, false);
});
