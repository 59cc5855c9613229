/**
 * What is kept of a node's replay protection (RFC 5944 §5.7): without it a restart would let the
 * last window's requests be replayed. While a node has a binding that was made by a timestamp, that
 * binding's record tells it; a record of its own is written for everything else, and when such a
 * binding ends.
 */

import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Persist } from "../../shared/protocol/core.ts";
import { timestampDifference } from "../../shared/security/replay.ts";
import type { MobileNode } from "./nodes.ts";

const PREFIX = "replay/";

/** Journal key of a node's replay state. */
export function replayKey({ name }: MobileNode): string {
  return PREFIX + name;
}

export function replayEffect(node: MobileNode): Persist {
  return { type: "persist", key: replayKey(node), value: replayRecord(node) };
}

function replayRecord({ replay }: MobileNode): Json {
  const timestamp = replay.timestamp.lastAccepted;
  return {
    last_timestamp: timestamp === undefined ? null : timestamp.toString(16).padStart(16, "0"),
    nonce: replay.nonce.nonce ?? null,
  };
}

/** The name of a node in a journal key, if it is the key of a replay state. */
export function replayKeyName(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}

/** Takes a journal record over; what is not one of ours is ignored. */
export function restoreReplay(node: MobileNode, value: Json): void {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return;
  const { last_timestamp: timestamp, nonce } = value as JsonObject;
  if (typeof timestamp === "string" && /^[0-9a-f]{16}$/.test(timestamp)) {
    noteTimestamp(node, BigInt(`0x${timestamp}`));
  }
  if (typeof nonce === "number" && Number.isInteger(nonce) && nonce >= 0 && nonce <= 0xffffffff) {
    node.replay.nonce = { lastAccepted: undefined, nonce };
  }
}

/** One that was accepted; of several records the greatest counts. */
export function noteTimestamp({ replay }: MobileNode, timestamp: bigint): void {
  const { lastAccepted: last } = replay.timestamp;
  if (last !== undefined && timestampDifference(timestamp, last) <= 0) return;
  replay.timestamp = { lastAccepted: timestamp, nonce: undefined };
}
