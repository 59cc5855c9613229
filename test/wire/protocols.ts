/** The two protocols that are messages with extensions, for tests that are about both. */

import type { JsonObject } from "../../shared/base/result.ts";
import {
  type ControlMessage,
  controlJson,
  controlMessages,
  encodeControl,
  inspectControl,
} from "../../shared/wire/control.ts";
import {
  encodeIcmp,
  type IcmpMessage,
  icmpJson,
  icmpMessages,
  inspectIcmp,
} from "../../shared/wire/icmp.ts";
import type { AnyMessage, Inspected, MessageSpace } from "../../shared/wire/message.ts";

export interface Protocol {
  readonly name: "control" | "icmp";
  readonly space: MessageSpace;
  inspect(bytes: Uint8Array): Inspected<AnyMessage>;
  encode(message: AnyMessage): Uint8Array;
  json(message: AnyMessage): JsonObject;
}

export const control: Protocol = {
  name: "control",
  space: controlMessages,
  inspect: inspectControl,
  encode: (message) => encodeControl(message as ControlMessage),
  json: (message) => controlJson(message as ControlMessage),
};

export const icmp: Protocol = {
  name: "icmp",
  space: icmpMessages,
  inspect: inspectIcmp,
  encode: (message) => encodeIcmp(message as IcmpMessage),
  json: (message) => icmpJson(message as IcmpMessage),
};

export const PROTOCOLS: readonly Protocol[] = [control, icmp];
