/** Every form of tunnel, there and back: what goes in comes out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arrival, carryCongestion, decapsulate } from "../../shared/forwarding/decapsulate.ts";
import { encapsulate, overheadOf } from "../../shared/forwarding/encapsulate.ts";
import { ABSENT } from "../../shared/forwarding/gre.ts";
import { isIpv4, totalLength } from "../../shared/forwarding/packet.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { FORMS, fields, formText, packet, ROOM, TUNNEL, translated, tunnelOf } from "./packets.ts";

const fragment = fc.tuple(fields, fc.constantFrom(0, 0x2000, 0x2005, 0x0007));

for (const form of FORMS) {
  const tunnel = tunnelOf(form);
  const is = (name: string): boolean => form.encapsulation === name;

  test(`${formText(form)}: the packet comes out as it went in, and the outer header is sound [3519-4.2-02]`, () => {
    fc.assert(
      fc.property(fragment, ([values, flags]) => {
        const bytes = packet({ ...values, flags: flags | (values.flags ?? 0) });
        const inner = bytes.slice(ROOM);
        const start = encapsulate(bytes, ROOM, tunnel, "copy", 7);
        assert.ok(ROOM - start <= overheadOf(form));
        assert.equal(totalLength(bytes, start), bytes.length - start);
        assert.ok(isIpv4(bytes, start, bytes.length - start));
        const headerEnd = start + ((bytes[start] ?? 0) & 15) * 4;
        assert.equal(internetChecksum(bytes, start, headerEnd), 0);
        translated(bytes, start);
        const arrival = new Arrival();
        const at = decapsulate(bytes, start, bytes.length - start, arrival);
        assert.ok(typeof at === "number", String(at));
        // The ends as the receiver sees them.
        assert.equal(arrival.remote, TUNNEL.local);
        assert.equal(arrival.local, TUNNEL.remote);
        assert.equal(arrival.key, form.greKeyOut ?? ABSENT);
        assert.equal(arrival.sequence, ABSENT);
        assert.equal(arrival.port, form.udpPort === undefined ? 0 : 434);
        assert.equal(arrival.isFragment, flags !== 0);
        const byIpip = is("minimal") && flags !== 0;
        assert.equal(arrival.encapsulation, byIpip ? "ipip" : form.encapsulation);
        assert.equal(carryCongestion(bytes, start, at, arrival), undefined);
        assert.deepEqual(bytes.slice(at), inner);
      }),
    );
  });

  test(`${formText(form)}: any octets changed or cut: never throws, and nothing comes out that is not there`, () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fields, fc.array(change, { maxLength: 4 }), fc.nat(), (values, changes, cut) => {
        const bytes = packet(values);
        const start = encapsulate(bytes, ROOM, tunnel, "copy", 7);
        translated(bytes, start);
        for (const [at, value] of changes) bytes[start + (at % (bytes.length - start))] = value;
        const length = Math.max(0, bytes.length - start - (cut % 40));
        const inner = decapsulate(bytes, start, length, new Arrival());
        if (typeof inner !== "number") return;
        assert.ok(isIpv4(bytes, inner, start + length - inner));
      }),
    );
  });
}

test("any octets: never throws", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 17, 47, 55),
      fc.uint8Array({ minLength: 20, maxLength: 96 }),
      (protocol, bytes) => {
        bytes[0] = 0x45;
        bytes[2] = 0;
        bytes[3] = bytes.length;
        bytes[9] = protocol;
        const inner = decapsulate(bytes, 0, bytes.length, new Arrival());
        if (typeof inner === "number") assert.ok(isIpv4(bytes, inner, bytes.length - inner));
      },
    ),
  );
});
