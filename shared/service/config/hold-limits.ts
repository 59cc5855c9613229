/** Bounds of what is kept for a node that is between two links; both sides of it have them. */

import type { HoldLimits } from "../../forwarding/state.ts";
import { MAX_HANDOVER_LIFETIME } from "../../protocol/fast-handover.ts";
import { integer, seconds } from "./values.ts";

const MS = 1000;

export const HOLD_LIMITS = {
  buffer_packets: integer(1, 65_536)
    .default(256)
    .describe("Packets kept for one node that is between two links; more are dropped and counted."),
  buffer_octets: integer(1500, 0x7fffffff, "octets")
    .default(524_288)
    .describe("Octets kept for one such node."),
  buffer_time: seconds(0.01, MAX_HANDOVER_LIFETIME)
    .default(2)
    .describe("Seconds that a packet is kept; one that is older is of no use to anybody."),
};

export function toLimits(file: {
  readonly buffer_packets: number;
  readonly buffer_octets: number;
  readonly buffer_time: number;
}): HoldLimits {
  return {
    packets: file.buffer_packets,
    octets: file.buffer_octets,
    time: file.buffer_time * MS,
  };
}
