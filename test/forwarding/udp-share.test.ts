/** UDP tunnels by the registrations' own socket, where that can be shared. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { fromPeer, numbered, numbersIn, openPath } from "./fake-path.ts";
import { entry, packet, ROOM } from "./packets.ts";

const UDP = { udpPort: 40_000 } as const;
const MINIMAL = { encapsulation: "minimal", udpPort: 40_001 } as const;
const BACK = { direction: "in", match: "source" } as const;

test("tunnel data goes and comes by the socket of the registrations, everything else by raw sockets [3519-4.7-02]", () => {
  const other = { address: ipv4("10.1.0.8"), encapsulation: "ipip" } as const;
  const entries = [entry(UDP), entry({ ...UDP, ...BACK }), entry(other)];
  const path = openPath({ entries, share: { isOpen: true } });
  const toOther = numbered(2);
  new DataView(toOther.buffer).setUint32(16, other.address);
  path.enter(numbered(1), toOther, numbered(3), numbered(4));
  assert.deepEqual(numbersIn(path.shared.sent), [1, 3, 4]);
  assert.deepEqual(numbersIn(path.sent), [2]);
  const inner = packet({ source: "10.1.0.7", destination: "10.9.0.2" }).slice(ROOM);
  path.arrive(fromPeer({ encapsulation: "ipip", ...UDP }, inner));
  assert.deepEqual(path.delivered, [inner]);
  assert.deepEqual(path.counters.toJson(), {});
});

test("while no such socket is open, tunnel data leaves by a raw socket", () => {
  const share = { isOpen: false };
  const path = openPath({ entries: [entry(UDP)], share });
  path.enter(numbered(1));
  share.isOpen = true;
  path.enter(numbered(2));
  assert.deepEqual(numbersIn(path.sent), [1]);
  assert.deepEqual(numbersIn(path.shared.sent), [2]);
});

test("RFC 2004 §3: minimal encapsulation in UDP needs the outer header, so its end has a raw socket as long as it is there", () => {
  const path = openPath({ entries: [entry(UDP)], share: { isOpen: true } });
  const rawSockets = () => path.opened.filter(({ protocol }) => protocol === 17).length;
  assert.deepEqual([path.shared.isTaken, rawSockets()], [true, 0]);
  const minimal = entry({ ...MINIMAL, ...BACK });
  path.table.add(minimal);
  path.listenAgain();
  assert.deepEqual([path.shared.isTaken, rawSockets()], [false, 1]);
  const inner = packet({ source: "10.1.0.7", destination: "10.9.0.2" }).slice(ROOM);
  path.arrive(fromPeer(MINIMAL, inner));
  assert.deepEqual(path.delivered, [inner]);
  path.enter(numbered(1));
  assert.deepEqual([numbersIn(path.sent), path.shared.sent], [[1], []]);
  path.table.remove(minimal);
  path.listenAgain();
  assert.deepEqual([path.shared.isTaken, rawSockets()], [true, 1]);
});
