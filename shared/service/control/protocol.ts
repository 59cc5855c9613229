/**
 * What crosses the control socket: one JSON object a line, in both directions.
 *
 * A client asks one question at a time. After `watch` the connection only carries events.
 */

import type { Json, JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";

/** Octets of one request; a command with its arguments is far shorter. */
export const REQUEST_MAX = 16_384;
/** Octets of one answer that a client takes: 100,000 bindings at some 300 octets each, and room. */
export const ANSWER_MAX = 64 * 1024 * 1024;
/** Connections at one time; beyond it a new one is told so and closed. */
export const CLIENTS_MAX = 64;
/** Octets that a reader of `watch` may lag behind before its connection is closed. */
export const WATCH_BACKLOG_MAX = 1024 * 1024;
/** Seconds that a command may wait for its outcome. */
export const TIMEOUT_MAX = 3600;

/** Octets of the name of a query or command; longer is none. */
const NAME_MAX = 64;

export type Request =
  | { readonly query: string }
  | { readonly command: string; readonly args: JsonObject; readonly timeout: number }
  | { readonly watch: true };

export interface Answer {
  readonly ok: boolean;
  readonly message?: string;
  readonly result?: Json;
}

/** A line that a client sent; `undefined`: it is no request. */
export function parseRequest(line: string): Request | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const { query, command, args, timeout, watch } = value;
  // A key too many may be one that means something to a newer program.
  switch (Object.keys(value).sort().join()) {
    case "query":
      return isName(query) ? { query } : undefined;
    case "args,command,timeout":
      if (!isName(command) || !isObject(args) || typeof timeout !== "number") return undefined;
      return timeout >= 0 && timeout <= TIMEOUT_MAX ? { command, args, timeout } : undefined;
    case "watch":
      return watch === true ? { watch } : undefined;
    default:
      return undefined;
  }
}

/** A line that a program sent; `undefined`: it is no answer. A newer one may say more. */
export function parseAnswer(line: string): Answer | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const { ok, message, result } = value;
  if (typeof ok !== "boolean") return undefined;
  if (message !== undefined && typeof message !== "string") return undefined;
  return {
    ok,
    ...(message === undefined ? {} : { message }),
    ...(result === undefined ? {} : { result }),
  };
}

function parseObject(line: string): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isName(value: Json | undefined): value is string {
  return typeof value === "string" && value.length <= NAME_MAX;
}

/** The query that every program answers by itself: who listens on this socket. */
export const IDENTITY_QUERY = "identity";
