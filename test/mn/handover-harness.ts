/** A mobile node that does fast handovers, and what the agent that it leaves says. */

import assert from "node:assert/strict";
import type { FastHandoverConfig } from "../../mn/core/handover/config.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect, SendIcmp, SendUdp } from "../../shared/protocol/core.ts";
import {
  AddressCode,
  addressOption,
  fastHandoverMessage,
  tupleOptions,
} from "../../shared/protocol/fast-handover.ts";
import { appendAuthentication, checkAuthentication } from "../../shared/security/authenticator.ts";
import type { FastBindingUpdate } from "../../shared/wire/control/fast-handover.ts";
import { decodeControl, encodeControl } from "../../shared/wire/control.ts";
import type { FastHandoverOption } from "../../shared/wire/icmp/fast-handover-options.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  FA2_MAC,
  HOME,
  type HOME_CONTEXT,
  makeConfig,
  Timeline,
} from "./bench.ts";

export const AP = "02:00:00:00:02:0a" as Mac;
export const OTHER_AP = "02:00:00:00:03:0a" as Mac;
export const FA3 = ipv4("192.0.2.129");
export const FA3_MAC = "02:00:00:00:03:01" as Mac;

export const fastHandover: FastHandoverConfig = {
  solicitationRetries: 3,
  solicitationRate: 3,
  updateRetries: 3,
  lifetime: 10,
  limits: { packets: 256, octets: 400_000, time: 2000 },
  obeysNetwork: true,
};
export const tuple = { accessPoint: AP, router: FA2, routerMac: FA2_MAC, prefixLength: 26 };

/** Registered through FA1, with which it has an association; the log is empty. */
export function registered(changes: Partial<FastHandoverConfig> = {}): Timeline {
  const config = { ...fastHandover, ...changes };
  const line = new Timeline(makeConfig({ fastHandover: config, foreignAgents: [FA_CONTEXT] }));
  line.linkUp();
  line.until(2000);
  line.event(advertisement());
  line.clear();
  line.accept = (options = {}) => {
    const requests = line.requests();
    assert.ok(requests.length > 0);
    return Timeline.prototype.accept.call(line, { foreign: [FA_CONTEXT], ...options });
  };
  line.until(3500);
  line.accept();
  assert.equal(line.node.state, "registered");
  return line;
}

export function solicitationsIn(line: Timeline) {
  return line
    .sent("send-icmp")
    .filter(({ payload }) => payload[0] === 41)
    .map((effect: SendIcmp) => {
      const message = fastHandoverMessage(effect.payload);
      assert(message?.name === "rtsolpr");
      return { effect, message };
    });
}

export function updatesIn(line: Timeline): { effect: SendUdp; message: FastBindingUpdate }[] {
  return line
    .sent("send-udp")
    .filter(({ payload }) => payload[0] === 20)
    .map((effect) => {
      const decoded = decodeControl(effect.payload);
      assert(decoded.ok && decoded.value.message.name === "fast-binding-update");
      const { context } = { context: FA_CONTEXT };
      const name = "mn-par-auth-extension";
      assert.equal(checkAuthentication(decoded.value, name, [context]).outcome, "valid");
      return { effect, message: decoded.value.message };
    });
}

export function proxy(
  line: Timeline,
  extensions: readonly FastHandoverOption[],
  more: { code?: number; identifier?: number; linkSource?: Mac } = {},
): Effect[] {
  const asked = solicitationsIn(line).at(-1)?.message.identifier ?? 0;
  const { code = 0, identifier = asked, linkSource = FA1_MAC } = more;
  return line.event({
    type: "icmp",
    interface: "wlan0",
    linkSource,
    source: FA1,
    destination: HOME,
    ttl: 255,
    payload: encodeIcmp({ name: "prrtadv", code, reserved: 0, identifier, extensions }),
  });
}

export interface Ack {
  readonly code?: number;
  readonly careOfAddress?: Ipv4;
  readonly context?: typeof HOME_CONTEXT;
  readonly identification?: bigint;
}

/** The previous router's answer to the last update. */
export function acknowledge(line: Timeline, ack: Ack = {}): Effect[] {
  const update = updatesIn(line).at(-1)?.message;
  assert(update !== undefined);
  const { code = 0, careOfAddress, context = FA_CONTEXT } = ack;
  const bytes = encodeControl({
    name: "fast-binding-acknowledgment",
    code,
    reserved: 0,
    lifetime: update.lifetime,
    homeAddress: update.homeAddress,
    homeAgent: update.homeAgent,
    identification: ack.identification ?? update.identification,
    extensions: careOfAddress === undefined ? [] : [addressOption(AddressCode.new, careOfAddress)],
  });
  return line.event({
    type: "udp",
    interface: "wlan0",
    linkSource: FA1_MAC,
    source: FA1,
    sourcePort: 434,
    destination: HOME,
    destinationPort: 434,
    ttl: 64,
    payload: appendAuthentication(bytes, "mn-par-auth-extension", context),
  });
}

/** The neighbourhood is known and a handover to FA2's access point is wanted. */
export function leaving(changes: Partial<FastHandoverConfig> = {}): Timeline {
  const line = registered(changes);
  proxy(line, tupleOptions(tuple));
  line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
  return line;
}

export const visiting = (line: Timeline) => line.node.forwarding().get("visiting/wlan0");
