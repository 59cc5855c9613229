/** The ICMP messages of Mobile IPv4: router discovery (9, 10) and fast handover (41). */

import { err, type JsonObject, ok, type Result } from "../base/result.ts";
import { internetChecksum } from "./checksum.ts";
import { type WireError, wireError } from "./error.ts";
import { writeU16 } from "./field.ts";
import {
  type RouterAdvertisement,
  type RouterSolicitation,
  routerAdvertisement,
  routerSolicitation,
} from "./icmp/agent-discovery.ts";
import {
  type Card,
  type Cxtp,
  card,
  cxtp,
  type ExperimentalMobility,
  experimentalMobility,
  type HandoverAcknowledge,
  type HandoverInitiate,
  hack,
  hi,
  type PrRtAdv,
  prrtadv,
  type RtSolPr,
  rtsolpr,
} from "./icmp/fast-handover.ts";
import {
  decodeMessage,
  encodeMessage,
  type Inspected,
  inspectMessage,
  messageJson,
  messageSpace,
} from "./message.ts";

/** Every ICMP message that is known; of type 41 the general table stands last. */
export const icmpMessages = messageSpace([
  routerAdvertisement,
  routerSolicitation,
  rtsolpr,
  prrtadv,
  hi,
  hack,
  card,
  cxtp,
  experimentalMobility,
]);

export type DiscoveryMessage = RouterAdvertisement | RouterSolicitation;
export type FastHandoverMessage = RtSolPr | PrRtAdv | HandoverInitiate | HandoverAcknowledge;
export type IcmpMessage =
  | DiscoveryMessage
  | FastHandoverMessage
  | Card
  | Cxtp
  | ExperimentalMobility;

const LEAST = 8;

/**
 * The checksum must be what RFC 792 has a sender compute; the other one's complement zero, 0xffff
 * for 0, is taken as wrong, so that a message is its value's octets and no others.
 */
function envelopeFault(bytes: Uint8Array): WireError | undefined {
  if (bytes.length < LEAST) {
    return wireError("truncated", "type", 0, `${bytes.length} octets, needs ${LEAST}`);
  }
  const isMinusZero = bytes[2] === 0xff && bytes[3] === 0xff;
  if (internetChecksum(bytes) === 0 && !isMinusZero) return undefined;
  return wireError("wrong-checksum", "checksum", 2, "the ICMP checksum does not hold");
}

/** For `decode`: as much as there is, beside the error. Agents use `decodeDiscovery`. */
export function inspectIcmp(bytes: Uint8Array): Inspected<IcmpMessage> {
  const error = envelopeFault(bytes);
  if (error === undefined) return inspectMessage(icmpMessages, bytes);
  return { decoded: undefined, error };
}

/** A whole valid message, or why it is none. */
export function decodeIcmp(bytes: Uint8Array): Result<IcmpMessage, WireError> {
  const error = envelopeFault(bytes);
  if (error !== undefined) return err(error);
  const decoded = decodeMessage(icmpMessages, bytes);
  return decoded.ok ? ok(decoded.value.message) : decoded;
}

/** A whole valid message of router discovery (9, 10), or why it is none. */
export function decodeDiscovery(bytes: Uint8Array): Result<DiscoveryMessage, WireError> {
  const decoded = decodeIcmp(bytes);
  if (!decoded.ok) return decoded;
  const message = decoded.value;
  if (message.name === "router-advertisement" || message.name === "router-solicitation") {
    return ok(message);
  }
  return err(wireError("wrong-type", "type", 0, `${message.name} is not router discovery`));
}

/** The ICMP message with its checksum. */
export function encodeIcmp(message: IcmpMessage): Uint8Array {
  const bytes = encodeMessage(icmpMessages, message);
  writeU16(bytes, 2, internetChecksum(bytes));
  return bytes;
}

/** The contract's JSON form (`decode --icmp --json`). */
export function icmpJson(message: IcmpMessage): JsonObject {
  return messageJson(icmpMessages, message);
}
