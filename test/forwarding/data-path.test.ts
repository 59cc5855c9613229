/** The tun driver's data path: packets into tunnels and out of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { waitFor } from "../lab/wait.ts";
import { fromPeer, numbered, numbersIn, openPath } from "./fake-path.ts";
import { entry, FORMS, formText, packet, ROOM, TUNNEL } from "./packets.ts";

test("a packet that the kernel refuses is counted, and no other is sent twice for it", () => {
  const path = openPath({ refuses: (bytes) => [3, 5].includes(bytes.at(-1) ?? 0) });
  path.enter(...[1, 2, 3, 4, 5, 6, 7].map(numbered));
  assert.deepEqual(numbersIn(path.sent), [1, 2, 4, 6, 7]);
  assert.deepEqual(path.counters.toJson(), { "tunnel-send-refused": 2 });
});

test("packets go into the tunnel in the order in which they came", () => {
  const path = openPath();
  path.enter(...[9, 8, 7].map(numbered));
  path.enter(...[1, 2].map(numbered));
  assert.deepEqual(numbersIn(path.sent), [9, 8, 7, 1, 2]);
  assert.deepEqual(path.counters.toJson(), {});
});

for (const form of FORMS) {
  test(`${formText(form)}: through the data path both ways, and only in this form [3519-4.7-02]`, () => {
    const back = { direction: "in", match: "source" } as const;
    const path = openPath({ entries: [entry(form), entry({ ...form, ...back })] });
    path.enter(numbered(1), numbered(2));
    assert.equal(path.sent.length, 2);
    const inner = packet({ source: "10.1.0.7", destination: "10.9.0.2" }).slice(ROOM);
    for (const other of FORMS) path.arrive(fromPeer(other, inner));
    assert.deepEqual(path.delivered, [inner]);
    // Without a UDP tunnel nothing listens for tunnel data.
    const others = FORMS.filter(
      ({ udpPort }) => form.udpPort !== undefined || udpPort === undefined,
    );
    assert.equal(path.strangers.length, others.length - 1);
    const [tunnel] = path.table.tunnels();
    assert.equal(tunnel?.packetsOut, 2);
    assert.equal(tunnel?.packetsIn, 1);
  });
}

test("sockets for the protocols 4, 47, 55 and ICMP always, for tunnel data only with a UDP tunnel", () => {
  const protocols = (path: ReturnType<typeof openPath>) => path.opened.map((one) => one.protocol);
  assert.deepEqual(protocols(openPath()), [4, 47, 55, 1]);
  const udp = openPath({ entries: [entry({ udpPort: 40_000 })] });
  assert.deepEqual(protocols(udp), [4, 47, 55, 1, 17]);
  assert.deepEqual(udp.opened.at(-1)?.udp, { port: 434, firstOctet: 4 });
});

test("RFC 5944 §4.2.3: with simultaneous bindings each tunnel has its own form, and each copy is whole [3519-4.7-03]", () => {
  const remotes = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"].map((text) => ipv4(text));
  const forms = ["minimal", "ipip", "minimal", "gre"] as const;
  const entries = remotes.map((remote, i) => entry({ remote, encapsulation: forms[i] ?? "ipip" }));
  const path = openPath({ entries });
  const inner = packet({ options: 40 }).slice(ROOM);
  path.enter(inner);
  const expected = remotes.map((remote, i) => {
    const tunnel = new TunnelTable().add(entry({ remote, encapsulation: forms[i] ?? "ipip" }));
    const bytes = packet({ options: 40 });
    assert.ok(tunnel !== undefined);
    return bytes.slice(encapsulate(bytes, ROOM, tunnel, "copy", i + 1));
  });
  assert.deepEqual(path.sent, expected);
});

test("a copy that its tunnel must not carry does not keep the others back", () => {
  const entries = [ipv4("10.9.0.2"), ipv4("192.0.2.2")].map((remote) => entry({ remote }));
  for (const list of [entries, entries.toReversed()]) {
    const path = openPath({ entries: list });
    path.enter(numbered(1));
    assert.deepEqual(numbersIn(path.sent), [1]);
    assert.deepEqual(path.counters.toJson(), { "tunnel-source-is-exit": 1 });
  }
});

/** A packet of the visitor's peer by GRE, with a sequence number and perhaps a key. */
function sequenced(number: number | undefined, mark: number, key?: number): Uint8Array {
  const form = { encapsulation: "gre", greKeyIn: key } as const;
  const bytes = fromPeer(form, numbered(mark));
  if (number === undefined) return bytes;
  const flags = (bytes[20] ?? 0) | 0x10;
  const header = 20 + (key === undefined ? 4 : 8);
  const tail = [0, 0, 0, number, ...bytes.slice(header)];
  const whole = Uint8Array.from([...bytes.slice(0, header), ...tail]);
  whole[20] = flags;
  whole[3] = whole.length;
  return whole;
}

const GRE_IN = { encapsulation: "gre", direction: "in" } as const;

test("RFC 2890 §2.2: packets go on in the order of their numbers, those without one at once, late ones are dropped and counted [2890-2.2-01] [2890-2.2-02] [2890-2.2-05] [2890-2.2-06] [2890-2.2-08]", () => {
  const path = openPath({ entries: [entry(GRE_IN)] });
  path.arrive(sequenced(0, 1), sequenced(2, 3), sequenced(undefined, 9), sequenced(0xff, 7));
  assert.deepEqual(numbersIn(path.delivered), [1, 9]);
  path.arrive(sequenced(1, 2), sequenced(1, 2), sequenced(3, 4));
  assert.deepEqual(numbersIn(path.delivered), [1, 9, 2, 3, 4]);
  assert.deepEqual(path.counters.toJson(), { "tunnel-gre-early": 2, "tunnel-gre-late": 1 });
  path.path.close();
});

test("RFC 2890 §2.2: each key has numbers of its own [2890-2.2-02]", () => {
  const keys = [5, 6].map((greKeyIn) => ({ ...GRE_IN, greKeyIn, greKeyOut: greKeyIn }));
  const path = openPath({ entries: keys.map((key) => entry(key)) });
  path.arrive(sequenced(0, 1, 5), sequenced(1, 2, 5), sequenced(0, 3, 6));
  path.arrive(sequenced(2, 4, 5), sequenced(1, 5, 6));
  assert.deepEqual(numbersIn(path.delivered), [1, 2, 3, 4, 5]);
  assert.deepEqual(path.counters.toJson(), {});
});

test("RFC 2890 §2.2: a packet whose forerunners are lost goes on by itself, soon [2890-2.2-09] [2890-2.2-10]", async () => {
  const path = openPath({ entries: [entry(GRE_IN)] });
  path.arrive(sequenced(0, 1), sequenced(5, 6), sequenced(3, 4));
  assert.deepEqual(numbersIn(path.delivered), [1]);
  await waitFor("the timer", () => path.delivered.length === 3);
  assert.deepEqual(numbersIn(path.delivered), [1, 4, 6]);
  path.arrive(sequenced(4, 5), sequenced(6, 7));
  assert.deepEqual(numbersIn(path.delivered), [1, 4, 6, 7]);
});

test("a packet that waits goes to its own plane, behind what came before it", () => {
  const entries = [entry({ ...GRE_IN, plane: 1 })];
  const path = openPath({ entries });
  path.arrive(sequenced(1, 2), sequenced(0, 1));
  assert.deepEqual(numbersIn(path.planes[1] ?? []), [1, 2]);
  assert.deepEqual(path.delivered, []);
});

test("TCP connections are clamped to what the tunnel carries, in both directions", () => {
  const syn = Uint8Array.from([...new Array(12).fill(0), 0x60, 2, 0, 0, 0, 0, 0, 0, 2, 4, 5, 180]);
  const offer = (bytes: Uint8Array | undefined) => bytes?.slice(-2);
  const entries = [entry(), entry({ direction: "in", match: "source" })];
  const path = openPath({ entries, clampTo: 1480 });
  path.enter(packet({ protocol: 6, payload: syn }).slice(ROOM));
  assert.deepEqual(offer(path.sent[0]), Uint8Array.of(5, 160));
  const back = { source: "10.1.0.7", destination: "10.9.0.2", protocol: 6, payload: syn };
  path.arrive(fromPeer({ encapsulation: "ipip" }, packet(back).slice(ROOM)));
  assert.deepEqual(offer(path.delivered[0]), Uint8Array.of(5, 160));
  const off = openPath({ entries });
  off.enter(packet({ protocol: 6, payload: syn }).slice(ROOM));
  assert.deepEqual(offer(off.sent[0]), Uint8Array.of(5, 180));
});

test("RFC 3024 §A.2: what comes for two visitors with one home address goes to the plane of each, in order", () => {
  const other = ipv4("192.0.2.2");
  const back = { direction: "in", match: "destination" } as const;
  const entries = [entry(back), entry({ ...back, remote: other, plane: 1 })];
  const path = openPath({ entries });
  const from = (remote: Ipv4, number: number): Uint8Array => {
    const bytes = fromPeer({ encapsulation: "ipip" }, numbered(number));
    new DataView(bytes.buffer).setUint32(12, remote);
    return bytes;
  };
  const packets = [1, 2, 3, 4, 5, 6].map((i) => from(i % 3 === 0 ? other : TUNNEL.remote, i));
  path.arriveTogether(...packets);
  assert.deepEqual(numbersIn(path.delivered), [1, 2, 4, 5]);
  assert.deepEqual(numbersIn(path.planes[1] ?? []), [3, 6]);
});
