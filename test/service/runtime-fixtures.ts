import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { Bench, OWN_MAC, PEER_MAC, UPLINK } from "./runtime-bench.ts";

export function bench(t: TestContext, role: "fa" | "mn" | "ha" = "fa"): Bench {
  const directory = mkdtempSync(join(tmpdir(), "mip4-run-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return new Bench(role, join(directory, "toy.journal"));
}

export const datagram = {
  source: ipv4("10.1.0.7"),
  sourcePort: 434,
  destination: ipv4("10.0.0.1"),
  destinationPort: 434,
  ttl: 1,
  payload: Uint8Array.of(1, 2),
};
export const reply: Effect = { type: "send-udp", ...datagram, source: UPLINK };
export const persist: Effect = { type: "persist", key: "k", value: 1 };

export function frame(payload: Uint8Array, linkDestination: Mac = OWN_MAC) {
  return { linkSource: PEER_MAC, linkDestination, etherType: 0x0800, payload };
}
