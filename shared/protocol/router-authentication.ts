/**
 * Our own authentication of HI and HAck between two access routers that no IPsec protects (RFC 4988
 * §7): the last option of the message, of the number that RFC 4064 keeps for experiments, which who
 * does not know it steps over (RFC 4068 §6.1).
 *
 * Type 255, length in units of 8 octets, a mark of two octets, SPI, a timestamp of 64 bits, and the
 * authenticator with zero octets to the next multiple of 8. It covers both IP addresses and the
 * message from its type to the timestamp, with a checksum of zero. The timestamp of a HAck is that
 * of the HI.
 */

import type { Ipv4 } from "../base/address.ts";
import type { SecurityContext } from "../security/association.ts";
import {
  authenticatorLength,
  computeAuthenticator,
  equalAuthenticators,
} from "../security/authenticator.ts";
import { encodeIcmp, type FastHandoverMessage } from "../wire/icmp.ts";

const TYPE = 255;
const MARK = Uint8Array.of(0x4d, 0x49);
/** In front of the authenticator, type and length left out: mark, SPI, timestamp. */
const FIXED = 2 + 4 + 8;
const HEADER = 2;
const UNIT = 8;

/** Who sends to whom. */
export interface Ends {
  readonly source: Ipv4;
  readonly destination: Ipv4;
}

export interface RouterProof {
  readonly spi: number;
  readonly timestamp: bigint;
}

/** The message with its authentication behind all options, and its checksum. */
export function encodeAuthenticated(
  message: FastHandoverMessage,
  ends: Ends,
  timestamp: bigint,
  context: SecurityContext,
): Uint8Array {
  const length = authenticatorLength(context.algorithm);
  const units = Math.ceil((HEADER + FIXED + length) / UNIT);
  const data = new Uint8Array(units * UNIT - HEADER);
  const view = new DataView(data.buffer);
  data.set(MARK);
  view.setUint32(2, context.spi);
  view.setBigUint64(6, timestamp);
  const extensions = (extra: Uint8Array) => [
    ...message.extensions,
    { name: "unknown", type: TYPE, data: extra } as const,
  ];
  const blank = encodeIcmp({ ...message, extensions: extensions(data) });
  const covered = coveredBy(blank, blank.length - data.length + FIXED, ends);
  data.set(computeAuthenticator(context, covered), FIXED);
  return encodeIcmp({ ...message, extensions: extensions(data) });
}

/** Who vouches for a message; `undefined`: nobody with one of these contexts. */
export function routerProof(
  payload: Uint8Array,
  message: FastHandoverMessage,
  ends: Ends,
  contexts: readonly SecurityContext[],
): RouterProof | undefined {
  const last = message.extensions.at(-1);
  if (last?.name !== "unknown" || last.type !== TYPE || last.data.length < FIXED) return undefined;
  const { data } = last;
  if (data[0] !== MARK[0] || data[1] !== MARK[1]) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const spi = view.getUint32(2);
  const context = contexts.find((candidate) => candidate.spi === spi);
  if (context === undefined) return undefined;
  const end = FIXED + authenticatorLength(context.algorithm);
  const covered = coveredBy(payload, payload.length - data.length + FIXED, ends);
  const computed = computeAuthenticator(context, covered);
  if (!equalAuthenticators(computed, data.subarray(FIXED, end))) return undefined;
  return { spi, timestamp: view.getBigUint64(6) };
}

function coveredBy(payload: Uint8Array, end: number, { source, destination }: Ends): Uint8Array {
  const covered = new Uint8Array(8 + end);
  const view = new DataView(covered.buffer);
  view.setUint32(0, source);
  view.setUint32(4, destination);
  covered.set(payload.subarray(0, end), 8);
  view.setUint16(8 + 2, 0);
  return covered;
}
