/** Captures: messages inside tunnels, and packets that are not whole. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4 } from "../../shared/base/address.ts";
import { type CapturedMessage, messageIn } from "../../shared/wire/capture/messages.ts";
import { ipPacket, join, rawIp, udp } from "./capture-files.ts";

const PAYLOAD = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** From 10.1.0.7 to 10.1.0.1, as the innermost packet of each test. */
const INSIDE = { source: 0x0a010007, destination: 0x0a010001 };
const MESSAGE = ipPacket(17, udp(1000, 434, PAYLOAD), INSIDE);

const ICMP_UNREACHABLE = ipPacket(1, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0), INSIDE);

/** GRE in front of IPv4, with the fields that the flags C (8), K (2) and S (1) call for. */
function gre(flags: number, inner: Uint8Array, protocolType = 0x0800): Uint8Array {
  const optional = [
    ...((flags & 8) === 0 ? [] : [0, 0, 0, 0]),
    ...((flags & 2) === 0 ? [] : [0, 0, 0x12, 0x34]),
    ...((flags & 1) === 0 ? [] : [0, 0, 0, 9]),
  ];
  return join([flags << 4, 0, protocolType >> 8, protocolType & 0xff], optional, inner);
}

const minimal = (inner: Uint8Array, withSource: boolean): Uint8Array =>
  join(
    [inner[9] ?? 0, withSource ? 0x80 : 0, 0, 0],
    inner.subarray(16, 20),
    withSource ? inner.subarray(12, 16) : [],
    inner.subarray(20),
  );

const tunnelData = (nextHeader: number, inner: Uint8Array): Uint8Array =>
  udp(434, 434, join([4, nextHeader, 0, 0], inner));

function shown(message: CapturedMessage | undefined): unknown {
  if (message === undefined) return undefined;
  const { kind, source, destination, payload, cut, tunnels } = message;
  return {
    kind,
    way: `${formatIpv4(source)} ${formatIpv4(destination)}`,
    payload: [...payload],
    cut,
    tunnels: tunnels.map(({ encapsulation, key }) =>
      key === undefined ? encapsulation : `${encapsulation} ${key}`,
    ),
  };
}

const expected = (...tunnels: readonly string[]): unknown => ({
  kind: "udp",
  way: "10.1.0.7 10.1.0.1",
  payload: [...PAYLOAD],
  cut: undefined,
  tunnels,
});

const KEY = "gre 4660";

test("capture: a message inside one tunnel has its own addresses, and the tunnel's beside them", () => {
  const cases: readonly (readonly [Uint8Array, ...string[]])[] = [
    [ipPacket(4, MESSAGE), "ipip"],
    [ipPacket(47, gre(0, MESSAGE)), "gre"],
    [ipPacket(47, gre(8, MESSAGE)), "gre"],
    [ipPacket(47, gre(2, MESSAGE)), KEY],
    [ipPacket(47, gre(1, MESSAGE)), "gre"],
    [ipPacket(47, gre(11, MESSAGE)), KEY],
    [ipPacket(55, minimal(MESSAGE, true)), "minimal"],
    [ipPacket(17, tunnelData(4, MESSAGE)), "udp"],
    [ipPacket(17, tunnelData(47, gre(2, MESSAGE))), "udp", KEY],
    [ipPacket(17, tunnelData(55, minimal(MESSAGE, true))), "udp", "minimal"],
  ];
  for (const [packet, ...tunnels] of cases) {
    const message = messageIn(rawIp(packet));
    assert.deepEqual(shown(message), expected(...tunnels), tunnels.join());
    for (const { source, destination } of message?.tunnels ?? []) {
      assert.equal(`${formatIpv4(source)} ${formatIpv4(destination)}`, "192.0.2.7 192.0.2.1");
    }
  }
});

test("capture: without S the original source is the tunnel's, the destination always its own", () => {
  const message = messageIn(rawIp(ipPacket(55, minimal(MESSAGE, false))));
  assert.equal(message && formatIpv4(message.source), "192.0.2.7");
  assert.equal(message && formatIpv4(message.destination), "10.1.0.1");
});

test("capture: tunnels within tunnels are followed, outermost first", () => {
  const wrapped = ipPacket(47, gre(2, ipPacket(4, MESSAGE)));
  const packet = ipPacket(17, tunnelData(4, ipPacket(55, minimal(wrapped, true))));
  assert.deepEqual(shown(messageIn(rawIp(packet))), expected("udp", "minimal", KEY, "ipip"));
});

test("capture: nesting has an end, and takes no longer than the octets do", () => {
  let packet = MESSAGE;
  for (let i = 0; i < 16; i++) packet = ipPacket(4, packet);
  assert.equal(messageIn(rawIp(packet))?.tunnels.length, 16);
  for (let i = 0; i < 3000; i++) packet = ipPacket(4, packet);
  assert.equal(messageIn(rawIp(packet)), undefined);
});

test("capture: tunnel data counts as a message when there is none in it", () => {
  const inners = [ICMP_UNREACHABLE, ipPacket(17, udp(53, 53, PAYLOAD)), PAYLOAD, new Uint8Array()];
  for (const inner of inners) {
    const message = messageIn(rawIp(ipPacket(17, tunnelData(4, inner))));
    assert.deepEqual([...(message?.payload ?? [])], [4, 4, 0, 0, ...inner]);
    assert.deepEqual(message?.tunnels, []);
  }
  // Nobody knows what an unusual next header is in front of.
  const odd = messageIn(rawIp(ipPacket(17, tunnelData(17, udp(1, 434, PAYLOAD)))));
  assert.equal(odd?.payload[0], 4);
  const nested = ipPacket(17, tunnelData(4, ipPacket(17, tunnelData(4, ICMP_UNREACHABLE))));
  assert.equal(messageIn(rawIp(nested))?.tunnels.length, 1);
});

test("capture: tunnelled traffic that is none of ours is passed over", () => {
  const others = [
    ipPacket(4, ICMP_UNREACHABLE),
    ipPacket(4, PAYLOAD),
    ipPacket(47, gre(0, MESSAGE, 0x86dd)),
    ipPacket(47, join([0, 1], gre(0, MESSAGE).subarray(2))),
    ipPacket(47, gre(4, MESSAGE)),
    ipPacket(47, Uint8Array.of(0x20, 0, 8, 0)),
    ipPacket(55, Uint8Array.of(17, 0, 0)),
    ipPacket(55, minimal(ICMP_UNREACHABLE, true)),
    ipPacket(4, MESSAGE, { fragmentOffset: 8 }),
  ];
  for (const [i, packet] of others.entries())
    assert.equal(messageIn(rawIp(packet)), undefined, `${i}`);
});

test("capture: a packet that the capture cut says how much there is of how much", () => {
  const whole = ipPacket(4, MESSAGE);
  const cutBy = (octets: number) =>
    messageIn(rawIp(whole.subarray(0, whole.length - octets), whole.length))?.cut;
  assert.equal(cutBy(0), undefined);
  assert.equal(cutBy(3), "captured 5 of 8 octets");
  assert.equal(cutBy(8), "captured 0 of 8 octets");
  // Within the UDP header, behind the ports.
  assert.equal(cutBy(11), "captured 0 of 8 octets");
  assert.equal(messageIn(rawIp(whole.subarray(0, whole.length - 13), whole.length)), undefined);
  const icmp = ipPacket(1, Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0));
  const message = messageIn(rawIp(icmp.subarray(0, 22), icmp.length));
  assert.equal(message?.cut, "captured 2 of 8 octets");
});

test("capture: a header that announces more than the packet holds is told from a cut", () => {
  const short = messageIn(rawIp(MESSAGE.subarray(0, MESSAGE.length - 2)));
  assert.equal(short?.cut, "the packet holds 6 of the 8 octets that its headers announce");
  const long = udp(1000, 434, PAYLOAD);
  new DataView(long.buffer).setUint16(4, 30);
  const message = messageIn(rawIp(ipPacket(17, long)));
  assert.equal(message?.cut, "the packet holds 8 of the 22 octets that its headers announce");
});

test("capture: of fragments the first is looked into and is not whole, the others are passed over", () => {
  const datagram = udp(1000, 434, PAYLOAD);
  const first = ipPacket(17, datagram.subarray(0, 12), { moreFragments: true });
  assert.match(messageIn(rawIp(first))?.cut ?? "", /first fragment/);
  const icmp = ipPacket(1, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0), { moreFragments: true });
  assert.match(messageIn(rawIp(icmp))?.cut ?? "", /first fragment/);
  const outer = ipPacket(4, MESSAGE.subarray(0, 32), { moreFragments: true });
  assert.match(messageIn(rawIp(outer))?.cut ?? "", /^the packet holds 4 of the 8/);
});

test("capture: any octets behind any tunnel header never throw", () => {
  const packet = ipPacket(17, tunnelData(55, minimal(ipPacket(47, gre(11, MESSAGE)), true)));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(packet.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(packet.length),
      (changes, length) => {
        const bytes = Uint8Array.from(packet);
        for (const [at, octet] of changes) bytes[at] = octet;
        const message = messageIn(rawIp(bytes.subarray(0, length), packet.length));
        assert.ok(message === undefined || message.payload.length <= length);
      },
    ),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(4, 17, 47, 55),
      fc.uint8Array({ maxLength: 60 }),
      (protocol, body) => void messageIn(rawIp(ipPacket(protocol, body))),
    ),
    { numRuns: 3000 },
  );
});
