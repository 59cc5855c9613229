/**
 * `decapsulate` (shared/bpf) beside the daemon's own decapsulation, frame by frame, in the kernel but
 * without a network (BPF_PROG_TEST_RUN): either it makes of a packet what the daemon would, or it
 * leaves it to the daemon as it was. Root alone may load programs; elsewhere none of this runs.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arrival, carryCongestion, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import { Mirror, type TunnelMaps } from "../../shared/forwarding/ebpf/mirror.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { type Tunnel, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { BpfCalls } from "../../shared/linux/bpf/calls.ts";
import { bpfObject } from "../../shared/linux/bpf/object-image.ts";
import { openMaps } from "../../shared/linux/bpf/open-maps.ts";
import { LITTLE_ENDIAN } from "../../shared/linux/kernel-call.ts";
import { loadNative } from "../../shared/linux/native-loader.ts";
import { canLoadPrograms } from "./inside.ts";
import {
  entry,
  type Fields,
  FORMS,
  fields,
  formText,
  mirrored,
  packet,
  ROOM,
  TUNNEL,
  translated,
} from "./packets.ts";

const isRoot = canLoadPrograms();
const TEST_RUN = 10;
const ETHERNET = 14;
const REDIRECT = 7;
const NEXT = 0xffffffff;
/** In stack mode and in fast mode, which has no way on here and so does as in stack mode. */
const PROGRAMS = ["decapsulate", "forward"] as const;

/** The program with one tunnel of this form to the home address. */
class Decapsulator {
  readonly table = new TunnelTable();
  readonly tunnel: Tunnel;
  readonly mirror: Mirror;
  readonly #native = loadNative();
  readonly #program: number;

  constructor(form: TunnelForm, program: (typeof PROGRAMS)[number] = "decapsulate") {
    const calls = new BpfCalls(this.#native);
    const object = bpfObject(LITTLE_ENDIAN ? "LE" : "BE");
    const found = object?.programs.find(({ name }) => name === program);
    assert.ok(object !== undefined && found !== undefined);
    const sizes = new Map([
      [2, 1],
      [6, 256],
    ]);
    const opened = openMaps(calls, object.maps, ({ type }) => sizes.get(type) ?? 64, undefined);
    this.#program = calls.load(found, new Map([...opened].map(([name, { fd }]) => [name, fd])));
    this.mirror = new Mirror({
      maps: Object.fromEntries(opened) as unknown as TunnelMaps,
      table: this.table,
      df: "copy",
      mssClamp: true,
      anchorMtu: () => 1480,
      takes: 0,
      anchor: 1,
      isHeld: () => false,
      broadcastOf: () => undefined,
    });
    const one = entry({ ...form, direction: "in", match: "destination" });
    const tunnel = this.table.add(one);
    assert.ok(tunnel !== undefined);
    this.tunnel = tunnel;
    this.mirror.changed(one, 1);
    this.mirror.flush();
  }

  /** What becomes of an IP packet in a frame to this host; `undefined`: it goes on untouched. */
  run(bytes: Uint8Array): Uint8Array | undefined {
    const frame = new Uint8Array(ETHERNET + bytes.length);
    frame.set([0x08, 0x00], 12);
    frame.set(bytes, ETHERNET);
    const out = new Uint8Array(2048);
    const head = new Uint8Array(80);
    const view = new DataView(head.buffer);
    const set = (at: number, value: number) => view.setUint32(at, value, LITTLE_ENDIAN);
    set(0, this.#program);
    set(8, frame.length);
    set(12, out.length);
    const result = this.#native.bpf(TEST_RUN, head, 16, frame, 24, out);
    assert.equal(result, 0, `test run: ${result}`);
    const verdict = view.getUint32(4, LITTLE_ENDIAN);
    const left = out.slice(ETHERNET, view.getUint32(12, LITTLE_ENDIAN));
    if (verdict === NEXT) {
      // A mark may have been carried already; the daemon does that again to the same effect.
      assert.equal(left.length, bytes.length);
      return undefined;
    }
    assert.equal(verdict, REDIRECT);
    return left;
  }
}

/** An inner packet from the other end of the tunnel, as that sends it, with this outer TOS. */
function sent(form: TunnelForm, inner: Fields, outerTos = inner.tos ?? 0): Uint8Array {
  const there = new TunnelTable().add(
    entry({ ...mirrored(form), local: TUNNEL.remote, remote: TUNNEL.local }),
  );
  assert.ok(there !== undefined);
  const bytes = packet(inner);
  const start = encapsulate(bytes, ROOM, there, "copy", 7);
  translated(bytes, start);
  if (form.udpPort !== undefined) {
    bytes[start + 20] = form.udpPort >>> 8;
    bytes[start + 21] = form.udpPort & 0xff;
  }
  const old = bytes[start + 1] ?? 0;
  bytes[start + 1] = outerTos;
  const view = new DataView(bytes.buffer, start);
  // RFC 1624: the checksum follows the field.
  let sum = (~view.getUint16(10) & 0xffff) + (~old & 0xff) + 0xff00 + outerTos;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return bytes.slice(start);
}

/** What the daemon makes of it, without looking for an acceptance. */
function byDaemon(outer: Uint8Array): Uint8Array | string {
  const bytes = Uint8Array.from(outer);
  const arrival = new Arrival();
  const inner = decapsulate(bytes, 0, bytes.length, arrival);
  if (typeof inner !== "number") return inner;
  const dropped = carryCongestion(bytes, 0, inner, arrival);
  return dropped ?? bytes.slice(inner, inner + new DataView(bytes.buffer).getUint16(inner + 2));
}

/** What ip_rcv leaves of a packet: octets behind its total length are cut off. */
function received(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, new DataView(bytes.buffer, bytes.byteOffset).getUint16(2));
}

const IN_KERNEL = FORMS.filter(({ encapsulation }) => encapsulation !== "minimal");
/** Octet 35 is the inner total length in UDP: it says less than there is. */
const TRAILING: [Fields, { at: number; value: number }[], number] = [
  { tos: 0, flags: 0, ttl: 1, options: 4, payload: Uint8Array.of(0) },
  [{ at: 35, value: 24 }],
  0,
];
const text = (bytes: Uint8Array | string | undefined): string | undefined =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString("hex") : bytes;

for (const form of isRoot ? IN_KERNEL : []) {
  test(`${formText(form)}: the inner packet comes out as it went in, and is counted [2003-3.1-01] [2784-3.1-01] [3519-4.2-01]`, () => {
    for (const name of PROGRAMS) {
      const program = new Decapsulator(form, name);
      fc.assert(
        fc.property(fields, (inner) => {
          const outer = sent(form, inner);
          assert.equal(text(program.run(outer)), text(byDaemon(outer)));
        }),
        { numRuns: 200 },
      );
      program.mirror.refresh(program.tunnel);
      assert.equal(program.tunnel.packetsIn, 200);
      assert.equal(program.tunnel.packetsOut, 0);
    }
  });

  test(`${formText(form)}: RFC 6040 §4.2: all 16 combinations of marks as the daemon has them`, () => {
    const program = new Decapsulator(form, "forward");
    for (const outer of [0, 1, 2, 3]) {
      for (const inner of [0, 1, 2, 3]) {
        const bytes = sent(form, { tos: 0xb8 | inner }, 0xb8 | outer);
        const expected = byDaemon(bytes);
        // What must be dropped is left to the daemon, which counts it.
        const taken = typeof expected === "string" ? undefined : expected;
        assert.equal(text(program.run(bytes)), text(taken), `outer ${outer}, inner ${inner}`);
      }
    }
  });

  test(`${formText(form)}: whatever octets are wrong, it is left alone or made what the daemon makes of it`, () => {
    const programs = PROGRAMS.map((name) => new Decapsulator(form, name));
    const mutation = fc.record({ at: fc.nat(67), value: fc.integer({ min: 0, max: 255 }) });
    let taken = 0;
    fc.assert(
      fc.property(fields, fc.array(mutation, { maxLength: 3 }), fc.nat(8), (inner, wrong, cut) => {
        const outer = sent(form, { ...inner, protocol: 17 });
        for (const { at, value } of wrong) if (at < outer.length) outer[at] = value;
        const bytes = outer.subarray(0, Math.max(20, outer.length - cut));
        for (const program of programs) {
          const out = program.run(bytes);
          if (out === undefined) continue;
          taken++;
          assert.equal(text(received(out)), text(byDaemon(bytes)));
        }
      }),
      { numRuns: 2000, examples: [TRAILING] },
    );
    assert.ok(taken > 40, `${taken} of 4000 were taken`);
  });
}

const oddPackets = (): void => {
  const form = { encapsulation: "gre" } as const;
  const program = new Decapsulator(form);
  const usual = { destination: "10.1.0.7" };
  assert.ok(program.run(sent(form, usual)) !== undefined);
  const syn = Uint8Array.of(0, 80, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 255, 255, 0, 0, 0, 0);
  const odd: Readonly<Record<string, Uint8Array>> = {
    "a SYN, whose MSS is lowered": sent(form, { ...usual, protocol: 6, payload: syn }),
    "for the tunnel end itself": sent(form, { destination: "198.51.100.1" }),
    "from the other tunnel end": sent(form, { ...usual, source: "192.0.2.1" }),
    "for the other tunnel end": sent(form, { destination: "192.0.2.1" }),
    "to a group": sent(form, { destination: "224.0.0.9" }),
    "to all": sent(form, { destination: "255.255.255.255" }),
    "for somebody else": sent(form, { destination: "10.1.0.8" }),
    "whose time is over": sent(form, { ...usual, ttl: 0 }),
    "another form": sent({ encapsulation: "ipip" }, usual),
    "another key": sent({ encapsulation: "gre", greKeyIn: 1 }, usual),
    "in UDP": sent({ encapsulation: "gre", udpPort: 434 }, usual),
  };
  const ack = Uint8Array.from(syn).fill(16, 13, 14);
  assert.ok(program.run(sent(form, { ...usual, protocol: 6, payload: ack })) !== undefined);
  for (const [name, bytes] of Object.entries(odd))
    assert.equal(program.run(bytes), undefined, name);
};

const oddHeaders = (): void => {
  const form = { encapsulation: "ipip", udpPort: 40_000 } as const;
  const program = new Decapsulator(form);
  const good = sent(form, {});
  assert.ok(program.run(good) !== undefined);
  const wrong: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
    "more fragments": [[6, 0x20]],
    "a later fragment": [[7, 1]],
    "another sender": [[15, 9]],
    "another port": [[21, 9]],
    "another of our ports": [[23, 9]],
    "a registration": [[28, 1]],
    "a header checksum": [[10, 1]],
    "a UDP checksum": [[26, 1]],
    "a UDP length": [[25, 200]],
    "a next header": [[29, 55]],
  };
  for (const [name, changes] of Object.entries(wrong)) {
    const bytes = Uint8Array.from(good);
    for (const [at, value] of changes) bytes[at] = value;
    assert.equal(program.run(bytes), undefined, name);
  }
};

if (isRoot) {
  test("what is odd is left to the daemon", oddPackets);
  test(
    "outer fragments, another sender, port or form, wrong checksums are left to the daemon",
    oddHeaders,
  );
}
