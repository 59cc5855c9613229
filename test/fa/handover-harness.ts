/** Two access routers on a bench, with what goes between them and a node carried by hand. */

import assert from "node:assert/strict";
import type { FaCoreConfig } from "../../fa/core/config.ts";
import type { FastHandoverConfig, Neighbor } from "../../fa/core/handover/config.ts";
import { type Ipv4, ipv4, type Mac } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import type { Effect, IcmpReceived, RouteIcmp, SendUdp } from "../../shared/protocol/core.ts";
import { fastHandoverMessage } from "../../shared/protocol/fast-handover.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import type {
  FastBindingAcknowledgment,
  FastBindingUpdate,
} from "../../shared/wire/control/fast-handover.ts";
import { decodeControl, encodeControl } from "../../shared/wire/control.ts";
import { encodeIcmp, type FastHandoverMessage } from "../../shared/wire/icmp.ts";
import { Bench, FA, HOME, lan0, mobileForeign, NODE_MAC, sends } from "./harness.ts";

export const NEXT = ipv4("192.0.2.65");
export const THIRD = ipv4("192.0.2.129");
export const AP1 = "02:00:00:00:01:01" as Mac;
export const AP2 = "02:00:00:00:02:01" as Mac;
export const AP3 = "02:00:00:00:03:01" as Mac;
export const AP4 = "02:00:00:00:04:01" as Mac;

const neighbor = (accessPoint: Mac, router: Ipv4, fastHandover = true): Neighbor => {
  return { accessPoint, router, routerMac: accessPoint, prefixLength: 26, fastHandover };
};

const context: SecurityContext = {
  spi: 3000,
  algorithm: "hmac-sha1",
  key: Uint8Array.from({ length: 20 }, () => 0x77),
  replay: "timestamp",
};

/** The association of a node and its access router. */
export const nodeRouter = mobileForeign;

export const fastHandover: FastHandoverConfig = {
  neighbors: [
    neighbor(AP1, FA),
    neighbor(AP2, NEXT),
    neighbor(AP3, THIRD),
    neighbor(AP4, ipv4("192.0.2.193"), false),
  ],
  limits: { packets: 256, octets: 400_000, time: 2000 },
  lifetime: 10,
  maxHandovers: 8,
  initiateRetries: 3,
  authenticate: true,
  routers: [FA, NEXT, THIRD].map((peer) => ({ ...context, peer })),
  pool: undefined,
  poolHold: 1.5,
  coLocated: [],
  earlyBuffering: 1,
};

/** An access router that takes part; its link is up, and it has been running for a while. */
export function router(
  address: Ipv4 = FA,
  overrides: Partial<FastHandoverConfig> = {},
  more: Partial<FaCoreConfig> = {},
): Bench {
  const bench = new Bench({
    links: [{ ...lan0, careOfAddresses: [address] }],
    mobileNodes: [nodeRouter],
    fastHandover: { ...fastHandover, ...overrides },
    ...more,
  });
  bench.agent.handle({ type: "restore", entries: [] }, bench.now);
  const link = { up: true, mac: AP1, mtu: 1500, addresses: [{ address, length: 26 }] };
  bench.agent.handle({ type: "link", interface: "lan0", link }, bench.now);
  bench.pass(60);
  return bench;
}

/** The previous router with the node as its visitor, and the next one. */
export function pair(
  previous: Partial<FastHandoverConfig> = {},
  next: Partial<FastHandoverConfig> = {},
) {
  const par = router(FA, previous);
  par.register({ foreignContext: nodeRouter });
  par.pass(1);
  const nar = router(NEXT, next);
  nar.pass(1);
  return { par, nar };
}

export interface UpdateOptions {
  readonly fields?: Partial<FastBindingUpdate>;
  readonly context?: SecurityContext | null;
}

/** The octets of a Fast Binding Update, as the node sends it now. */
export function updateBytes({ now }: Bench, { fields, context: by }: UpdateOptions = {}) {
  const bytes = encodeControl({
    name: "fast-binding-update",
    flags: 0,
    reserved: 0,
    lifetime: 10,
    homeAddress: HOME,
    homeAgent: FA,
    careOfAddress: NEXT,
    identification: ntpTimestamp(now.wall),
    extensions: [],
    ...fields,
  });
  if (by === null) return bytes;
  return appendAuthentication(bytes, "mn-par-auth-extension", by ?? nodeRouter);
}

/** The node sends it on the link of the previous router. */
export function sendUpdate(par: Bench, options: UpdateOptions = {}): Effect[] {
  return par.deliver(updateBytes(par, options), { destination: FA });
}

/** A datagram of one router to another arrives. */
export function carry({ agent, now }: Bench, datagram: SendUdp): Effect[] {
  const { source, sourcePort, destination, destinationPort, payload } = datagram;
  const about = { source, sourcePort, destination, destinationPort, payload, ttl: 60 };
  return agent.handle({ type: "udp", interface: undefined, linkSource: undefined, ...about }, now);
}

export function carryIcmp({ agent, now }: Bench, { type: _, ...packet }: RouteIcmp): Effect[] {
  return agent.handle(
    { type: "icmp", interface: undefined, linkSource: undefined, ...packet },
    now,
  );
}

/** What the node sends on a link by ICMP. */
export function fromNode(bench: Bench, message: FastHandoverMessage, more?: Partial<IcmpReceived>) {
  return bench.agent.handle(
    {
      type: "icmp",
      interface: "lan0",
      linkSource: NODE_MAC,
      source: HOME,
      destination: FA,
      ttl: 1,
      payload: encodeIcmp(message),
      ...more,
    },
    bench.now,
  );
}

export function routed(effects: readonly Effect[]): RouteIcmp[] {
  return effects.filter((effect) => effect.type === "route-icmp");
}

export function oneRouted(effects: readonly Effect[]): RouteIcmp {
  const [one, ...more] = routed(effects);
  assert(one !== undefined && more.length === 0, `${routed(effects).length} routed messages`);
  return one;
}

export function messageIn<N extends FastHandoverMessage["name"]>(
  { payload }: { readonly payload: Uint8Array },
  name: N,
): Extract<FastHandoverMessage, { name: N }> {
  const message = fastHandoverMessage(payload);
  assert(message?.name === name, `${message?.name} is no ${name}`);
  return message as Extract<FastHandoverMessage, { name: N }>;
}

export function acknowledgmentIn({ payload }: SendUdp): FastBindingAcknowledgment {
  const decoded = decodeControl(payload);
  assert(decoded.ok && decoded.value.message.name === "fast-binding-acknowledgment");
  return decoded.value.message;
}

/** Those that go to a node on a link, and those that go to a router. */
export function answers(effects: readonly Effect[]) {
  const all = sends(effects);
  return {
    toNode: all.filter(({ link }) => link !== undefined),
    toRouter: all.filter(({ link }) => link === undefined),
  };
}

export function itemOf(bench: Bench, key: string): ForwardingItem | undefined {
  return bench.agent.forwarding().get(key);
}

/** From the update on the old link to the tunnel: the effects of each step. */
export function predict(par: Bench, nar: Bench) {
  const updated = sendUpdate(par);
  const initiated = carryIcmp(nar, oneRouted(updated));
  const acknowledged = carryIcmp(par, oneRouted(initiated));
  return { updated, initiated, acknowledged };
}

/** The node has come to the next router's link and sends an update there. */
export function arrive(nar: Bench, options: UpdateOptions = {}): Effect[] {
  return nar.deliver(updateBytes(nar, options), { destination: NEXT });
}
