/** HI and HAck between access routers: who may send them, and that nothing is heard twice (§7). */

import type { Ipv4 } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import type { Now } from "../../../shared/base/time.ts";
import type { IcmpReceived, RouteIcmp } from "../../../shared/protocol/core.ts";
import {
  encodeAuthenticated,
  routerProof,
} from "../../../shared/protocol/router-authentication.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import {
  checkFreshness,
  NO_REPLAY_STATE,
  ntpTimestamp,
  type ReplayState,
} from "../../../shared/security/replay.ts";
import { encodeIcmp, type FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import { associationsWith } from "../registration/request.ts";
import { type FastHandoverConfig, isNeighbor } from "./config.ts";

/** Seconds by which the clocks of two routers may differ. */
const CLOCK_WINDOW = 7;
const TTL = 64;

export type RouterVerdict =
  /** The timestamp with which a HAck answers; 0 without our authentication. */
  | { readonly verdict: "trusted"; readonly timestamp: bigint }
  | { readonly verdict: "discard"; readonly reason: string; readonly isSecurity: boolean };

export class RouterMessages {
  readonly #config: () => FastHandoverConfig;
  readonly #random: Random;
  /** By router and SPI, so bounded by the configuration. */
  readonly #replay = new Map<string, ReplayState>();
  #startedAt: ReplayState = NO_REPLAY_STATE;

  constructor(config: () => FastHandoverConfig, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  /** What was sent before this start may have been acted on before it. */
  begin(now: Now): void {
    this.#startedAt = { ...NO_REPLAY_STATE, lastAccepted: ntpTimestamp(now.wall) };
  }

  /** May this HI be acted on? Each is heard once. */
  judgeInitiate(event: IcmpReceived, message: FastHandoverMessage, now: Now): RouterVerdict {
    const known = this.#judge(event, message);
    if (known.verdict === "discard" || !this.#config().authenticate) return known;
    const key = `${event.source} ${known.spi}`;
    const state = this.#replay.get(key) ?? this.#startedAt;
    const { timestamp } = known;
    const method = "timestamp";
    const verdict = checkFreshness(method, state, timestamp, now.wall, CLOCK_WINDOW, this.#random);
    if (!verdict.fresh) return { verdict: "discard", reason: "hi-stale", isSecurity: true };
    this.#replay.set(key, verdict.state);
    return known;
  }

  /** Is this HAck from whom it says? That it answers our HI its timestamp must show. */
  judgeAcknowledge(event: IcmpReceived, message: FastHandoverMessage): RouterVerdict {
    return this.#judge(event, message);
  }

  send(
    message: FastHandoverMessage,
    source: Ipv4,
    destination: Ipv4,
    timestamp: bigint,
  ): RouteIcmp {
    const [context] = this.#contexts(destination);
    const ends = { source, destination };
    const payload =
      context === undefined
        ? encodeIcmp(message)
        : encodeAuthenticated(message, ends, timestamp, context);
    return { type: "route-icmp", source, destination, ttl: TTL, payload };
  }

  #contexts(router: Ipv4): readonly SecurityContext[] {
    const { authenticate, routers } = this.#config();
    return authenticate ? associationsWith(routers, router) : [];
  }

  #judge(
    event: IcmpReceived,
    message: FastHandoverMessage,
  ): RouterVerdict & { readonly spi?: number } {
    const { name } = message;
    if (!isNeighbor(this.#config(), event.source)) {
      return { verdict: "discard", reason: `${name}-from-stranger`, isSecurity: true };
    }
    if (!this.#config().authenticate) return { verdict: "trusted", timestamp: 0n };
    const proof = routerProof(event.payload, message, event, this.#contexts(event.source));
    if (proof !== undefined) return { verdict: "trusted", ...proof };
    return { verdict: "discard", reason: `${name}-not-authentic`, isSecurity: true };
  }
}
