/** What the tests of NAT traversal send to the home agent, and what they find. RFC 3519. */

import assert from "node:assert/strict";
import type { NatTraversalConfig } from "../../ha/core/config.ts";
import { ipv4 } from "../../shared/base/address.ts";
import type { BindingItem } from "../../shared/forwarding/state.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { appendExtension, type RegistrationReply, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { Bench, config, foreignHome, oneSend, type RequestOptions, replyIn } from "./harness.ts";

const { D, T } = RequestFlag;
/** The node's own care-of address behind the NAT, and what the NAT makes of it. */
export const PRIVATE = ipv4("192.168.1.10");
export const NAT = ipv4("203.0.113.77");
export const NAT_PORT = 61_001;
export const OTHER_NAT = ipv4("203.0.113.88");

export function wish(flags = 0, encapsulation = 0, reserved3 = 0): ControlExtension {
  const name = "regular-udp-tunnel-request-extension";
  return { name, reserved1: 0, flags, encapsulation, reserved3 };
}

/** What a co-located node sends; from behind the NAT, if nothing else is said. */
export function colocated(
  extension: ControlExtension | undefined,
  { fields, event, ...rest }: RequestOptions = {},
): RequestOptions {
  return {
    fields: {
      flags: D | T,
      careOfAddress: PRIVATE,
      extensions: extension === undefined ? [] : [extension],
      ...fields,
    },
    event: { source: NAT, sourcePort: NAT_PORT, ...event },
    ...rest,
  };
}

export const DIRECT = { event: { source: PRIVATE, sourcePort: 434 } } as const;

export function traversal(overrides: Partial<NatTraversalConfig>) {
  return { natTraversal: { ...config.natTraversal, ...overrides } };
}

export function answerIn(reply: RegistrationReply) {
  const found = reply.extensions.find(({ name }) => name === "regular-udp-tunnel-reply-extension");
  return found?.name === "regular-udp-tunnel-reply-extension" ? found : undefined;
}

export function ask(options: RequestOptions, overrides: Parameters<typeof Bench.up>[0] = {}) {
  const bench = Bench.up(overrides);
  const effects = bench.request(options);
  const send = oneSend(effects);
  const reply = replyIn(send);
  return { bench, effects, send, reply, answer: answerIn(reply), row: bench.bindings()[0] };
}

export function itemOf(bench: Bench, index = 0): BindingItem {
  const item = bench.forwarding()[index];
  assert(item?.kind === "binding");
  return item;
}

/** What a foreign agent behind a NAT sends: its extension stands behind the node's signature. */
export function byAgent(
  bench: Bench,
  extension: ControlExtension,
  flags: number = T,
  isSigned = false,
): Effect[] {
  let bytes = bench.requestBytes({ fields: { flags, careOfAddress: PRIVATE } });
  bytes = appendExtension(bytes, extension);
  if (isSigned) {
    bytes = appendAuthentication(bytes, "foreign-home-authentication-extension", foreignHome);
  }
  return bench.deliver(bytes, { source: NAT, sourcePort: NAT_PORT });
}
