/** Broadcasts of the home network at a foreign agent: encapsulated twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { fromPeer, openPath } from "./fake-path.ts";
import { entry, FORMS, formText, packet, ROOM, tunnelOf } from "./packets.ts";

/** A broadcast on the home network, in a packet from the home agent to the node. */
function nested(): Uint8Array {
  const broadcast = packet({ source: "10.1.0.9", destination: "10.1.0.255" });
  const start = encapsulate(broadcast, ROOM, tunnelOf({ encapsulation: "ipip" }), "copy", 1);
  return packet({
    source: "192.0.2.1",
    destination: "10.1.0.7",
    protocol: 4,
    payload: broadcast.slice(start + 20),
  }).slice(ROOM);
}

for (const form of FORMS) {
  test(`RFC 5944 §3.6.1.2, §4.3 by ${formText(form)}: only the outer header is removed, and what is inside goes to the node like any other packet [5944-3.6.1.2-07, 5944-4.3-05]`, () => {
    const path = openPath({ entries: [entry({ ...form, direction: "in" })] });
    const inner = nested();
    path.arrive(fromPeer(form, inner));
    assert.deepEqual(path.delivered, [inner]);
  });
}
