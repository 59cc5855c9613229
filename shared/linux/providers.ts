/** Which provider of packet I/O a program uses; chosen at start and logged. */

import { createHelperIo, type HelperOptions } from "./helper-io.ts";
import { StaleHelper } from "./native-loader.ts";
import { createPackagesIo } from "./packages-io.ts";
import type { PacketIo } from "./packet-io.ts";

export type ProviderPreference = "auto" | PacketIo["provider"];

export interface ChosenPacketIo {
  readonly io: PacketIo;
  /** Why this one, for the log. */
  readonly reason: string;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * `auto` takes the helper, and the packages when there is none for this CPU. Throws when the one
 * asked for, or with `auto` either, cannot be loaded.
 */
export function choosePacketIo(
  preference: ProviderPreference,
  options?: HelperOptions,
): ChosenPacketIo {
  if (preference === "packages") {
    return { io: createPackagesIo(), reason: "packages, as configured" };
  }
  if (preference === "helper") {
    return { io: createHelperIo(options), reason: "helper, as configured" };
  }
  let why: string;
  try {
    return { io: createHelperIo(options), reason: `native helper for ${process.arch}` };
  } catch (error) {
    // Not another provider in its place, which nobody would notice.
    if (error instanceof StaleHelper) throw error;
    why = message(error);
  }
  try {
    return { io: createPackagesIo(), reason: `packages, because ${why}` };
  } catch (error) {
    throw new Error(`no packet I/O: ${why}; ${message(error)}`);
  }
}
