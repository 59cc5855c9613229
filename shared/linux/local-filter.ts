/** Keeps of a batch only some packets, where the kernel has not done it. */

import type { Ipv4 } from "../base/address.ts";
import type { PacketBatch, RawUdpFilter } from "./packet-io.ts";

const DESTINATION = 16;
const UDP_HEADER = 8;

/**
 * Drops packets to other addresses, by moving the kept ones' places to the front: a raw socket
 * receives every packet of its protocol, also those for another agent on this machine.
 */
export function keepDestination(batch: PacketBatch, address: Ipv4): void {
  const { slab } = batch;
  keep(batch, (offset) => {
    const at = offset + DESTINATION;
    const destination =
      (((slab[at] ?? 0) << 24) |
        ((slab[at + 1] ?? 0) << 16) |
        ((slab[at + 2] ?? 0) << 8) |
        (slab[at + 3] ?? 0)) >>>
      0;
    return destination === address;
  });
}

/** Drops UDP packets to other ports, or whose payload begins with another octet. */
export function keepUdp(batch: PacketBatch, { port, firstOctet }: RawUdpFilter): void {
  const { slab } = batch;
  keep(batch, (offset, length) => {
    const udp = offset + ((slab[offset] ?? 0) & 15) * 4;
    if (udp + UDP_HEADER >= offset + length) return false;
    const destination = ((slab[udp + 2] ?? 0) << 8) | (slab[udp + 3] ?? 0);
    return destination === port && slab[udp + UDP_HEADER] === firstOctet;
  });
}

function keep(batch: PacketBatch, isWanted: (offset: number, length: number) => boolean): void {
  const { offsets, lengths } = batch;
  let kept = 0;
  for (let i = 0; i < batch.count; i++) {
    const offset = offsets[i] ?? 0;
    const length = lengths[i] ?? 0;
    if (!isWanted(offset, length)) continue;
    offsets[kept] = offset;
    lengths[kept] = length;
    kept++;
  }
  batch.count = kept;
}
