/** Challenges in requests and in the replies to them, as octets and offsets: RFC 4721 §3.2, §3.3. */

import type { DecodedControl } from "../../../shared/wire/control.ts";
import {
  type ControlExtension,
  controlExtensions,
} from "../../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { PendingRequest } from "./pending.ts";

const MOBILE_FOREIGN = "mobile-foreign-authentication-extension";
const CHALLENGE = "mobile-foreign-challenge-extension";
const GENERALIZED = "generalized-mobile-ip-authentication-extension";
const MOBILE_AAA = "mn-aaa-authentication-subtype";
/** For this agent and nobody behind it: RFC 5944 §3.5.3, §3.5.4, RFC 3024 §3.3. */
const OURS: ReadonlySet<string> = new Set([
  MOBILE_FOREIGN,
  "foreign-home-authentication-extension",
  "encapsulating-delivery-style-extension",
]);

export function sameOctets(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((octet, at) => octet === b[at]);
}

/** The last challenge of a message: the one that the authentication behind it is about. */
export function challengeIn(extensions: readonly ControlExtension[]): Uint8Array | undefined {
  const extension = extensions.findLast(({ name }) => name === CHALLENGE);
  return extension?.name === CHALLENGE ? extension.challenge : undefined;
}

/**
 * RFC 4721 §3.2: a challenge without extension 33 or a Mobile-AAA Authentication Extension behind
 * it is no answer to anything, and its message is silently discarded.
 */
export function isUnansweredChallenge(extensions: readonly ControlExtension[]): boolean {
  const at = extensions.findLastIndex(({ name }) => name === CHALLENGE);
  const behind = extensions.slice(at + 1);
  return at >= 0 && !behind.some(({ name }) => name === MOBILE_FOREIGN || name === MOBILE_AAA);
}

/** RFC 4721 §3.2: the same but for the Identification, and for how the reply finds its way. */
export function sameRegistration(a: PendingRequest, b: PendingRequest): boolean {
  return (
    a.interface === b.interface &&
    a.mac === b.mac &&
    a.source === b.source &&
    a.homeAddress === b.homeAddress &&
    a.nai === b.nai &&
    a.homeAgent === b.homeAgent &&
    a.relayedTo === b.relayedTo &&
    a.careOfAddress === b.careOfAddress &&
    a.lifetime === b.lifetime &&
    a.encapsulation === b.encapsulation &&
    a.reverse === b.reverse &&
    a.delivery === b.delivery &&
    a.colocated === b.colocated
  );
}

/**
 * What goes on to the home agent of what the node has sent: everything to the end of extension 32,
 * which stays as it is; behind that the challenge, and up to the last generalized authentication
 * what its authenticator covers (RFC 4721 §3.2), but for what is this agent's own. The rest is
 * this agent's to process and remove (RFC 5944 §3.7.2.2).
 */
export function octetsForHomeAgent(decoded: DecodedControl, signedEnd: number): Uint8Array {
  const { bytes, offsets, message } = decoded;
  const isGeneralized = ({ name }: { readonly name: string }): boolean =>
    name === GENERALIZED || controlExtensions.byName.get(name)?.table.extension === GENERALIZED;
  const last = message.extensions.findLastIndex(isGeneralized);
  const parts = message.extensions.flatMap(({ name }, index) => {
    const from = offsets[index] ?? 0;
    const stays = name === CHALLENGE || (index <= last && !OURS.has(name));
    return from >= signedEnd && stays ? [bytes.subarray(from, offsets[index + 1])] : [];
  });
  if (parts.length === 0) return bytes.subarray(0, signedEnd);
  return Uint8Array.from([bytes.subarray(0, signedEnd), ...parts].flatMap((part) => [...part]));
}

/**
 * RFC 4721 §3.3: the challenge in a home agent's reply is the one in the request; 109 when it is
 * another. None at all is no fault.
 */
export function wrongChallenge(
  { challenge }: Pick<PendingRequest, "challenge">,
  extensions: readonly ControlExtension[],
): number | undefined {
  const returned = challengeIn(extensions);
  return returned === undefined || sameOctets(challenge, returned)
    ? undefined
    : ReplyCode.faWrongChallengeFromHomeAgent;
}
