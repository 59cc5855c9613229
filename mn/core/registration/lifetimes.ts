/** When requests are repeated, and when lifetimes end. RFC 5944 §3.6.3, §3.3. */

import { after, type Instant } from "../../../shared/base/time.ts";
import { INFINITE_LIFETIME } from "../../../shared/wire/control.ts";

/** Milliseconds until the first retransmission; each wait is twice the one before (§3.6.3). */
const FIRST_TIMEOUT = 1000;
/** The longest wait, where the requested lifetime is not shorter still. */
const MAX_TIMEOUT = 64_000;
export function lifetimeEnd(start: Instant, lifetime: number): Instant | undefined {
  return lifetime === INFINITE_LIFETIME ? undefined : after(start, lifetime * 1000);
}

/** The later of two ends, of which `undefined` is never; no exposure ends nothing. */
export function laterEnd(
  end: Instant | undefined,
  other: { readonly until: Instant | undefined } | undefined,
): Instant | undefined {
  if (other === undefined) return end;
  if (end === undefined || other.until === undefined) return undefined;
  return Math.max(end, other.until) as Instant;
}

/** At least doubled, never above the requested lifetime, never below a second (§3.6.3). */
export function nextTimeout(previous: number | undefined, lifetime: number): number {
  if (previous === undefined) return FIRST_TIMEOUT;
  const limit = lifetime === 0 ? MAX_TIMEOUT : Math.min(MAX_TIMEOUT, lifetime * 1000);
  return Math.max(FIRST_TIMEOUT, Math.min(limit, previous * 2));
}
