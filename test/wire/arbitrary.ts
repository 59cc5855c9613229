/**
 * Generators of everything that the tables allow, for fast-check. A value is made from a tape of
 * numbers, and behind the end of the tape the plainest of all is chosen: so it shrinks as the tape
 * does.
 */

import fc from "fast-check";
import { type ControlMessage, controlMessages } from "../../shared/wire/control.ts";
import type { RouterAdvertisement } from "../../shared/wire/icmp/agent-discovery.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import {
  type AnyMessage,
  type CompiledMessage,
  type MessageSpace,
  messageTable,
} from "../../shared/wire/message.ts";
import { makeMessage, messageKinds } from "./arbitrary-messages.ts";
import { type Choices, choicesOf, pick } from "./arbitrary-values.ts";

/** Anything that is made from choices. */
export function arbitraryFrom<T>(make: (choices: Choices) => T): fc.Arbitrary<T> {
  return fc
    .array(fc.nat({ max: 0xffff_ffff }), { maxLength: 250, size: "max" })
    .map((tape) => make(choicesOf(tape)));
}

/** A message of one kind, or of any that the space has. */
export function arbitraryMessage(
  space: MessageSpace,
  kind?: CompiledMessage,
): fc.Arbitrary<AnyMessage> {
  const kinds = messageKinds(space);
  return arbitraryFrom((choices) => makeMessage(choices, space, kind ?? pick(choices, kinds)));
}

export const arbitraryControlMessage = arbitraryMessage(
  controlMessages,
) as fc.Arbitrary<ControlMessage>;

export const arbitraryAdvertisement = arbitraryMessage(
  icmpMessages,
  messageTable(icmpMessages, { name: "router-advertisement", extensions: [] }),
) as fc.Arbitrary<RouterAdvertisement>;
