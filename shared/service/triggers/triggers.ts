/**
 * Triggers: who watches the link layer beside a core and gives it the commands that a person or a
 * script could give (interface contract: `node-left`, `handover` and their like).
 */

import type { Counters } from "../../base/counters.ts";
import type { JsonObject } from "../../base/result.ts";
import type { Closable, PacketIo } from "../../linux/packet-io.ts";
import type { CommandOutcome } from "../control/server.ts";
import type { Clock, HostMonitor } from "../runtime/parts.ts";
import type { Problems } from "../runtime/problems.ts";

export interface TriggerContext {
  readonly io: PacketIo;
  readonly clock: Clock;
  readonly counters: Counters;
  /** A command to the core, as one of the control socket. */
  readonly command: (name: string, args: JsonObject) => Promise<CommandOutcome>;
  readonly monitor: HostMonitor;
  readonly problems: Pick<Problems, "set" | "drop">;
}

export interface Triggers<Config> extends Closable {
  /** At start, and after each reload. */
  rewire(config: Config): void;
  /** An interface may have come, gone or changed. */
  hostChanged?(): void;
}
