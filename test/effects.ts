/** What the tests of cores ask of effects. */

import assert from "node:assert/strict";
import type { Effect, SendUdp } from "../shared/protocol/core.ts";
import { decodeControl, type RegistrationReply } from "../shared/wire/control.ts";

export function sends(effects: readonly Effect[]): SendUdp[] {
  return effects.filter((effect) => effect.type === "send-udp");
}

/** Exactly one datagram was sent: this one. */
export function oneSend(effects: readonly Effect[]): SendUdp {
  const [send, ...more] = sends(effects);
  assert(send !== undefined && more.length === 0, `sent ${sends(effects).length} datagrams`);
  return send;
}

/** The reply in a datagram. */
export function replyIn(send: SendUdp): RegistrationReply {
  const decoded = decodeControl(send.payload);
  assert(decoded.ok && decoded.value.message.name === "registration-reply");
  return decoded.value.message;
}
