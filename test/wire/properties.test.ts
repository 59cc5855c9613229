/** What holds for every table of every space, whatever the values and the octets. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type ExtensionSpace, extensionLength } from "../../shared/wire/extension.ts";
import { type AnyMessage, type CompiledMessage, encodeMessage } from "../../shared/wire/message.ts";
import { repairIcmp } from "../fuzz/message-target.ts";
import { arbitraryFrom, arbitraryMessage } from "./arbitrary.ts";
import { extensionKinds, makeExtension, makeMessage, messageKinds } from "./arbitrary-messages.ts";
import { examine, thoroughViolation } from "./invariants.ts";
import { icmp, PROTOCOLS, type Protocol } from "./protocols.ts";

/** `read(encode(message))` is the message, and every invariant holds. */
function assertLossless(protocol: Protocol, message: AnyMessage): void {
  const bytes = protocol.encode(message);
  const { inspected, violation } = examine(protocol, bytes);
  assert.equal(violation, undefined);
  assert.deepEqual(inspected?.error, undefined);
  assert.deepEqual(inspected?.decoded?.message, message);
  assert(inspected !== undefined);
  assert.equal(thoroughViolation(protocol, bytes, inspected), undefined);
}

function assertHolds(protocol: Protocol, bytes: Uint8Array): void {
  const { inspected, violation } = examine(protocol, bytes);
  assert.equal(violation, undefined);
  assert(inspected !== undefined);
  assert.equal(thoroughViolation(protocol, bytes, inspected), undefined);
}

/** Each space of extensions once, with a message that takes them. */
function spacesOf({ space }: Protocol): ReadonlyMap<ExtensionSpace, CompiledMessage> {
  const spaces = new Map<ExtensionSpace, CompiledMessage>();
  for (const kind of messageKinds(space)) {
    const { extensions } = kind.table;
    if (extensions !== undefined && !spaces.has(extensions)) spaces.set(extensions, kind);
  }
  return spaces;
}

for (const protocol of PROTOCOLS) {
  const { name, space } = protocol;

  test(`${name}: every message survives encode and decode, with any extensions`, () => {
    for (const kind of messageKinds(space)) {
      fc.assert(
        fc.property(arbitraryMessage(space, kind), (message) => assertLossless(protocol, message)),
        { numRuns: 60 },
      );
    }
  });

  test(`${name}: every extension survives encode and decode`, () => {
    for (const [extensions, message] of spacesOf(protocol)) {
      for (const kind of extensionKinds(extensions)) {
        const arbitrary = arbitraryFrom((choices) =>
          makeMessage(choices, space, message, [makeExtension(choices, extensions, kind)]),
        );
        fc.assert(
          fc.property(arbitrary, (each) => assertLossless(protocol, each)),
          { numRuns: 40 },
        );
      }
    }
  });

  test(`${name}: the length of an extension is that of its octets`, () => {
    for (const [extensions, message] of spacesOf(protocol)) {
      for (const kind of extensionKinds(extensions)) {
        const arbitrary = arbitraryFrom((choices) => makeExtension(choices, extensions, kind));
        fc.assert(
          fc.property(arbitrary, arbitraryMessage(space, message), (extension, each) => {
            const without = { ...each, extensions: [] };
            const bytes = encodeMessage(space, { ...without, extensions: [extension] });
            const length = bytes.length - encodeMessage(space, without).length;
            assert.equal(extensionLength(extensions, extension), length);
          }),
          { numRuns: 10 },
        );
      }
    }
  });

  test(`${name}: a message cut off anywhere is refused in place, or shorter and lossless`, () => {
    fc.assert(
      fc.property(arbitraryMessage(space), fc.nat(), (message, cut) => {
        const bytes = protocol.encode(message);
        const short = bytes.slice(0, cut % (bytes.length + 1));
        if (protocol === icmp) repairIcmp(short);
        assertHolds(protocol, short);
      }),
      { numRuns: 500 },
    );
  });

  test(`${name}: octets changed in a valid message: what is accepted encodes to the same octets`, () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(arbitraryMessage(space), changes, (message, list) => {
        const bytes = protocol.encode(message);
        for (const [at, octet] of list) bytes[at % bytes.length] = octet;
        if (protocol === icmp) repairIcmp(bytes);
        assertHolds(protocol, bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test(`${name}: any octets at all: what is accepted encodes to the same octets`, () => {
    const types = messageKinds(space).map(({ table }) => table.type);
    const octets = fc.uint8Array({ maxLength: 200, size: "max" });
    fc.assert(
      fc.property(octets, fc.constantFrom(...types, 0, 2, 254), (bytes, type) => {
        bytes[0] = type;
        if (protocol === icmp) repairIcmp(bytes);
        assertHolds(protocol, bytes);
      }),
      { numRuns: 2000 },
    );
  });
}

/** How often an octet was read, while `read` reads a message. Copies of octets count each. */
function countReads(t: TestContext, bytes: Uint8Array, read: (bytes: Uint8Array) => void): number {
  let reads = 0;
  const proxy: Uint8Array = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d/.test(key)) reads++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const { slice } = Uint8Array.prototype;
  const mock = t.mock.method(
    Uint8Array.prototype,
    "slice",
    function (this: Uint8Array, ...range: Parameters<typeof slice>) {
      const copy = slice.apply(this === proxy ? bytes : this, range);
      reads += copy.length;
      return copy;
    },
  );
  read(proxy);
  mock.mock.restore();
  return reads;
}

/** Messages of about `size` octets behind a fixed part: the worst that a sender can think of. */
const CROWDED: Readonly<Record<string, (size: number) => AnyMessage["extensions"]>> = {
  "padding alone": (size) => Array(size).fill({ name: "one-byte-padding" }),
  "unknown ones without data": (size) =>
    Array(size / 2).fill({ name: "unknown", type: 201, data: new Uint8Array() }),
  "the shortest authentication": (size) =>
    Array(Math.floor(size / 7)).fill({
      name: "mobile-home-authentication-extension",
      spi: 256,
      authenticator: new Uint8Array(1),
    }),
};

test("reading is linear: 64 times the extensions take at most 66 times the reads", (t) => {
  const { inspect, encode } = PROTOCOLS[0] as Protocol;
  for (const [what, extensionsOf] of Object.entries(CROWDED)) {
    const readsFor = (size: number): number => {
      const plain = {
        ...{ name: "registration-request", flags: 0, lifetime: 0, identification: 0n },
        ...{ homeAddress: 0, homeAgent: 0, careOfAddress: 0 },
      };
      const bytes = encode({ ...plain, extensions: extensionsOf(size) });
      return countReads(t, bytes, (counted) => {
        assert.equal(inspect(counted).error, undefined, what);
      });
    };
    const [few, many] = [readsFor(1024), readsFor(64 * 1024)];
    assert.ok(few >= 1024 / 7, `${what}: ${few} reads seen`);
    assert.ok(many <= 66 * few, `${what}: ${few} reads for 1 kB, ${many} for 64 kB`);
  }
});
