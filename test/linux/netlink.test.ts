/** The netlink codec, and rtnetlink over a kernel that answers from a list. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Mac, macFromBytes, toIpv4 } from "../../shared/base/address.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeBody,
  encodeMessage,
  errorNumber,
  fixedPart,
  LITTLE_ENDIAN,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../shared/linux/netlink/message.ts";
import {
  type AddressMessage,
  decodeAddress,
  decodeLink,
  decodeNeighbor,
  decodeRoute,
  encodeAddress,
  encodeLink,
  encodeNeighbor,
  encodeRoute,
  type NeighborMessage,
  type RouteMessage,
  RTM,
} from "../../shared/linux/netlink/objects.ts";
import { Rtnetlink } from "../../shared/linux/netlink/rtnetlink.ts";
import { decodeRule, encodeRule, type RuleMessage } from "../../shared/linux/netlink/rules.ts";
import { IoError, type PacketIo } from "../../shared/linux/packet-io.ts";
import { NO_IO } from "../no-io.ts";

const RECORD = { noNullPrototype: true } as const;
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u8 = fc.integer({ min: 0, max: 255 });
const index = fc.integer({ min: 1, max: 0x7fffffff });
const address = u32.map(toIpv4);
const mac: fc.Arbitrary<Mac> = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => macFromBytes(bytes, 0));
const name = fc.string({ unit: fc.constantFrom("a", "z", "0", "."), minLength: 1, maxLength: 15 });

/** Decoded values say `undefined` where the original has no key. */
function plain(value: object | undefined): object {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined));
}

test("routes: encode, then decode gives the same", () => {
  const route: fc.Arbitrary<RouteMessage> = fc
    .record(
      {
        table: fc.integer({ min: 1, max: 70000 }),
        protocol: u8,
        scope: u8,
        type: u8,
        destination: address,
        prefixLength: fc.integer({ min: 1, max: 32 }),
        index,
        gateway: address,
        source: address,
        onlink: fc.boolean(),
        priority: u32,
        mtu: u32,
      },
      {
        ...RECORD,
        requiredKeys: [
          ...(["table", "protocol", "scope", "type"] as const),
          ...(["destination", "prefixLength", "onlink"] as const),
        ],
      },
    )
    .map((value) => value as RouteMessage);
  fc.assert(
    fc.property(route, (value) => {
      assert.deepEqual(plain(decodeRoute(encodeRoute(value))), plain(value));
    }),
  );
});

test("rules: encode, then decode gives the same", () => {
  const rule = fc.record(
    {
      table: fc.integer({ min: 1, max: 70000 }),
      priority: u32,
      protocol: u8,
      from: address,
      to: fc.record({ address, length: fc.integer({ min: 1, max: 32 }) }, RECORD),
      iif: name,
      fwmark: u32,
      suppressPrefixLength: fc.integer({ min: 0, max: 32 }),
    },
    { ...RECORD, requiredKeys: ["table", "priority", "protocol"] },
  );
  fc.assert(
    fc.property(rule, (value) => {
      assert.deepEqual(plain(decodeRule(encodeRule(value as RuleMessage))), plain(value));
    }),
  );
});

test("neighbours, addresses and links: encode, then decode gives the same", () => {
  const neighbor = fc.record(
    {
      index,
      address,
      mac,
      isProxy: fc.boolean(),
      isPermanent: fc.boolean(),
      protocol: u8,
    },
    { ...RECORD, requiredKeys: ["index", "address", "isProxy", "isPermanent", "protocol"] },
  );
  const configured = fc.record(
    {
      index,
      address,
      prefixLength: fc.integer({ min: 0, max: 32 }),
      scope: u8,
      broadcast: address,
      label: name,
      noPrefixRoute: fc.constant(true),
    },
    { ...RECORD, requiredKeys: ["index", "address", "prefixLength", "scope"] },
  );
  fc.assert(
    fc.property(neighbor, (value) => {
      const encoded = encodeNeighbor(value as NeighborMessage);
      assert.deepEqual(plain(decodeNeighbor(encoded)), plain(value));
    }),
  );
  fc.assert(
    fc.property(configured, (message) => {
      const value = { ...message, isSecondary: false } as AddressMessage;
      assert.deepEqual(plain(decodeAddress(encodeAddress(value))), value);
    }),
  );
  fc.assert(
    fc.property(name, index, u32, fc.boolean(), (text, at, mtu, isUp) => {
      const decoded = decodeLink(encodeLink({ index: at, name: text, mtu, isUp }));
      assert.deepEqual(plain(decoded), { index: at, name: text, mtu, isUp, isRunning: false });
    }),
  );
});

test("any octets: no decoder throws", () => {
  const decoders = [decodeLink, decodeAddress, decodeRoute, decodeRule, decodeNeighbor];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      for (const message of decodeMessages(bytes)) {
        errorNumber(message);
        for (const decode of decoders) decode(message.body);
      }
      for (const decode of decoders) decode(bytes);
      decodeAttributes(bytes, 0);
    }),
    { numRuns: 2000 },
  );
});

test("a message with octets changed or cut off is decoded as far as it goes", () => {
  const body = encodeRoute({
    table: 436,
    protocol: 180,
    scope: 253,
    type: 1,
    destination: toIpv4(0x0a010007),
    prefixLength: 32,
    index: 7,
    onlink: true,
    mtu: 1380,
  });
  const whole = encodeMessage({ type: RTM.newRoute, flags: 0, sequence: 1, body });
  for (let end = 0; end < whole.length; end++) {
    assert.deepEqual(decodeMessages(whole.subarray(0, end)), []);
    decodeRoute(body.subarray(0, end));
  }
  fc.assert(
    fc.property(fc.nat(whole.length - 1), u8, (at, value) => {
      const changed = whole.slice();
      changed[at] = value;
      for (const message of decodeMessages(changed)) decodeRoute(message.body);
    }),
  );
});

test("several messages of one datagram, and attributes with odd lengths", () => {
  const body = encodeBody(new Uint8Array(4), [
    [1, Uint8Array.of(1)],
    [2, Uint8Array.of(1, 2, 3, 4, 5)],
  ]);
  const message = { type: 20, flags: 2, sequence: 9, body };
  const one = encodeMessage(message);
  const both = new Uint8Array(one.length * 2);
  both.set(one);
  both.set(one, one.length);
  assert.deepEqual(decodeMessages(both), [message, message]);
  const attributes = decodeAttributes(body, 4);
  assert.deepEqual(attributes.get(1), Uint8Array.of(1));
  assert.deepEqual(attributes.get(2), Uint8Array.of(1, 2, 3, 4, 5));
});

/** A kernel that gives every request the same answers. */
function kernelThatSays(...answers: Uint8Array[]): PacketIo {
  return {
    ...NO_IO,
    capabilities: new Set(["netlink"]),
    openNetlink: () => ({
      request: async () => answers,
      onNotification: () => undefined,
      close: () => undefined,
    }),
  };
}

function answer(type: number, body: Uint8Array): Uint8Array {
  return encodeMessage({ type, flags: 0, sequence: 1, body });
}

test("rtnetlink: an error number becomes an IoError with its name", async () => {
  const body = fixedPart(4, (view) => view.setInt32(0, -17, LITTLE_ENDIAN));
  const rtnetlink = Rtnetlink.open(kernelThatSays(answer(NLMSG_ERROR, body)));
  await assert.rejects(rtnetlink.change(RTM.newRoute, 0, new Uint8Array(12), "route"), (error) => {
    return error instanceof IoError && error.code === "EEXIST";
  });
});

test("rtnetlink: a dump is its objects, without acknowledgement and end", async () => {
  const object = Uint8Array.of(1, 2, 3, 4);
  const acknowledged = answer(NLMSG_ERROR, new Uint8Array(4));
  const done = answer(NLMSG_DONE, new Uint8Array(4));
  const io = kernelThatSays(answer(RTM.newLink, object), acknowledged, done);
  const rtnetlink = Rtnetlink.open(io);
  assert.deepEqual(await rtnetlink.dump(RTM.getLink, new Uint8Array(16)), [object]);
});
