/** Control and ICMP messages as targets of the fuzzer. */

import { internetChecksum } from "../../shared/wire/checksum.ts";
import { writeU16 } from "../../shared/wire/field.ts";
import type { AnyMessage, Inspected } from "../../shared/wire/message.ts";
import { makeMessage, messageKinds } from "../wire/arbitrary-messages.ts";
import { pick } from "../wire/arbitrary-values.ts";
import { examine, thoroughViolation } from "../wire/invariants.ts";
import { icmp, type Protocol } from "../wire/protocols.ts";
import { digits, featureOf, type Sees, type Target } from "./target.ts";

const SIZES = Array.from({ length: 33 }, (_, size) => `size ${size}`);

/** What an input shows: which message, extensions, sizes, and which error where. */
function show({ decoded, error }: Inspected<AnyMessage>, sees: Sees): void {
  const message = decoded?.message.name ?? "none";
  let last = "none";
  if (decoded !== undefined) {
    const { message: read, offsets } = decoded;
    for (let i = 0; i < read.extensions.length; i++) {
      last = read.extensions[i]?.name ?? "";
      const size = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0);
      sees(featureOf(1, last, "read"));
      sees(featureOf(16, message, last));
      sees(featureOf(17, last, SIZES[digits(size)] ?? ""));
    }
    sees(featureOf(18, message, SIZES[digits(read.extensions.length)] ?? ""));
  }
  if (error === undefined) sees(featureOf(4, message, "accepted"));
  else {
    sees(featureOf(5, error.code, error.field));
    sees(featureOf(21, message, error.field));
    sees(featureOf(19, last, error.field));
    sees(featureOf(20, error.code, last));
  }
}

/** Redoes the ICMP checksum in place; where that is 0, by the zero that is wrong. */
export function repairIcmp(bytes: Uint8Array): void {
  if (bytes.length < 4) return;
  bytes[2] = 0;
  bytes[3] = 0;
  // The other zero adds up as well, but nobody computes it.
  writeU16(bytes, 2, internetChecksum(bytes) || 0xffff);
}

export function messageTarget(protocol: Protocol): Target {
  const kinds = messageKinds(protocol.space);
  const target: Target = {
    name: protocol.name,
    share: protocol.name === icmp.name ? 3 : 6,
    run(bytes, thorough, sees) {
      const { inspected, violation } = examine(protocol, bytes);
      if (inspected === undefined || violation !== undefined) return violation;
      show(inspected, sees);
      return thorough ? thoroughViolation(protocol, bytes, inspected) : undefined;
    },
    make: (choices) => protocol.encode(makeMessage(choices, protocol.space, pick(choices, kinds))),
    cuts(bytes) {
      const offsets = examine(protocol, bytes).inspected?.decoded?.offsets ?? [0];
      return offsets.at(-1) === bytes.length ? offsets : [...offsets, bytes.length];
    },
  };
  return protocol.name === icmp.name ? { ...target, repair: repairIcmp } : target;
}
