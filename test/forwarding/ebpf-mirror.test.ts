/** Which entries of the tunnel table go into the maps of the programs in the kernel, and how. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import {
  encodeTunnel,
  inKey,
  outKey,
  readNumber,
  SETTING,
  visitorKey,
} from "../../shared/forwarding/ebpf/layout.ts";
import { Mirror, type MirrorParts, type TunnelMaps } from "../../shared/forwarding/ebpf/mirror.ts";
import { Numbers } from "../../shared/forwarding/ebpf/numbers.ts";
import { HALF_BOUND } from "../../shared/forwarding/state.ts";
import { type TunnelEntry, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { LITTLE_ENDIAN } from "../../shared/linux/kernel-call.ts";
import { entry, HOME, octets, TUNNEL, tunnelOf } from "./packets.ts";

const ANCHOR = 9;
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

/** What a BPF map does for the mirror, in memory. */
class MemoryMap {
  readonly kept = new Map<string, Uint8Array>();
  readonly valueRoom = 32;
  readonly #staged = new Map<string, Uint8Array | undefined>();

  stage(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#staged.set(hex(key), value && Uint8Array.from(value));
  }

  flush(): number {
    for (const [key, value] of this.#staged) {
      if (value === undefined) this.kept.delete(key);
      else this.kept.set(key, value);
    }
    this.#staged.clear();
    return 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.kept.get(hex(key));
  }

  *entries(): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const [key, value] of this.kept) yield [octets(key), value];
  }
}

class Setup {
  readonly maps = {
    tunnels: new MemoryMap(),
    traffic: new MemoryMap(),
    outgoing: new MemoryMap(),
    incoming: new MemoryMap(),
    visitors: new MemoryMap(),
    settings: new MemoryMap(),
  };
  takes: MirrorParts["takes"] = 0;
  table = new TunnelTable();
  readonly held = new Set<Ipv4>();
  anchorMtu = 1480;
  mirror = this.start();

  /** A new process finds the maps as they are. */
  start(): Mirror {
    this.table = new TunnelTable();
    this.mirror = new Mirror({
      maps: this.maps as unknown as TunnelMaps,
      table: this.table,
      df: "copy",
      mssClamp: true,
      anchorMtu: () => this.anchorMtu,
      takes: this.takes,
      anchor: ANCHOR,
      isHeld: (address) => this.held.has(address),
      broadcastOf: () => undefined,
    });
    return this.mirror;
  }

  add(...entries: readonly TunnelEntry[]): void {
    for (const one of entries) {
      this.table.add(one);
      this.mirror.changed(one, 1);
    }
    this.mirror.flush();
  }

  remove(...entries: readonly TunnelEntry[]): void {
    for (const one of entries) {
      const tunnel = this.table.remove(one);
      this.mirror.changed(one, -1);
      if (tunnel !== undefined) this.mirror.tunnelGone(tunnel);
    }
    this.mirror.flush();
  }

  /** Number of the tunnel for packets to this address. */
  out(address: Ipv4 = HOME): number | undefined {
    const value = this.maps.outgoing.get(outKey("destination", address, ANCHOR));
    return value === undefined ? undefined : readNumber(value);
  }

  /** Number of the tunnel for what comes by a link from a visitor. */
  from(mac: Mac, link: number, address: Ipv4 = HOME): number | undefined {
    const value = this.maps.visitors.get(visitorKey(address, link, { device: "", mac }));
    return value === undefined ? undefined : readNumber(value);
  }

  in(address: Ipv4 = HOME, remote: Ipv4 = TUNNEL.remote): number | undefined {
    const value = this.maps.incoming.get(inKey("source", address, remote));
    return value === undefined ? undefined : readNumber(value);
  }
}

const IN = entry({ direction: "in", match: "source" });
const OTHER = ipv4("10.1.0.8");

test("the octets of a tunnel are those that the program reads", () => {
  const tunnel = tunnelOf({
    encapsulation: "gre",
    greKeyIn: 5,
    greKeyOut: 0xfedcba98,
    udpPort: 40_000,
  });
  const mtu = LITTLE_ENDIAN ? "7805" : "0578";
  tunnel.mtu = 1400;
  assert.equal(
    hex(encodeTunnel(tunnel, "set")),
    `c6336401c000020100000005fedcba989c40${mtu}01070000`,
  );
  tunnel.unreachable = 1;
  assert.match(hex(encodeTunnel(tunnel, "copy")), /9c40000001030000$/);
});

test("an entry in each direction, and nothing left of it when it goes", () => {
  const setup = new Setup();
  setup.add(entry(), IN);
  assert.equal(setup.out(), setup.in());
  assert.equal(setup.maps.tunnels.kept.size, 1);
  assert.equal(setup.maps.traffic.kept.size, 1);
  setup.remove(entry(), IN);
  for (const name of ["tunnels", "traffic", "outgoing", "incoming"] as const) {
    assert.equal(setup.maps[name].kept.size, 0, name);
  }
});

test("home addresses with the same tunnel share its number, and a number is given again only later", () => {
  const setup = new Setup();
  const elsewhere = ipv4("192.0.2.9");
  setup.add(entry(), entry({ address: OTHER }));
  assert.equal(setup.out(), setup.out(OTHER));
  setup.remove(entry());
  assert.equal(setup.out(OTHER), 1);
  // In one step the old tunnel goes and another comes: for no packet are they the same.
  const [gone] = [entry({ address: OTHER })];
  const tunnel = setup.table.remove(gone);
  setup.mirror.changed(gone, -1);
  if (tunnel !== undefined) setup.mirror.tunnelGone(tunnel);
  setup.add(entry({ remote: elsewhere }));
  assert.equal(setup.out(), 2);
});

test("RFC 5944 §4.2.3: with simultaneous bindings the daemon makes the copies", () => {
  const setup = new Setup();
  const second = entry({ remote: ipv4("192.0.2.9") });
  setup.add(entry());
  assert.equal(setup.out(), 1);
  setup.add(second);
  assert.equal(setup.out(), undefined);
  setup.remove(second);
  assert.equal(setup.out(), 1);
});

test("what leaves a question open is not in the maps", () => {
  const open: readonly Partial<TunnelEntry>[] = [
    { encapsulation: "minimal" },
    { router: OTHER },
    { udpPort: HALF_BOUND },
  ];
  for (const form of open) {
    const setup = new Setup();
    setup.add(entry(form), { ...IN, ...form });
    assert.deepEqual([setup.out(), setup.in()], [undefined, undefined], JSON.stringify(form));
  }
  for (const about of [{ plane: 1 }, { onward: true }, { innerDestination: TUNNEL.local }]) {
    const setup = new Setup();
    setup.add({ ...IN, ...about });
    assert.equal(setup.in(), undefined, JSON.stringify(about));
  }
});

test("a node between two links is the daemon's for as long", () => {
  const setup = new Setup();
  setup.add(entry(), IN);
  setup.held.add(HOME);
  setup.mirror.addressChanged(HOME);
  setup.mirror.flush();
  assert.deepEqual([setup.out(), setup.in()], [undefined, undefined]);
  setup.held.delete(HOME);
  setup.mirror.addressChanged(HOME);
  setup.mirror.flush();
  assert.deepEqual([setup.out(), setup.in()], [1, 1]);
});

test("a mobile network: what is for an unknown destination is not looked for by its source", () => {
  const setup = new Setup();
  const network = entry({ address: ipv4("10.2.0.0"), length: 16 });
  const setting = () => readNumber(setup.maps.settings.get(octets("00000000")) ?? octets(""));
  assert.equal(setting(), 2);
  setup.add(network);
  assert.equal(setting(), 3);
  setup.remove(network);
  assert.equal(setting(), 2);
});

const MAC = "02:00:00:00:00:07" as Mac;
const NEXT_MAC = "02:00:00:00:00:08" as Mac;
const VISITOR = entry({ match: "source", sender: { device: "lan0", mac: MAC } });

function fastSetup(): Setup {
  const setup = new Setup();
  setup.takes = SETTING.hasVisitors;
  setup.start();
  setup.mirror.linksChanged(new Map([["lan0", 4]]));
  return setup;
}

test("fast mode: a visitor is known by its link, its link-layer and its home address, as long as it has one tunnel here", () => {
  const setup = fastSetup();
  setup.add(VISITOR);
  assert.deepEqual(
    [setup.from(MAC, 4), setup.from(MAC, 5), setup.from(NEXT_MAC, 4)],
    [1, undefined, undefined],
  );
  // It has moved: the new item comes before the old one goes.
  const moved = { ...VISITOR, sender: { device: "lan0", mac: NEXT_MAC } };
  setup.add(moved);
  setup.remove(VISITOR);
  assert.deepEqual([setup.from(MAC, 4), setup.from(NEXT_MAC, 4)], [undefined, 1]);
  setup.held.add(HOME);
  setup.mirror.addressChanged(HOME);
  setup.mirror.flush();
  assert.equal(setup.from(NEXT_MAC, 4), undefined);
  setup.held.delete(HOME);
  setup.mirror.addressChanged(HOME);
  setup.mirror.linksChanged(new Map([["lan0", 6]]));
  assert.deepEqual([setup.from(NEXT_MAC, 4), setup.from(NEXT_MAC, 6)], [undefined, 1]);
  setup.mirror.linksChanged(new Map());
  setup.remove(moved);
  assert.equal(setup.maps.visitors.kept.size, 0);
});

test("RFC 3024 §A.2: fast mode: with overlapping home addresses the visitor of plane 0 alone is known", () => {
  const setup = fastSetup();
  const other = { plane: 1, sender: { device: "lan0", mac: NEXT_MAC }, remote: ipv4("192.0.2.9") };
  setup.add(VISITOR, { ...VISITOR, ...other });
  assert.deepEqual([setup.from(MAC, 4), setup.from(NEXT_MAC, 4)], [1, undefined]);
});

test("what fast mode has left in the maps goes with the first state that does not want it, in either mode", () => {
  for (const takes of [SETTING.hasVisitors, 0] as const) {
    const setup = fastSetup();
    setup.add(VISITOR, { ...VISITOR, address: OTHER });
    setup.takes = takes;
    setup.start();
    setup.mirror.linksChanged(new Map([["lan0", 4]]));
    assert.equal(setup.maps.visitors.kept.size, 2);
    setup.add(VISITOR);
    setup.mirror.settle();
    const left = takes === 0 ? [undefined, undefined] : [1, undefined];
    assert.deepEqual([setup.from(MAC, 4), setup.from(MAC, 4, OTHER)], left);
  }
});

test("the settings: the anchor and what fits there, which may change", () => {
  const setup = fastSetup();
  const words = () => {
    const value = setup.maps.settings.get(octets("00000000")) ?? octets("");
    return [0, 4, 8].map((at) => readNumber(value, at));
  };
  assert.deepEqual(words(), [SETTING.hasVisitors | SETTING.clampsMss, ANCHOR, 1480]);
  setup.anchorMtu = 1300;
  setup.mirror.settingsChanged();
  assert.equal(words()[2], 1300);
});

test("a new process takes over numbers and entries, and what nobody wants goes when it has settled", () => {
  const setup = new Setup();
  setup.add(entry(), IN, entry({ address: OTHER, remote: ipv4("192.0.2.9") }));
  assert.equal(setup.out(OTHER), 2);
  setup.start();
  setup.add(entry({ address: OTHER, remote: ipv4("192.0.2.9") }));
  assert.deepEqual([setup.out(), setup.in(), setup.out(OTHER)], [1, 1, 2]);
  setup.mirror.settle();
  assert.deepEqual([setup.out(), setup.in(), setup.out(OTHER)], [undefined, undefined, 2]);
  assert.equal(setup.maps.tunnels.kept.size, 1);
  assert.equal(setup.maps.traffic.kept.size, 1);
});

test("what the kernel has counted is added to a tunnel's figures once, on all CPUs", () => {
  const setup = new Setup();
  setup.add(entry());
  const [tunnel] = [...setup.table.tunnels()];
  assert.ok(tunnel !== undefined);
  const word = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
  const figures = [3, 300, 2, 200, 1, 100, 0, 0].map(word);
  setup.maps.traffic.kept.set(
    hex(new Uint8Array(Uint32Array.of(1).buffer)),
    Buffer.concat(figures),
  );
  tunnel.packetsOut = 10;
  for (const _ of [1, 2]) setup.mirror.refresh(tunnel);
  const { packetsOut, bytesOut, packetsIn, bytesIn } = tunnel;
  assert.deepEqual([packetsOut, bytesOut, packetsIn, bytesIn], [14, 400, 2, 200]);
});

test("numbers that were adopted go to what they were of, and no number is given twice", () => {
  const numbers = new Numbers<string>();
  numbers.adopt("b", 4);
  numbers.adopt("c", 2);
  const given = ["a", "b", "d", "e", "f"].map((name) => numbers.give(name, name));
  assert.deepEqual(given[1], [4, true]);
  assert.equal(new Set(given.map(([number]) => number)).size, given.length);
  assert.ok(given.every(([number]) => number !== 2));
  assert.deepEqual(numbers.takeLeft(), [2]);
});
