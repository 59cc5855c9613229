/** A message for `decode`: what could be read, what is wrong, and which authenticators hold. */

import type { JsonObject } from "../../base/result.ts";
import { type Identified, identifyAuthenticator, type TrialKey } from "../../security/identify.ts";
import type { CapturedMessage } from "../../wire/capture/messages.ts";
import { controlMessages } from "../../wire/control.ts";
import { type WireError, wireError } from "../../wire/error.ts";
import { icmpMessages, inspectIcmp } from "../../wire/icmp.ts";
import {
  type AnyMessage,
  type Decoded,
  inspectMessage,
  type MessageSpace,
  messageJson,
} from "../../wire/message.ts";
import { brokenOrderRules } from "../../wire/order.ts";
import { partialMessageJson } from "../../wire/trace.ts";
import { isObject } from "../json.ts";

export interface Explained {
  readonly space: MessageSpace;
  readonly bytes: Uint8Array;
  readonly decoded: Decoded<AnyMessage> | undefined;
  readonly error: WireError | undefined;
  /** What the message's author should have done otherwise, although it can be read. */
  readonly notes: readonly string[];
  /** For each extension, by its index; empty when no key was given. */
  readonly identified: readonly (Identified | undefined)[];
}

export function explainMessage(
  { kind, payload, cut }: Pick<CapturedMessage, "kind" | "payload" | "cut">,
  keys: readonly TrialKey[],
): Explained {
  const space: MessageSpace = kind === "icmp" ? icmpMessages : controlMessages;
  const { decoded, error } = inspectMessage(space, payload);
  // A wrong checksum comes first, but people want to see the fields all the same.
  const fault = kind === "icmp" ? inspectIcmp(payload).error : error;
  const identified =
    decoded === undefined || keys.length === 0
      ? []
      : decoded.message.extensions.map((_, i) => identifyAuthenticator(space, decoded, i, keys));
  return {
    space,
    bytes: payload,
    decoded,
    error: cut === undefined ? fault : cutError(cut, error, payload.length),
    notes: decoded === undefined ? [] : orderNotes(space, decoded.message),
    identified,
  };
}

function orderNotes(space: MessageSpace, message: AnyMessage): string[] {
  return brokenOrderRules(space, message).map(
    ({ first, second, rfc }) => `${first} must stand before ${second} (${rfc})`,
  );
}

/** Octets that are not there are the fault, whatever reading the others has led to. */
function cutError(message: string, error: WireError | undefined, length: number): WireError {
  if (error !== undefined && error.code !== "truncated" && error.code !== "wrong-length") {
    return error;
  }
  return wireError("truncated", error?.field ?? "extensions", error?.offset ?? length, message);
}

/** The contract's JSON of a message; `error` stands in the place of what could not be read. */
export function explanationJson({
  space,
  bytes,
  decoded,
  error,
  notes,
  identified,
}: Explained): JsonObject {
  const json =
    decoded === undefined ? partialMessageJson(space, bytes) : messageJson(space, decoded.message);
  return {
    ...json,
    ...(identified.some((each) => each !== undefined) && Array.isArray(json.extensions)
      ? { extensions: json.extensions.filter(isObject).map(withVerdict(identified)) }
      : {}),
    ...(notes.length === 0 ? {} : { notes }),
    ...(error === undefined ? {} : { error: { ...error } }),
  };
}

function withVerdict(identified: Explained["identified"]) {
  return (extension: JsonObject, index: number): JsonObject => {
    const found = identified[index];
    if (found === undefined) return extension;
    return { ...extension, valid: found.valid, algorithm: found.algorithm };
  };
}
