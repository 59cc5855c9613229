/** For people who look at captures: does an authenticator hold under a key, and how computed? */

import { createHash } from "node:crypto";
import { coveredOctets } from "../wire/coverage.ts";
import type { AnyExtension } from "../wire/extension.ts";
import type { AnyMessage, Decoded, MessageSpace } from "../wire/message.ts";
import type { Algorithm } from "./association.ts";
import { authenticatorLength, computeAuthenticator, equalAuthenticators } from "./authenticator.ts";

/** A key to try; the algorithm shows by itself. Several may have one SPI. */
export interface TrialKey {
  readonly spi: number;
  readonly key: Uint8Array;
}

/** `valid` is `null` when no key has the SPI; `algorithm` is the one that held. */
export interface Identified {
  readonly spi: number;
  readonly valid: boolean | null;
  readonly algorithm: Algorithm | "chap-md5" | null;
}

/** In the order in which they are tried. */
const ALGORITHMS: readonly Algorithm[] = ["hmac-md5", "keyed-md5", "hmac-sha1", "hmac-sha256"];
/** Its authenticator is a RADIUS server's (RFC 4721 §8, §9). */
const CHAP_SPI = 2;
/** Octets of the challenge's end that count (RFC 4721 §8). */
const CHALLENGE_END = 237;
/** With a co-located care-of address there is no challenge and 0 stands for it (RFC 4721 §3.5). */
const NO_CHALLENGE = Uint8Array.of(0);

/** `undefined`: the extension at this index has no SPI with an authenticator. */
export function identifyAuthenticator(
  space: MessageSpace,
  decoded: Decoded<AnyMessage>,
  index: number,
  keys: readonly TrialKey[],
): Identified | undefined {
  const found = authenticationAt(decoded, index);
  const covered = coveredOctets(space, decoded, index);
  if (found === undefined || covered === undefined) return undefined;
  const { spi, authenticator } = found;
  const fitting = keys.filter((candidate) => candidate.spi === spi);
  if (fitting.length === 0) return { spi, valid: null, algorithm: null };
  for (const { key } of fitting) {
    const holds = (computed: Uint8Array): boolean => equalAuthenticators(computed, authenticator);
    if (spi === CHAP_SPI) {
      const computed = chapAuthenticator(key, covered, challengeBefore(decoded, index));
      if (holds(computed)) return { spi, valid: true, algorithm: "chap-md5" };
      continue;
    }
    for (const algorithm of ALGORITHMS) {
      if (authenticatorLength(algorithm) !== authenticator.length) continue;
      const computed = computeAuthenticator({ algorithm, key }, covered);
      if (holds(computed)) return { spi, valid: true, algorithm };
    }
  }
  return { spi, valid: false, algorithm: null };
}

function authenticationAt(
  { message }: Decoded<AnyMessage>,
  index: number,
): { readonly spi: number; readonly authenticator: Uint8Array } | undefined {
  const extension: AnyExtension & { spi?: unknown; authenticator?: unknown } = message.extensions[
    index
  ] ?? { name: "" };
  const { spi, authenticator } = extension;
  if (typeof spi !== "number" || !(authenticator instanceof Uint8Array)) return undefined;
  return { spi, authenticator };
}

/** The challenge that the mobile node answers: the last one before its authenticator. */
function challengeBefore({ message }: Decoded<AnyMessage>, index: number): Uint8Array {
  const before: readonly (AnyExtension & { challenge?: unknown })[] = message.extensions.slice(
    0,
    index,
  );
  const found = before.findLast(({ challenge }) => challenge instanceof Uint8Array)?.challenge;
  return found instanceof Uint8Array ? found : NO_CHALLENGE;
}

/** MD5(first octet of the challenge, key, MD5(covered), its last 237 octets). RFC 4721 §8. */
function chapAuthenticator(
  key: Uint8Array,
  covered: Uint8Array,
  challenge: Uint8Array,
): Uint8Array {
  return createHash("md5")
    .update(challenge.subarray(0, 1))
    .update(key)
    .update(createHash("md5").update(covered).digest())
    .update(challenge.subarray(-CHALLENGE_END))
    .digest();
}
