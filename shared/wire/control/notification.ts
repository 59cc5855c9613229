/** Notifications between any two of mobile node, foreign agent and home agent. RFC 6098 §4. */

import { NOTIFICATION_ACK_CODES, NOTIFICATION_DIRECTIONS } from "../codes.ts";
import { controlExtensions } from "../control-extensions.ts";
import { type WireError, wireError } from "../error.ts";
import { bits, constant, flags, ipv4Field, named, u8, u64 } from "../field.ts";
import type { AnyMessage, MessageValue } from "../message.ts";

/** Bit of the Generic Notification: an acknowledgement is wanted. RFC 6098 §4.1. */
export const NotificationFlag = { A: 0x1 } as const;

const direction = named(u8, NOTIFICATION_DIRECTIONS);

/** Another direction than the six is none, and nobody could tell who authenticates it. */
function directionFault(message: AnyMessage): WireError | undefined {
  const { md } = message as GenericNotification | GenericNotificationAcknowledgment;
  if (md in NOTIFICATION_DIRECTIONS) return undefined;
  return wireError("wrong-code", "md", 1, `message direction ${md}, not 0 to 5`);
}

const addresses = {
  homeAddress: ipv4Field,
  homeAgentAddress: ipv4Field,
  careOfAddress: ipv4Field,
  identification: u64,
};

/** Generic Notification Message. RFC 6098 §4.1. MD: who sends it to whom. */
const notification = {
  type: 22,
  name: "generic-notification",
  rfc: "RFC 6098 §4.1",
  fields: {
    type: constant(u8, 22),
    md: direction,
    flags: flags(["A"]),
    reserved: bits(15),
    ...addresses,
  },
  extensions: controlExtensions,
} as const;

/** Generic Notification Acknowledgement Message. RFC 6098 §4.2. */
const acknowledgment = {
  type: 23,
  name: "generic-notification-acknowledgment",
  rfc: "RFC 6098 §4.2",
  fields: {
    type: constant(u8, 23),
    md: direction,
    code: named(u8, NOTIFICATION_ACK_CODES),
    reserved: u8,
    ...addresses,
  },
  extensions: controlExtensions,
} as const;

export type GenericNotification = MessageValue<typeof notification>;
export type GenericNotificationAcknowledgment = MessageValue<typeof acknowledgment>;

export const genericNotification = { ...notification, check: directionFault };
export const genericNotificationAcknowledgment = { ...acknowledgment, check: directionFault };
