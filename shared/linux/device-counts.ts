/** What the kernel has counted of its devices, from /proc: the calling process's network namespace. */

import { readFileSync } from "node:fs";

export interface DeviceCounts {
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** By name; empty where /proc cannot be read. */
export function readDeviceCounts(): ReadonlyMap<string, DeviceCounts> {
  try {
    return parseDeviceCounts(readFileSync("/proc/self/net/dev", "utf8"));
  } catch {
    return new Map();
  }
}

export function parseDeviceCounts(text: string): ReadonlyMap<string, DeviceCounts> {
  const counts = new Map<string, DeviceCounts>();
  // Two lines of headings; then octets, packets and six other numbers each way.
  for (const line of text.split("\n").slice(2)) {
    const [, name, numbers] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || numbers === undefined) continue;
    const [bytesIn = 0, packetsIn = 0, , , , , , , bytesOut = 0, packetsOut = 0] = numbers
      .trim()
      .split(/\s+/)
      .map(Number);
    counts.set(name, { packetsIn, packetsOut, bytesIn, bytesOut });
  }
  return counts;
}
