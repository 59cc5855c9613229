/** The tun driver's data path between a device and a socket that only remember. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import { DataPath } from "../../shared/forwarding/tun/data-path.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { createBatch, HEADROOM, type PacketBatch } from "../../shared/linux/packet-io.ts";

const LOCAL = ipv4("198.51.100.1");
const LENGTH = 40;

/** Packets to 10.1.0.7, numbered in their Identification field. */
function batchOf(numbers: readonly number[]): PacketBatch {
  const batch = createBatch(numbers.length, 256);
  for (const [i, number] of numbers.entries()) {
    const at = i * batch.slot + HEADROOM;
    const header = [0x45, 0, 0, LENGTH, 0, number, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 1, 0, 7];
    batch.slab.set(header, at);
    batch.offsets[i] = at;
    batch.lengths[i] = LENGTH;
  }
  batch.count = numbers.length;
  return batch;
}

/** The numbers of the packets inside a batch of encapsulated ones. */
function numbersIn(batch: PacketBatch): number[] {
  const starts = [...batch.offsets.subarray(0, batch.count)];
  return starts.map((start) => batch.slab[start + 25] ?? -1);
}

function openPath(refuses: (number: number) => boolean) {
  let fromTun = (_: PacketBatch): void => {};
  const sent: number[] = [];
  const missing = (): never => assert.fail("not used here");
  const none = { onPackets: () => {}, close: () => {} };
  const tun = {
    ...none,
    name: "tun",
    index: 1,
    onPackets: (handler: (batch: PacketBatch) => void) => {
      fromTun = handler;
    },
    write: missing,
  };
  const socket = {
    ...none,
    sendOne: missing,
    send: (batch: PacketBatch) => {
      const taken = numbersIn(batch).filter((number) => !refuses(number));
      sent.push(...taken);
      return taken.length;
    },
  };
  const table = new TunnelTable();
  const ends = { local: LOCAL, remote: ipv4("192.0.2.1"), encapsulation: "ipip" } as const;
  table.add({ ...ends, direction: "out", match: "destination", address: ipv4("10.1.0.7") });
  const counters = new Counters();
  const path = new DataPath({
    io: {
      provider: "helper",
      capabilities: new Set(),
      openTun: () => tun,
      openRawIp: () => socket,
      openUdp: missing,
      openLink: missing,
      openNetlink: missing,
    },
    tun,
    table,
    df: "copy",
    counters,
    onTooBig: missing,
    onStranger: missing,
  });
  path.listen(new Set([LOCAL]));
  return { fromTun, sent, counters };
}

test("a packet that the kernel refuses is counted, and no other is sent twice for it", () => {
  const { fromTun, sent, counters } = openPath((number) => number === 3 || number === 5);
  fromTun(batchOf([1, 2, 3, 4, 5, 6, 7]));
  assert.deepEqual(sent, [1, 2, 4, 6, 7]);
  assert.deepEqual(counters.toJson(), { "tunnel-send-refused": 2 });
});

test("packets go into the tunnel in the order in which they came", () => {
  const { fromTun, sent, counters } = openPath(() => false);
  fromTun(batchOf([9, 8, 7]));
  fromTun(batchOf([1, 2]));
  assert.deepEqual(sent, [9, 8, 7, 1, 2]);
  assert.deepEqual(counters.toJson(), {});
});
