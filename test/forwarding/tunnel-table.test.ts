/** Which packets go into which tunnel, and which may come out of one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, toIpv4 } from "../../shared/base/address.ts";
import { Arrival } from "../../shared/forwarding/decapsulate.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { entry, HOME, TUNNEL } from "./packets.ts";

const ELSEWHERE = ipv4("172.16.0.9");
const OTHER = ipv4("192.0.2.99");

function arrival(values: Partial<Arrival> = {}): Arrival {
  return Object.assign(new Arrival(), TUNNEL, values);
}

test("RFC 5944 §4.2.3: with simultaneous bindings a copy goes into each tunnel, and only until each ends [5944-4.2.3-03] [5944-4.2.3-06] [5944-4.2.3-10]", () => {
  const table = new TunnelTable();
  const second = entry({ remote: ipv4("192.0.2.65") });
  assert.ok(table.add(entry()) !== undefined);
  assert.ok(table.add(second) !== undefined);
  const remotes = () => table.outFor(toIpv4(1), HOME).map(({ remote }) => remote);
  assert.deepEqual(remotes(), [ipv4("192.0.2.1"), ipv4("192.0.2.65")]);
  assert.ok(table.outFor(toIpv4(1), HOME).every(({ local }) => local === TUNNEL.local));
  assert.deepEqual(table.outFor(HOME, toIpv4(1)), []);
  assert.ok(table.remove(second) !== undefined);
  assert.deepEqual(remotes(), [ipv4("192.0.2.1")]);
  table.remove(entry());
  assert.deepEqual([...table.tunnels()], []);
  assert.deepEqual([...table.locals()], []);
  assert.deepEqual(table.to(TUNNEL.remote), []);
  assert.throws(() => table.remove(entry()), /internal error/);
});

test("RFC 3024 §4.3.2: from a tunnel only what a binding allows: outer source, inner source, encapsulation [3024-4.3.2-02] [3024-4.3.2-03] [3024-4.3.2-04] [3024-4.3.2-07]", () => {
  const table = new TunnelTable();
  table.add(entry({ direction: "in", match: "source" }));
  const found = (values: Partial<Arrival>, source: Ipv4 = HOME, destination = ELSEWHERE) =>
    table.inFor(arrival(values), source, destination) !== undefined;
  assert.equal(found({}), true);
  assert.equal(found({ remote: OTHER }), false);
  assert.equal(found({ local: OTHER }), false);
  assert.equal(found({}, ipv4("10.1.0.8")), false);
  assert.equal(found({ encapsulation: "gre" }), false);
  assert.equal(found({}, ELSEWHERE, HOME), false);
});

test("RFC 5944 §4.2.2: from a tunnel only to a visitor of that home agent [5944-4.2.2-02] [5944-4.2.2-05] [2003-6.2-01]", () => {
  const table = new TunnelTable();
  table.add(entry({ direction: "in", match: "destination" }));
  table.add(entry({ direction: "out", match: "source" }));
  const found = (values: Partial<Arrival>, destination: Ipv4 = HOME) =>
    table.inFor(arrival(values), ELSEWHERE, destination) !== undefined;
  assert.equal(found({}), true);
  assert.equal(found({}, ipv4("10.1.0.8")), false);
  assert.equal(found({ remote: OTHER }), false);
  const [tunnel] = table.tunnels();
  assert.equal(tunnel?.homeAddresses, 1);
});

test("RFC 3519 §3.3, §4.3: the form must be the agreed one, and each difference has its counter [3519-3.3-03] [3519-3.3-04] [3519-4.3-01] [2890-2.1-01]", () => {
  const table = new TunnelTable();
  const form = { encapsulation: "gre", greKeyIn: 5, greKeyOut: 6, udpPort: 40_000 } as const;
  table.add(entry({ ...form, direction: "in", match: "source" }));
  const agreed = { encapsulation: "gre", key: 5, port: 40_000 } as const;
  const judge = (values: Partial<Arrival>) => {
    const one = arrival({ ...agreed, ...values });
    if (table.inFor(one, HOME, ELSEWHERE) !== undefined) return "taken";
    return table.dropReason(one, HOME, ELSEWHERE);
  };
  assert.equal(judge({}), "taken");
  assert.equal(judge({ key: 6 }), "tunnel-wrong-key");
  assert.equal(judge({ key: -1 }), "tunnel-wrong-key");
  assert.equal(judge({ port: 40_001 }), "tunnel-wrong-port");
  assert.equal(judge({ port: 0 }), "tunnel-wrong-encapsulation");
  assert.equal(judge({ encapsulation: "ipip" }), "tunnel-wrong-encapsulation");
  assert.equal(judge({ remote: OTHER }), "tunnel-no-binding");
});

test("tunnels of different forms between the same ends are different tunnels", () => {
  const table = new TunnelTable();
  const forms = [
    { encapsulation: "ipip" },
    { encapsulation: "gre" },
    { encapsulation: "gre", greKeyIn: 1, greKeyOut: 1 },
    { encapsulation: "gre", greKeyIn: 1, greKeyOut: 2 },
    { encapsulation: "ipip", udpPort: 434 },
    { encapsulation: "ipip", udpPort: 435 },
  ] as const;
  for (const form of forms) assert.ok(table.add(entry(form)) !== undefined);
  assert.equal(table.to(TUNNEL.remote).length, forms.length);
  assert.deepEqual([...table.udpEnds().all], [TUNNEL.local]);
  assert.deepEqual([...table.overheads()].sort(), [20, 24, 28, 32]);
  for (const form of forms) assert.ok(table.remove(entry(form)) !== undefined);
  assert.deepEqual([...table.udpEnds().all, ...table.overheads()], []);
});

test("RFC 3024 §A.2: one home address of two home agents: each in its own plane, by the tunnel it came from", () => {
  const table = new TunnelTable();
  const second = { remote: OTHER, plane: 1 };
  for (const one of [{}, second]) {
    table.add(entry({ ...one, direction: "in", match: "destination" }));
    table.add(entry({ ...one, direction: "out", match: "source" }));
  }
  const planeFrom = (remote: Ipv4) => table.inFor(arrival({ remote }), ELSEWHERE, HOME)?.plane;
  assert.equal(planeFrom(TUNNEL.remote), 0);
  assert.equal(planeFrom(OTHER), 1);
  const remotes = (plane: number) =>
    table.outFor(HOME, ELSEWHERE, plane).map(({ remote }) => remote);
  assert.deepEqual([0, 1, 2].map(remotes), [[TUNNEL.remote], [OTHER], []]);
  table.remove(entry({ ...second, direction: "out", match: "source" }));
  assert.deepEqual([0, 1].map(remotes), [[TUNNEL.remote], []]);
});

test("RFC 2004 §3: where minimal encapsulation was agreed a fragment may come by IP-in-IP, a whole packet not [2004-3-01]", () => {
  const table = new TunnelTable();
  table.add(entry({ encapsulation: "minimal", direction: "in", match: "source" }));
  const found = (values: Partial<Arrival>) =>
    table.inFor(arrival(values), HOME, ELSEWHERE) !== undefined;
  assert.equal(found({ encapsulation: "minimal" }), true);
  assert.equal(found({ encapsulation: "ipip", isFragment: true }), true);
  assert.equal(found({ encapsulation: "ipip", isFragment: false }), false);
});
