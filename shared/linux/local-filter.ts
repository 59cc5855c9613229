/** Keeps of a batch only the packets to one local address. */

import type { Ipv4 } from "../base/address.ts";
import type { PacketBatch } from "./packet-io.ts";

const DESTINATION = 16;

/**
 * Drops packets to other addresses, by moving the kept ones' places to the front: a raw socket
 * receives every packet of its protocol, also those for another agent on this machine.
 */
export function keepDestination(batch: PacketBatch, address: Ipv4): void {
  const { slab, offsets, lengths } = batch;
  let kept = 0;
  for (let i = 0; i < batch.count; i++) {
    const offset = offsets[i] ?? 0;
    const length = lengths[i] ?? 0;
    const at = offset + DESTINATION;
    const destination =
      (((slab[at] ?? 0) << 24) |
        ((slab[at + 1] ?? 0) << 16) |
        ((slab[at + 2] ?? 0) << 8) |
        (slab[at + 3] ?? 0)) >>>
      0;
    if (destination !== address) continue;
    offsets[kept] = offset;
    lengths[kept] = length;
    kept++;
  }
  batch.count = kept;
}
