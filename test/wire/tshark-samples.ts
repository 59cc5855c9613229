/** Messages for tshark: of every kind and with every extension that the tables know, and broken. */

import { type Random, seededRandom } from "../../shared/base/random.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { controlMessages, MOBILE_IP_PORT } from "../../shared/wire/control.ts";
import { writeU16 } from "../../shared/wire/field.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import {
  type AnyMessage,
  encodeMessage,
  inspectMessage,
  type MessageSpace,
  type MessageTable,
  messageJson,
  messageSpace,
} from "../../shared/wire/message.ts";
import { extensionKinds, makeExtension, makeMessage, messageKinds } from "./arbitrary-messages.ts";
import type { Choices } from "./arbitrary-values.ts";
import { ipPacket, udp } from "./capture-files.ts";

/** A message and its octets, without UDP or IP header. */
export interface Sample {
  readonly space: MessageSpace;
  readonly message: AnyMessage;
  readonly json: JsonObject;
  readonly bytes: Uint8Array;
}

export const spaces: readonly MessageSpace[] = [controlMessages, icmpMessages];

/** One packet, which no link would have to fragment. */
const LARGEST = 1400;
const UDP = 17;
const ICMP = 1;

/** A plain one, to be changed octet by octet. */
export const REQUEST = {
  name: "registration-request",
  flags: 0x02,
  lifetime: 1800,
  homeAddress: 0x0a000001,
  homeAgent: 0x0a000002,
  careOfAddress: 0x0a000003,
  identification: 0x0123456789abcdefn,
  extensions: [
    {
      name: "mobile-home-authentication-extension",
      spi: 256,
      authenticator: Uint8Array.from({ length: 16 }, (_, i) => i),
    },
  ],
};

export function choicesFrom(seed: number): Choices {
  const random: Random = seededRandom(seed);
  return { below: (count) => Math.floor(random.next() * count) };
}

export function sampleOf(space: MessageSpace, message: AnyMessage): Sample {
  const bytes = encodeMessage(space, message);
  if (space === icmpMessages) writeU16(bytes, 2, internetChecksum(bytes));
  return { space, message, json: messageJson(space, message), bytes };
}

/** The IPv4 packet with a message of a space, or with what is left of one. */
export function packetOf(space: MessageSpace, bytes: Uint8Array): Uint8Array {
  if (space === icmpMessages) return ipPacket(ICMP, bytes);
  return ipPacket(UDP, udp(MOBILE_IP_PORT, MOBILE_IP_PORT, bytes));
}

/**
 * So many of every message, and of every extension of a number space behind the first message that
 * may carry it.
 */
export function makeSamples(choices: Choices, space: MessageSpace, count: number): Sample[] {
  const seen = new Set<unknown>();
  const messages = messageKinds(space).flatMap((kind) => {
    const { extensions } = kind.table;
    const plain = repeat(count, () => makeMessage(choices, space, kind));
    if (extensions === undefined || seen.has(extensions)) return plain;
    seen.add(extensions);
    const carrying = extensionKinds(extensions).flatMap((each) =>
      repeat(count, () => {
        const extension = makeExtension(choices, extensions, each);
        return makeMessage(choices, space, kind, [extension]);
      }),
    );
    return [...plain, ...carrying];
  });
  const samples = messages.map((message) => sampleOf(space, message));
  return samples.filter(({ bytes }) => bytes.length <= LARGEST);
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** The octets with one to three mistakes in them. */
export function mutate(choices: Choices, bytes: Uint8Array): Uint8Array {
  let out = Array.from(bytes);
  for (let left = 1 + choices.below(3); left > 0; left--) {
    const at = choices.below(out.length);
    switch (choices.below(4)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out.splice(at, 0, choices.below(256));
        break;
      case 2:
        out[at] = [0, 1, 2, 0x7f, 0x80, 0xff][choices.below(6)] ?? 0;
        break;
      default:
        out[at] = choices.below(256);
    }
    if (out.length === 0) break;
  }
  return Uint8Array.from(out);
}

/** What the codec makes of octets, apart from what a table checks beyond its figure. */
export type Verdict = "no message" | "malformed" | "sound";

export function judge(space: MessageSpace, bytes: Uint8Array): Verdict {
  const { decoded, error } = inspectMessage(withoutChecks(space), bytes);
  if (error === undefined) return "sound";
  const isNone = decoded === undefined && (bytes.length === 0 || error.code === "wrong-type");
  return isNone ? "no message" : "malformed";
}

const unchecked = new Map<MessageSpace, MessageSpace>();

function withoutChecks(space: MessageSpace): MessageSpace {
  const known = unchecked.get(space);
  if (known !== undefined) return known;
  const tables = [...space.byName.values()].map(({ table }): MessageTable => {
    const { check: _, ...figure } = table;
    return figure;
  });
  const made = messageSpace(tables);
  unchecked.set(space, made);
  return made;
}
