/** Encapsulating delivery: what visitors encapsulate to the agent goes on to their home agents. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import type { Delivery } from "../../shared/forwarding/realized.ts";
import { type TunnelEntry, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { openPath } from "./fake-path.ts";
import { entry, packet, ROOM, TUNNEL } from "./packets.ts";

const DELIVERY: Delivery = {
  device: "lan0",
  plane: 0,
  homeAddress: ipv4("10.1.0.7"),
  encapsulation: "minimal",
  mark: 7,
};

/** From the visitor to the agent's address on the link. */
function delivered(encapsulation: "ipip" | "minimal" | "gre", inner: Uint8Array): Uint8Array {
  const ends = { local: ipv4("10.1.0.7"), remote: ipv4("192.168.7.1") };
  const tunnel = new TunnelTable().add({ ...entry(), ...ends, encapsulation });
  assert.ok(tunnel !== undefined);
  const bytes = new Uint8Array(ROOM + inner.length);
  bytes.set(inner, ROOM);
  return bytes.slice(encapsulate(bytes, ROOM, tunnel, "copy", 3));
}

function openAgent(form: Partial<TunnelEntry> = {}) {
  const entries = [entry({ ...form, direction: "out", match: "source" })];
  return openPath({ entries, deliveries: [DELIVERY] });
}

test("RFC 3024 §5.2.1: what a visitor encapsulates to the agent goes on to its home agent, groups and broadcasts too [3024-5.2.1-01] [3024-5.2.2-03] [3024-5.1.2-02]", () => {
  const path = openAgent({ encapsulation: "gre" });
  for (const destination of ["10.9.0.2", "224.1.2.3", "255.255.255.255"]) {
    const inner = packet({ source: "10.1.0.7", destination, ttl: 1 }).slice(ROOM);
    for (const encapsulation of ["ipip", "minimal"] as const) {
      path.deliver("lan0", delivered(encapsulation, inner));
      const [sent] = path.sent.splice(0);
      assert.deepEqual(sent?.slice(24), inner);
      assert.deepEqual([sent?.[9], sent?.slice(16, 20).join(".")], [47, "192.0.2.1"]);
    }
  }
  const sockets = path.opened.filter(({ device }) => device !== undefined);
  assert.deepEqual(sockets, [
    { protocol: 4, device: "lan0", mark: 7 },
    { protocol: 55, device: "lan0", mark: 7 },
  ]);
  assert.deepEqual(path.counters.toJson(), {});
});

test("RFC 3024 §5.2.1: only what bears the home address outside and inside, in an agreed encapsulation [3024-5.2.1-01] [3024-3.3-06]", () => {
  const path = openAgent();
  const inner = packet({ source: "10.1.0.7", destination: "10.9.0.2" }).slice(ROOM);
  const foreign = packet({ source: "10.1.0.8", destination: "10.9.0.2" }).slice(ROOM);
  path.deliver("lan0", delivered("ipip", foreign));
  assert.equal(path.counters.get("tunnel-delivery-not-agreed"), 1);
  // GRE was not agreed, so nothing listens for it; on another link nobody has agreed anything.
  path.deliver("lan0", delivered("gre", inner));
  path.deliver("lan1", delivered("ipip", inner));
  const stranger = delivered("ipip", inner);
  stranger[15] = 8;
  path.deliver("lan0", stranger);
  assert.deepEqual(path.sent, []);
  // The tunnel end's own socket sees it too, where it has the agent's address: no stranger.
  path.arrive(delivered("ipip", inner));
  assert.deepEqual(path.strangers, []);
  assert.deepEqual(path.counters.toJson(), { "tunnel-delivery-not-agreed": 1 });
});

test("RFC 3024 §5.2.1: what is too long for the tunnel is fragmented, or refused with the MTU when it must not be", () => {
  const path = openAgent();
  const long = { source: "10.1.0.7", destination: "10.9.0.2", payload: new Uint8Array(1600) };
  path.deliver("lan0", delivered("ipip", packet(long).slice(ROOM)));
  assert.deepEqual(
    path.sent.splice(0).map((bytes) => bytes.length),
    [1496, 184],
  );
  path.deliver("lan0", delivered("ipip", packet({ ...long, flags: 0x4000 }).slice(ROOM)));
  const [error] = path.sent;
  assert.ok(error !== undefined);
  assert.deepEqual([error[20], error[21], error[26], error[27]], [3, 4, 1480 >>> 8, 1480 & 255]);
  assert.equal(error.slice(16, 20).join("."), "10.1.0.7");
});

test("sockets for encapsulating delivery go with the last visitor that wants them", () => {
  const path = openAgent();
  path.path.deliveries.remove(DELIVERY);
  path.path.listen(new Set([TUNNEL.local]));
  const inner = packet({ source: "10.1.0.7", destination: "10.9.0.2" }).slice(ROOM);
  assert.equal(path.path.deliveries.has(ipv4("10.1.0.7")), false);
  path.arrive(delivered("ipip", inner));
  assert.deepEqual(path.strangers, ["tunnel-no-binding"]);
});
