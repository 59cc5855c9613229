/**
 * What crosses the control socket: one JSON object a line, in both directions.
 *
 * A client asks one question at a time. After `watch` the connection only carries events.
 */

import * as z from "zod";
import type { Json } from "../../base/result.ts";

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

const json: z.ZodType<Json> = z.json();

export const requestSchema = z.union([
  z.strictObject({ query: z.string().max(64) }),
  z.strictObject({
    command: z.string().max(64),
    args: z.record(z.string(), json),
    timeout: z.number().min(0).max(TIMEOUT_MAX),
  }),
  z.strictObject({ watch: z.literal(true) }),
]);

export type Request = z.output<typeof requestSchema>;

export const answerSchema = z.object({
  ok: z.boolean(),
  message: z.string().optional(),
  result: json.optional(),
});

export type Answer = z.output<typeof answerSchema>;

/** The query that every program answers by itself: who listens on this socket. */
export const IDENTITY_QUERY = "identity";
