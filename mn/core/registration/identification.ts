/** The Identification of requests across restarts (RFC 5944 §5.7). */

import type { Json } from "../../../shared/base/result.ts";
import type { Persist } from "../../../shared/protocol/core.ts";
import type { ReplayMethod } from "../../../shared/security/association.ts";
import {
  initialIdentification,
  type RequestIdentification,
} from "../../../shared/security/replay.ts";

/** Journal key of what `persistIdentification` writes. */
export const IDENTIFICATION_KEY = "identification";

/** Written before a request leaves: after a crash the next one is greater still (§5.7.1). */
export function persistIdentification(state: RequestIdentification): Persist {
  return {
    type: "persist",
    key: IDENTIFICATION_KEY,
    value: {
      last: state.last === undefined ? null : state.last.toString(16).padStart(16, "0"),
      offset_seconds: state.offsetSeconds,
      nonce: state.nonce,
    },
  };
}

/** What the journal kept; anything that does not look like it is as good as nothing. */
export function restoreIdentification(method: ReplayMethod, value: Json): RequestIdentification {
  const initial = initialIdentification(method);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return initial;
  const { last, offset_seconds: offset, nonce } = value as { readonly [key: string]: Json };
  return {
    method,
    last: typeof last === "string" && /^[0-9a-f]{16}$/.test(last) ? BigInt(`0x${last}`) : undefined,
    offsetSeconds: typeof offset === "number" && Number.isSafeInteger(offset) ? offset : 0,
    nonce: typeof nonce === "number" && Number.isInteger(nonce) ? nonce >>> 0 : 0,
  };
}
