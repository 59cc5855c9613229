/** Control messages: the payload of UDP datagrams to and from port 434. */

import { pooledOctets } from "../base/pool.ts";
import type { JsonObject, Result } from "../base/result.ts";
import { type ExperimentalMessage, experimentalMessage } from "./control/experimental.ts";
import {
  type FastBindingAcknowledgment,
  type FastBindingUpdate,
  fastBindingAcknowledgment,
  fastBindingUpdate,
} from "./control/fast-handover.ts";
import {
  type HandoffReply,
  type HandoffRequest,
  handoffReply,
  handoffRequest,
} from "./control/low-latency-handoff.ts";
import {
  type GenericNotification,
  type GenericNotificationAcknowledgment,
  genericNotification,
  genericNotificationAcknowledgment,
} from "./control/notification.ts";
import {
  type RegionalRegistrationReply,
  type RegionalRegistrationRequest,
  regionalRegistrationReply,
  regionalRegistrationRequest,
} from "./control/regional.ts";
import {
  type RegistrationReply,
  type RegistrationRequest,
  registrationReply,
  registrationRequest,
} from "./control/registration.ts";
import {
  type RegistrationRevocation,
  type RegistrationRevocationAcknowledgment,
  registrationRevocation,
  registrationRevocationAcknowledgment,
} from "./control/revocation.ts";
import {
  type CareOfTest,
  type CareOfTestInit,
  careOfTest,
  careOfTestInit,
  type HomeTest,
  type HomeTestInit,
  homeTest,
  homeTestInit,
} from "./control/route-optimization.ts";
import { type TunnelData, tunnelData } from "./control/tunnel-data.ts";
import { type ControlExtension, controlExtensions } from "./control-extensions.ts";
import type { WireError } from "./error.ts";
import { extensionLength, writeExtension } from "./extension.ts";
import {
  type CompiledMessage,
  type Decoded,
  decodeMessage,
  encodeMessage,
  type Inspected,
  inspectMessage,
  type MessageSpace,
  messageJson,
  messageSpace,
} from "./message.ts";

export { INFINITE_LIFETIME, RequestFlag } from "./control/registration.ts";
export type { RegistrationReply, RegistrationRequest };

/** UDP port of registration messages (RFC 5944 §3). */
export const MOBILE_IP_PORT = 434;

/** Every control message that is known. */
export const controlMessages = messageSpace([
  registrationRequest,
  registrationReply,
  tunnelData,
  registrationRevocation,
  registrationRevocationAcknowledgment,
  handoffRequest,
  handoffReply,
  regionalRegistrationRequest,
  regionalRegistrationReply,
  fastBindingUpdate,
  fastBindingAcknowledgment,
  genericNotification,
  genericNotificationAcknowledgment,
  homeTestInit,
  careOfTestInit,
  homeTest,
  careOfTest,
  experimentalMessage,
]);

export type ControlMessage =
  | RegistrationRequest
  | RegistrationReply
  | TunnelData
  | RegistrationRevocation
  | RegistrationRevocationAcknowledgment
  | HandoffRequest
  | HandoffReply
  | RegionalRegistrationRequest
  | RegionalRegistrationReply
  | FastBindingUpdate
  | FastBindingAcknowledgment
  | GenericNotification
  | GenericNotificationAcknowledgment
  | HomeTestInit
  | CareOfTestInit
  | HomeTest
  | CareOfTest
  | ExperimentalMessage;

export type DecodedControl<M extends ControlMessage = ControlMessage> = Decoded<M>;

/** For `decode`: as much as there is, beside the error. Agents use `decodeControl`. */
export function inspectControl(bytes: Uint8Array): Inspected<ControlMessage> {
  return inspectMessage(controlMessages, bytes);
}

/** A whole well-formed message, or why it is none (RFC 5944 §1.8, §3.3, §3.4). */
export function decodeControl(
  bytes: Uint8Array,
  understood: MessageSpace<ControlMessage> = controlMessages,
): Result<DecodedControl, WireError> {
  return decodeMessage(understood, bytes);
}

/**
 * The messages as an agent reads them that acts on extensions of these types only. Another one is
 * unknown to it, whatever is in it: from 128 on it is stepped over, below it spoils the message
 * (RFC 5944 §1.8).
 */
export function understanding(types: ReadonlySet<number>): MessageSpace<ControlMessage> {
  const byType = controlMessages.byType.map((messages) => messages?.map(understoodMessage(types)));
  return { ...controlMessages, byType };
}

function understoodMessage(types: ReadonlySet<number>) {
  return ({ table, layout }: CompiledMessage): CompiledMessage => {
    const { extensions } = table;
    if (extensions === undefined) return { table, layout };
    const byType = extensions.byType.map((known, type) => (types.has(type) ? known : undefined));
    return { table: { ...table, extensions: { ...extensions, byType } }, layout };
  };
}

/** Extensions that the base protocol has: padding and authentication. RFC 5944 §1.8, §3.5. */
export const BASE_EXTENSIONS = [0, 32, 33, 34] as const;

/** Octets of a message, extensions in the order given. Values out of range are our mistake. */
export function encodeControl(message: ControlMessage): Uint8Array {
  return encodeMessage(controlMessages, message);
}

/** `bytes` with one more extension behind them. */
export function appendExtension(bytes: Uint8Array, extension: ControlExtension): Uint8Array {
  const out = pooledOctets(bytes.length + extensionLength(controlExtensions, extension));
  out.set(bytes);
  writeExtension(controlExtensions, extension, out, bytes.length);
  return out;
}

/** The contract's JSON form of a message (`decode --json`). */
export function controlJson(message: ControlMessage): JsonObject {
  return messageJson(controlMessages, message);
}
