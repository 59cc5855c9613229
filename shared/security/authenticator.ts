/**
 * Authenticators of control messages (RFC 5944 §3.5.1): computed, appended, checked. What they
 * cover is data of the wire layer (`coverage.ts`).
 */

import { createHash, timingSafeEqual } from "node:crypto";
import {
  appendExtension,
  type ControlMessage,
  controlMessages,
  type DecodedControl,
} from "../wire/control.ts";
import type { AuthenticationName } from "../wire/control-extensions.ts";
import { coveredOctets } from "../wire/coverage.ts";
import type { Algorithm, SecurityContext } from "./association.ts";
import { hmac } from "./hmac.ts";

const hmacName = { "hmac-md5": "md5", "hmac-sha1": "sha1", "hmac-sha256": "sha256" } as const;

const lengths: Record<Algorithm, number> = {
  "hmac-md5": 16,
  "keyed-md5": 16,
  "hmac-sha1": 20,
  "hmac-sha256": 32,
};

/** In the place of an authenticator that is not known yet. */
const blanks: Readonly<Record<Algorithm, Uint8Array>> = {
  "hmac-md5": new Uint8Array(lengths["hmac-md5"]),
  "keyed-md5": new Uint8Array(lengths["keyed-md5"]),
  "hmac-sha1": new Uint8Array(lengths["hmac-sha1"]),
  "hmac-sha256": new Uint8Array(lengths["hmac-sha256"]),
};

/** Octets of an algorithm's authenticator. */
export function authenticatorLength(algorithm: Algorithm): number {
  return lengths[algorithm];
}

/**
 * The authenticator of `covered`. HMAC as in RFC 2104; keyed MD5 puts the key before and behind
 * the octets ("prefix+suffix", RFC 2002 §3.5.1, which RFC 5944 §5.1 keeps for old peers).
 */
export function computeAuthenticator(
  context: Pick<SecurityContext, "algorithm" | "key">,
  covered: Uint8Array,
): Uint8Array {
  const { algorithm, key } = context;
  if (algorithm === "keyed-md5") {
    return createHash("md5").update(key).update(covered).update(key).digest();
  }
  return hmac(hmacName[algorithm], key, covered);
}

/** `bytes` followed by the authentication extension that covers them. */
export function appendAuthentication(
  bytes: Uint8Array,
  name: AuthenticationName,
  context: SecurityContext,
): Uint8Array {
  const blank = blanks[context.algorithm];
  const out = appendExtension(bytes, { name, spi: context.spi, authenticator: blank });
  // The authenticator is the last of all; it covers everything before it (coverage.ts).
  const at = out.length - blank.length;
  out.set(computeAuthenticator(context, out.subarray(0, at)), at);
  return out;
}

/** Compares in constant time; different lengths differ at once, which tells nothing secret. */
export function equalAuthenticators(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Does the authentication extension at this index hold under the context? */
export function verifyAuthentication(
  decoded: DecodedControl,
  index: number,
  context: SecurityContext,
): boolean {
  const extension = decoded.message.extensions[index];
  const covered = coveredOctets(controlMessages, decoded, index);
  if (extension === undefined || covered === undefined || !("authenticator" in extension)) {
    return false;
  }
  return equalAuthenticators(computeAuthenticator(context, covered), extension.authenticator);
}

const NOWHERE: readonly number[] = [];
/** Asked for many times a message, and nearly always one of these. */
const AT: readonly (readonly number[])[] = Array.from({ length: 16 }, (_, index) => [index]);

/** Where the authentication extensions of one kind stand in a message. */
export function authenticationIndexes(
  { extensions }: ControlMessage,
  name: AuthenticationName,
): readonly number[] {
  let found = NOWHERE;
  for (let i = 0; i < extensions.length; i++) {
    if (extensions[i]?.name !== name) continue;
    found = found === NOWHERE ? (AT[i] ?? [i]) : [...found, i];
  }
  return found;
}

export type AuthenticationOutcome =
  | { readonly outcome: "valid"; readonly index: number; readonly context: SecurityContext }
  | { readonly outcome: "missing" | "repeated" | "unknown-spi" | "wrong-authenticator" };

/**
 * Checks that exactly one extension of this kind is there and holds, with the context that its SPI
 * picks (RFC 5944 §3.5.1, §3.6.2.1, §3.7.2.1, §3.7.3.1, §3.8.2.1).
 */
export function checkAuthentication(
  decoded: DecodedControl,
  name: AuthenticationName,
  contexts: readonly SecurityContext[],
): AuthenticationOutcome {
  const [index, second] = authenticationIndexes(decoded.message, name);
  if (index === undefined) return { outcome: "missing" };
  if (second !== undefined) return { outcome: "repeated" };
  const extension = decoded.message.extensions[index];
  const spi = extension !== undefined && "spi" in extension ? extension.spi : undefined;
  const context = contexts.find((candidate) => candidate.spi === spi);
  if (context === undefined) return { outcome: "unknown-spi" };
  return verifyAuthentication(decoded, index, context)
    ? { outcome: "valid", index, context }
    : { outcome: "wrong-authenticator" };
}
