import assert from "node:assert/strict";
import type { Effect } from "../../shared/protocol/core.ts";
import { decodeIcmp } from "../../shared/wire/icmp.ts";
import { Bench } from "./harness.ts";

/** Flags of an advertisement. */
export function flagsIn(effect: Effect | undefined): number {
  assert(effect?.type === "send-icmp");
  const decoded = decodeIcmp(effect.payload);
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  const [extension] = decoded.value.extensions;
  assert(extension?.name === "mobility-agent-advertisement-extension");
  return extension.flags;
}

/** Flags of the first advertisement of an agent. */
export function advertisedFlags(options: Parameters<typeof Bench.up>[0]): number {
  const [effect] = new Bench(options).linkUp();
  return flagsIn(effect);
}
