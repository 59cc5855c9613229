/**
 * The previous access router's judgement of a Fast Binding Update: RFC 4988 §5.1, §7. It moves
 * traffic only for a visitor, only with that visitor's authenticator, and each is heard once.
 */

import { type Ipv4, isUsableUnicast, type Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import type { Now } from "../../../shared/base/time.ts";
import type { SendUdp, UdpReceived } from "../../../shared/protocol/core.ts";
import { AddressCode, addressOption } from "../../../shared/protocol/fast-handover.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import {
  appendAuthentication,
  checkAuthentication,
} from "../../../shared/security/authenticator.ts";
import {
  checkFreshness,
  NO_REPLAY_STATE,
  ntpTimestamp,
  type ReplayState,
} from "../../../shared/security/replay.ts";
import type { FastBindingUpdate } from "../../../shared/wire/control/fast-handover.ts";
import {
  type DecodedControl,
  encodeControl,
  MOBILE_IP_PORT,
} from "../../../shared/wire/control.ts";
import type { Agent } from "../agent.ts";
import { contextsOf } from "../registration/request.ts";
import type { Visitor } from "../visits/visitors.ts";
import { isNeighbor, mayMove } from "./config.ts";

/** Seconds by which the clocks of node and router may differ (RFC 5944 §5.7.1). */
const CLOCK_WINDOW = 7;

/** Code of a Fast Binding Acknowledgment (RFC 4988 §5.2). */
export const AckCode = {
  accepted: 0,
  acceptedWithAddress: 1,
  unspecified: 128,
  prohibited: 129,
  insufficientResources: 130,
} as const;

/** An authentic and fresh update, and how it is answered. */
export interface BindingUpdate {
  /** The address that is bound: the Home Address field. */
  readonly address: Ipv4;
  readonly visitor: Visitor;
  /** The Home Agent field: this agent. */
  readonly router: Ipv4;
  /** The Care-of Address field: where to. */
  readonly next: Ipv4;
  /** Seconds that are asked for; 0: the node is back. */
  readonly lifetime: number;
  /** Of the answer. */
  readonly identification: bigint;
  readonly context: SecurityContext;
  /** As it came: from the node itself on its link, or relayed by another router. */
  readonly link: { readonly interface: string; readonly destination: Mac } | undefined;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
}

export type UpdateVerdict =
  | { readonly verdict: "accept"; readonly update: BindingUpdate }
  | { readonly verdict: "refuse"; readonly code: number; readonly update: BindingUpdate }
  | { readonly verdict: "discard"; readonly reason: string; readonly isSecurity: boolean };

const discard = (reason: string, isSecurity = false): UpdateVerdict => {
  return { verdict: "discard", reason: `fbu-${reason}`, isSecurity };
};

export class UpdateJudge {
  readonly #agent: Agent;
  readonly #random: Random;
  /** By visitor and SPI: bounded by the associations of the configuration. */
  readonly #replay = new Map<string, ReplayState>();
  #startedAt: ReplayState = NO_REPLAY_STATE;

  constructor(agent: Agent, random: Random) {
    this.#agent = agent;
    this.#random = random;
  }

  /** What was sent before this start may have been acted on before it. */
  begin(now: Now): void {
    this.#startedAt = { ...NO_REPLAY_STATE, lastAccepted: ntpTimestamp(now.wall) };
  }

  judge(event: UdpReceived, decoded: DecodedControl<FastBindingUpdate>, now: Now): UpdateVerdict {
    const { config, visitors } = this.#agent;
    const { message } = decoded;
    const address = message.homeAddress;
    const fastHandover = config.fastHandover;
    if (fastHandover === undefined || !isUsableUnicast(address)) return discard("poorly-formed");
    const isDirect = event.interface !== undefined && event.source === address;
    if (!isDirect && !isNeighbor(fastHandover, event.source)) return discard("wrong-source");
    const visitor = visitors.reachedAt(address);
    if (visitor === undefined) return discard("no-visitor");
    const contexts = contextsOf(config, visitor);
    const authentication = checkAuthentication(decoded, "mn-par-auth-extension", contexts);
    if (authentication.outcome !== "valid") return discard(authentication.outcome, true);
    const { context } = authentication;
    const key = `${visitor.homeAgent} ${visitor.homeAddress} ${context.spi}`;
    const freshness = checkFreshness(
      context.replay,
      this.#replay.get(key) ?? this.#startedAt,
      message.identification,
      now.wall,
      CLOCK_WINDOW,
      this.#random,
    );
    this.#replay.set(key, freshness.state);
    const { interface: name, linkSource } = event;
    const update: BindingUpdate = {
      address,
      visitor,
      router: message.homeAgent,
      next: message.careOfAddress,
      lifetime: message.lifetime,
      identification: freshness.reply,
      context,
      link:
        isDirect && name !== undefined && linkSource !== undefined
          ? { interface: name, destination: linkSource }
          : undefined,
      source: event.source,
      sourcePort: event.sourcePort,
      destination: event.destination,
    };
    const refuse = (code: number): UpdateVerdict => ({ verdict: "refuse", code, update });
    if (!freshness.fresh) {
      this.#agent.counters.add("fbu-stale");
      return refuse(AckCode.unspecified);
    }
    if (message.lifetime === 0) return { verdict: "accept", update };
    // RFC 4988 §7: to a known router, never to another host on its link.
    if (!isNeighbor(fastHandover, message.careOfAddress)) return refuse(AckCode.prohibited);
    if (visitor.colocated && !mayMove(fastHandover, address)) return refuse(AckCode.prohibited);
    // Nothing but an address tells such a visitor's packets from another's.
    if (visitor.plane !== 0) return refuse(AckCode.unspecified);
    return { verdict: "accept", update };
  }
}

/** The acknowledgment of an update (RFC 4988 §5.2), with the authenticator of its node. */
export function acknowledgment(
  { address, router, identification, context }: BindingUpdate,
  code: number,
  lifetime: number,
  careOfAddress: Ipv4 | undefined,
): Uint8Array {
  const bytes = encodeControl({
    name: "fast-binding-acknowledgment",
    code,
    reserved: 0,
    lifetime,
    homeAddress: address,
    homeAgent: router,
    identification,
    extensions: careOfAddress === undefined ? [] : [addressOption(AddressCode.new, careOfAddress)],
  });
  return appendAuthentication(bytes, "mn-par-auth-extension", context);
}

/** RFC 4988 §5.2: back to where the update came from. Who reads it may leave at once. */
export function answerTo(
  { link, source, sourcePort, destination }: BindingUpdate,
  payload: Uint8Array,
): SendUdp {
  return {
    type: "send-udp",
    source: destination,
    sourcePort: MOBILE_IP_PORT,
    destination: source,
    destinationPort: sourcePort,
    ttl: 64,
    payload,
    onceInForce: true,
    ...(link === undefined ? {} : { link }),
  };
}
