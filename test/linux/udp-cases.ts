/** What a UDP socket of any provider does; metadata where it is declared. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST, BROADCAST_MAC, ipv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { PacketIo, UdpDatagram } from "../../shared/linux/packet-io.ts";
import { ip, numbered, packet, quiet, range, udp, until } from "./support.ts";

const A = ipv4("10.5.0.1");
const B = ipv4("10.5.0.2");
const PORT = 434;

function pair(io: PacketIo) {
  const sender = io.openUdp({ address: A, port: PORT });
  const receiver = io.openUdp({ address: B, port: PORT });
  const seen: UdpDatagram[] = [];
  receiver.onDatagram((datagram) => seen.push(datagram));
  const close = (): void => {
    sender.close();
    receiver.close();
  };
  return { sender, receiver, seen, close };
}

export function udpCases(io: PacketIo): void {
  test("RFC 5944 §3.1: datagrams between two addresses' port 434, payloads may be kept", async () => {
    const { sender, seen, close } = pair(io);
    for (const i of range(100)) assert.equal(sender.send(numbered(i, 50), B, PORT, 64), undefined);
    await until("100 datagrams", () => seen.length >= 100);
    assert.deepEqual(
      seen.map(({ payload }) => payload),
      range(100).map((i) => numbered(i, 50)),
    );
    assert.deepEqual([seen[0]?.source, seen[0]?.sourcePort, seen[0]?.destination], [A, PORT, B]);
    close();
  });

  test("an empty datagram and one of 65507 octets arrive", async () => {
    const { sender, seen, close } = pair(io);
    sender.send(new Uint8Array(0), B, PORT, 64);
    sender.send(new Uint8Array(65507).fill(7), B, PORT, 64);
    await until("two datagrams", () => seen.length >= 2);
    assert.deepEqual(
      seen.map(({ payload }) => payload.length),
      [0, 65507],
    );
    close();
  });

  test("datagrams that begin with the octet that is not wanted are not delivered, empty ones are", async () => {
    const sender = io.openUdp({ address: A, port: PORT });
    const receiver = io.openUdp({ address: B, port: PORT, exceptFirstOctet: 4 });
    const seen: number[][] = [];
    receiver.onDatagram(({ payload }) => seen.push([...payload]));
    for (const payload of [[4, 1], [], [4], [5, 4], [1]]) {
      sender.send(Uint8Array.from(payload), B, PORT, 64);
    }
    await until("three datagrams", () => seen.length >= 3);
    await quiet();
    assert.deepEqual(seen, [[], [5, 4], [1]]);
    sender.close();
    receiver.close();
  });

  test("an address that is taken, or not ours, is refused by name", () => {
    const { close } = pair(io);
    assert.throws(() => io.openUdp({ address: A, port: PORT }), { code: "EADDRINUSE" });
    const elsewhere = { address: ipv4("203.0.113.9"), port: PORT };
    assert.throws(() => io.openUdp(elsewhere), { code: "EADDRNOTAVAIL" });
    close();
  });

  test("close inside the handler ends the delivery; sending after it fails", async () => {
    const sender = io.openUdp({ address: A, port: PORT });
    const receiver = io.openUdp({ address: B, port: PORT });
    let calls = 0;
    receiver.onDatagram(() => {
      calls++;
      receiver.close();
    });
    for (const i of range(50)) sender.send(numbered(i, 8), B, PORT, 64);
    await until("a datagram", () => calls > 0);
    await quiet();
    assert.equal(calls, 1);
    assert.equal(receiver.send(new Uint8Array(1), A, PORT, 64), "EBADF");
    sender.close();
  });

  if (!io.capabilities.has("udp-metadata")) return;

  test("the TTL, arrival interface and destination of a datagram are known", async () => {
    const { sender, seen, close } = pair(io);
    for (const ttl of [1, 64, 255]) sender.send(numbered(ttl, 4), B, PORT, ttl);
    await until("three datagrams", () => seen.length >= 3);
    const loopback = Number.parseInt(ip("-o link show dev lo"), 10);
    assert.deepEqual(
      seen.map(({ ttl, interfaceIndex, destination }) => [ttl, interfaceIndex, destination]),
      [1, 64, 255].map((ttl) => [ttl, loopback, B]),
    );
    close();
  });

  test("a socket on a device takes its broadcasts, beside others of the same port", async () => {
    const { seen, close } = pair(io);
    const beside = io.openUdp({ address: UNSPECIFIED, port: PORT, device: "v1" });
    const left = io.openUdp({ address: UNSPECIFIED, port: PORT + 1, device: "v0" });
    const right = io.openUdp({ address: UNSPECIFIED, port: PORT + 1, device: "v1" });
    const heard: UdpDatagram[] = [];
    right.onDatagram((datagram) => heard.push(datagram));
    assert.equal(left.send(numbered(5, 4), BROADCAST, PORT + 1, 1), undefined);
    // The kernel takes no datagram from its own address, so another host's is made by hand.
    const stranger = ipv4("192.0.2.9");
    const payload = udp([stranger, BROADCAST], [7, PORT + 1], numbered(6, 4));
    const frame = packet({ source: stranger, destination: BROADCAST, protocol: 17, payload });
    io.openLink("v0", {}).send(BROADCAST_MAC, 0x0800, frame);
    await until("the broadcast", () => heard.length > 0);
    await quiet();
    const interfaceIndex = Number.parseInt(ip("-o link show dev v1"), 10);
    const addresses = { source: stranger, sourcePort: 7, destination: BROADCAST };
    assert.deepEqual(heard, [{ ...addresses, interfaceIndex, ttl: 64, payload: numbered(6, 4) }]);
    assert.equal(seen.length, 0);
    assert.throws(() => io.openUdp({ address: UNSPECIFIED, port: 1, device: "none9" }), {
      code: "ENODEV",
    });
    for (const socket of [beside, left, right]) socket.close();
    close();
  });

  test("what the kernel refuses to send has its error's name", () => {
    const { sender, close } = pair(io);
    assert.equal(sender.send(new Uint8Array(4), ipv4("203.0.113.1"), 1, 64), "ENETUNREACH");
    assert.equal(sender.send(new Uint8Array(65508), B, PORT, 64), "EMSGSIZE");
    close();
  });
}
