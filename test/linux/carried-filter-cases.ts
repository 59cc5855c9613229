/** What does not come up by a raw socket while devices of the kernel's take it, on real sockets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4, toIpv4 } from "../../shared/base/address.ts";
import type { CarriedPackets, PacketIo } from "../../shared/linux/packet-io.ts";
import { numbered, packet, packetsOf, range, until } from "./support.ts";

const A = ipv4("10.5.0.1");
const B = ipv4("10.5.0.2");
const FIRST = ipv4("203.0.113.1");
const HOME = ipv4("10.1.0.7");
const SUBNET_BROADCAST = ipv4("10.1.0.255");
const GROUP = ipv4("224.0.0.251");
const UDP = 17;
const ICMP = 1;
/** The last packet of each case: it comes up whatever the filter is. */
const END = ipv4("192.0.2.99");

function inner(destination: Ipv4 = A, protocol = UDP, payload = numbered(1, 16)): Uint8Array {
  return packet({ source: HOME, destination, protocol, payload });
}

/** GRE with these flags in its first octet, and room for what they announce. */
function gre(flags: number, payload: Uint8Array): Uint8Array {
  const words = [0x80, 0x20, 0x10].filter((flag) => (flags & flag) !== 0).length;
  const header = new Uint8Array(4 + 4 * words);
  header.set([flags, 0, 8, 0]);
  return Uint8Array.from([...header, ...payload]);
}

/** Which of these came up: each an outer source and what follows the outer header. */
async function arrived(
  io: PacketIo,
  carried: CarriedPackets,
  sent: readonly (readonly [source: Ipv4, payload: Uint8Array])[],
): Promise<boolean[]> {
  const protocol = carried.encapsulation === "ipip" ? 4 : 47;
  const sender = io.openRawIp({ protocol, address: A });
  const receiver = io.openRawIp({ protocol, address: B });
  const seen: Uint8Array[] = [];
  receiver.onPackets((batch) => seen.push(...packetsOf(batch)));
  receiver.leaveOut?.(carried);
  const send = (source: Ipv4, payload: Uint8Array) => {
    const one = packet({ source, destination: B, protocol, payload });
    assert.equal(sender.sendOne(one), undefined);
    return Buffer.from(one);
  };
  const packets = sent.map(([source, payload]) => send(source, payload));
  const end = send(END, inner());
  await until("the last one", () => seen.some((one) => end.equals(one)));
  sender.close();
  receiver.close();
  return packets.map((one) => seen.some((found) => one.equals(found)));
}

export function carriedFilterCases(io: PacketIo): void {
  const remotesOf = (count: number): Ipv4[] => range(count).map((i) => toIpv4(FIRST + 2 * i));

  test("of one end and of a thousand: what is from them stays down, what is between them comes up", async () => {
    for (const count of [1, 64, 65, 1000]) {
      const remotes = remotesOf(count);
      const places = [...new Set([0, 1, count >> 1, count - 2, count - 1])].filter(
        (i) => i >= 0 && i < count,
      );
      const known = places.map((i) => [toIpv4(FIRST + 2 * i), inner()] as const);
      const others = places.map((i) => [toIpv4(FIRST + 2 * i + 1), inner()] as const);
      const before = [toIpv4(FIRST - 1), inner()] as const;
      const carried = {
        encapsulation: "ipip",
        remotes: remotes.reverse(),
        broadcasts: [],
      } as const;
      const seen = await arrived(io, carried, [...known, ...others, before]);
      const expected = [...known.map(() => false), ...others.map(() => true), true];
      assert.deepEqual(seen, expected, `${count}`);
    }
  });

  test("with none, or more than a program holds, everything comes up; another set takes its place", async () => {
    for (const remotes of [[], remotesOf(4000)]) {
      const carried = { encapsulation: "ipip", remotes, broadcasts: [] } as const;
      assert.deepEqual(await arrived(io, carried, [[FIRST, inner()]]), [true]);
    }
    const receiver = io.openRawIp({ protocol: 4, address: B });
    const sender = io.openRawIp({ protocol: 4, address: A });
    let count = 0;
    receiver.onPackets((batch) => {
      count += batch.count;
    });
    const packets = { encapsulation: "ipip", broadcasts: [] } as const;
    receiver.leaveOut?.({ ...packets, remotes: [FIRST] });
    receiver.leaveOut?.({ ...packets, remotes: [END] });
    const one = { destination: B, protocol: 4, payload: inner() };
    for (const source of [END, FIRST]) sender.sendOne(packet({ ...one, source }));
    await until("the one that is no longer left out", () => count > 0);
    assert.equal(count, 1);
    sender.close();
    receiver.close();
  });

  test("groups, broadcasts and answers to echoes come up all the same: no device knows whose they are", async () => {
    const reply = Uint8Array.from([0, ...numbered(1, 15)]);
    const request = Uint8Array.from([8, ...numbered(1, 15)]);
    const all = ipv4("255.255.255.255");
    const cases: readonly (readonly [Uint8Array, boolean])[] = [
      [inner(GROUP), true],
      [inner(all), true],
      [inner(SUBNET_BROADCAST), true],
      [inner(toIpv4(SUBNET_BROADCAST - 1)), false],
      [inner(A, ICMP, reply), true],
      [inner(A, ICMP, request), false],
      [inner(A, UDP, reply), false],
    ];
    const carried = {
      encapsulation: "ipip",
      remotes: [FIRST],
      broadcasts: [SUBNET_BROADCAST],
    } as const;
    const seen = await arrived(
      io,
      carried,
      cases.map(([payload]) => [FIRST, payload] as const),
    );
    assert.deepEqual(
      seen,
      cases.map(([, isSeen]) => isSeen),
    );
  });

  test("RFC 2784 §2.1: GRE with a checksum comes up, which no device takes; a key and a number are passed over", async () => {
    const reply = Uint8Array.from([0, ...numbered(1, 15)]);
    const cases: (readonly [Uint8Array, boolean])[] = [];
    for (const flags of [0, 0x20, 0x10, 0x30]) {
      cases.push([gre(flags, inner()), false], [gre(flags, inner(A, ICMP, reply)), true]);
      cases.push([gre(flags, inner(GROUP)), true], [gre(0x80 | flags, inner()), true]);
    }
    const carried = { encapsulation: "gre", remotes: [FIRST], broadcasts: [] } as const;
    const seen = await arrived(
      io,
      carried,
      cases.map(([payload]) => [FIRST, payload] as const),
    );
    assert.deepEqual(
      seen,
      cases.map(([, isSeen]) => isSeen),
    );
  });
}
