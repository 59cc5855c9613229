/**
 * What is kept of a node's replay protection (RFC 5944 §5.7): without it a restart would let the
 * last window's requests be replayed. While a node has a binding that was made by a timestamp, that
 * binding's record tells it; a record of its own is written for everything else, and when such a
 * binding ends.
 */

import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import type { Persist } from "../../shared/protocol/core.ts";
import { ntpTimestamp, timestampDifference } from "../../shared/security/replay.ts";
import type { Directory, MobileNode } from "./nodes.ts";

/** The home agent's own, and the seconds by which others may differ. */
export interface ReplayClock {
  readonly wall: WallTime;
  readonly window: number;
}

const PREFIX = "replay/";

/** Journal key of the replay state of the node with this name. */
function replayKey(name: string): string {
  return PREFIX + name;
}

export function replayEffect({ name, replay }: MobileNode): Persist {
  const { lastAccepted } = replay.timestamp;
  return { type: "persist", key: replayKey(name), value: record(lastAccepted, replay.nonce.nonce) };
}

function record(timestamp: bigint | undefined, nonce: number | undefined): Json {
  return {
    last_timestamp: timestamp === undefined ? null : timestamp.toString(16).padStart(16, "0"),
    nonce: nonce ?? null,
  };
}

/** The name of a node in a journal key, if it is the key of a replay state. */
export function replayKeyName(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}

/** Takes a journal record over; what is not one of ours is ignored. */
export function restoreReplay(node: MobileNode, value: Json): void {
  const timestamp = recordedTimestamp(value);
  if (timestamp !== undefined) noteTimestamp(node, timestamp);
  const { nonce } = isObject(value) ? value : {};
  if (typeof nonce === "number" && Number.isInteger(nonce) && nonce >= 0 && nonce <= 0xffffffff) {
    node.replay.nonce = { lastAccepted: undefined, nonce };
  }
}

/** The timestamp that was accepted last, by a journal record. */
export function recordedTimestamp(value: Json): bigint | undefined {
  const { last_timestamp: timestamp } = isObject(value) ? value : {};
  const isOne = typeof timestamp === "string" && /^[0-9a-f]{16}$/.test(timestamp);
  return isOne ? BigInt(`0x${timestamp}`) : undefined;
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** One that was accepted; of several records the greatest counts. */
export function noteTimestamp({ replay }: MobileNode, timestamp: bigint): void {
  const { lastAccepted: last } = replay.timestamp;
  if (last !== undefined && timestampDifference(timestamp, last) <= 0) return;
  replay.timestamp = { lastAccepted: timestamp, nonce: undefined };
}

/**
 * Nodes that are not configured any more: should they be added back, what they have sent must not be
 * taken again (RFC 5944 §5.7.1). So it is remembered, in the journal too, while the window of the clock
 * reaches back to it; after that at the next change of the configuration, or the next start, it goes.
 */
export class RemovedNodes {
  /** The timestamp that was accepted last, by name. */
  readonly #last = new Map<string, bigint>();

  /** From one configuration to the next: who is gone, and who is back. */
  reconfigured(before: Directory, directory: Directory, clock: ReplayClock): Persist[] {
    const effects: Persist[] = [];
    for (const [name, timestamp] of [...this.#last]) {
      const node = directory.named(name);
      if (node === undefined) effects.push(this.remember(name, timestamp, clock));
      else {
        noteTimestamp(node, timestamp);
        this.#last.delete(name);
      }
    }
    for (const { name, replay } of before.nodes()) {
      if (directory.named(name) !== undefined) continue;
      effects.push(this.remember(name, replay.timestamp.lastAccepted, clock));
    }
    return effects;
  }

  /** What the journal is to have of a node that is not configured. */
  remember(name: string, timestamp: bigint | undefined, { wall, window }: ReplayClock): Persist {
    const last = this.#last.get(name);
    const isLater =
      timestamp !== undefined && (last === undefined || timestampDifference(timestamp, last) > 0);
    const latest = isLater ? timestamp : last;
    const isOver =
      latest === undefined || timestampDifference(latest, ntpTimestamp(wall)) < -window;
    if (isOver) this.#last.delete(name);
    else this.#last.set(name, latest);
    const value = isOver ? null : record(latest, undefined);
    return { type: "persist", key: replayKey(name), value };
  }
}
