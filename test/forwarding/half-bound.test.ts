/** UDP tunnels whose other end is not known yet, and those that only take keepalives: RFC 3519 §4.6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HALF_BOUND } from "../../shared/forwarding/state.ts";
import { fromPeer, numbered, openPath } from "./fake-path.ts";
import { entry, HOME, packet, ROOM, TUNNEL } from "./packets.ts";

const HALF = { encapsulation: "ipip", udpPort: HALF_BOUND } as const;
const BOUND = { encapsulation: "ipip", udpPort: 40_000 } as const;
const back = { direction: "in", match: "source" } as const;
const HOME_AGENT = "198.51.100.1";
const ECHO = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0);

/** An inner packet of the node. */
function inner(more: Parameters<typeof packet>[0] = {}): Uint8Array {
  const echo = { protocol: 1, payload: ECHO };
  return packet({ source: "10.1.0.7", destination: HOME_AGENT, ...echo, ...more }).slice(ROOM);
}

function open() {
  return openPath({
    entries: [entry({ ...HALF, ...back })],
    onBound: (_, table) => {
      table.remove(entry({ ...HALF, ...back }));
      table.add(entry({ ...BOUND, ...back }));
      table.add(entry(BOUND));
    },
  });
}

test("RFC 3519 §4.6: the first keepalive of a half-bound tunnel tells the port, and is taken itself [3519-4.6-08, 3519-4.6-09, 3519-4.6-10, 3519-4.3-01]", () => {
  const path = open();
  path.enter(numbered(1));
  assert.deepEqual(path.sent, [], "nothing goes out before");
  path.arrive(fromPeer(BOUND, inner()));
  const { local, remote } = TUNNEL;
  assert.deepEqual(path.bounds, [{ homeAddress: HOME, local, remote, remotePort: 40_000 }]);
  assert.deepEqual(path.delivered, [inner()]);
  path.enter(numbered(2));
  assert.equal(path.sent.length, 1);
  const [out] = path.sent;
  assert.deepEqual([out?.[9], ((out?.[22] ?? 0) << 8) | (out?.[23] ?? 0)], [17, 40_000]);
  // From now on it is a tunnel like any other: only a new registration moves it.
  path.arrive(fromPeer({ ...BOUND, udpPort: 40_001 }, inner()));
  assert.equal(path.bounds.length, 1);
  assert.deepEqual(path.strangers, ["tunnel-wrong-port"]);
});

test("RFC 3519 §4.6, §6.1.2: what is no keepalive of the node to the home agent, in the agreed form and from the registration's address, binds nothing [3519-4.6-08, 3519-4.6-09, 3519-6.1.2-01]", () => {
  const path = open();
  const foreign = fromPeer(BOUND, inner());
  foreign.set([192, 0, 2, 99], 12);
  foreign.set([0, 0], 10);
  path.arrive(
    foreign,
    fromPeer(BOUND, inner({ source: "10.1.0.8" })),
    fromPeer(BOUND, inner({ destination: "10.9.0.2" })),
    fromPeer(BOUND, inner({ protocol: 17 })),
    fromPeer(BOUND, inner({ payload: Uint8Array.of(0, 0, 0xff, 0xff, 0, 0, 0, 0) })),
    fromPeer({ ...BOUND, encapsulation: "gre" }, inner()),
    fromPeer({ encapsulation: "ipip" }, inner()),
  );
  assert.deepEqual(path.bounds, []);
  assert.deepEqual(path.delivered, []);
  assert.deepEqual(path.sent, []);
  assert.equal(path.strangers.length, 7);
});

test("RFC 3519 §4.9: without reverse tunnelling keepalives come through the tunnel all the same, and nothing else", () => {
  const path = openPath({
    entries: [entry(BOUND), entry({ ...BOUND, ...back, innerDestination: TUNNEL.local })],
  });
  path.arrive(fromPeer(BOUND, inner()), fromPeer(BOUND, inner({ destination: "10.9.0.2" })));
  assert.deepEqual(path.delivered, [inner()]);
  assert.deepEqual(path.strangers, ["tunnel-no-binding"]);
});
