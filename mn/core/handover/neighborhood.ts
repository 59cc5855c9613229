/**
 * What the current access router knows of its neighbourhood: asked by RtSolPr, told by PrRtAdv.
 * RFC 4988 §4.1, §5.3, §5.4; RFC 4068 §5.1, §6.1.
 */

import { type Ipv4, type Mac, ZERO_MAC } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import type { Random } from "../../../shared/base/random.ts";
import { after, type Instant } from "../../../shared/base/time.ts";
import type { SendIcmp } from "../../../shared/protocol/core.ts";
import {
  LinkLayerCode,
  macOption,
  type ProxyAnswer,
  ProxyCode,
  proxyAnswers,
} from "../../../shared/protocol/fast-handover.ts";
import { encodeIcmp, type FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { FastHandoverConfig } from "./config.ts";

type PrRtAdv = Extract<FastHandoverMessage, { name: "prrtadv" }>;

/** Milliseconds until a solicitation is repeated first; doubled each time (RFC 4068 §6.1.1). */
const FIRST_TIMEOUT = 100;
const SECOND = 1000;
/** Access points remembered. */
const MAX_ACCESS_POINTS = 256;

/** The router that is asked, and how it is reached. */
export interface AskedRouter {
  readonly interface: string;
  readonly address: Ipv4;
  readonly mac: Mac;
  /** Of the node on that link. */
  readonly source: Ipv4;
  readonly ownMac: Mac;
}

interface Query {
  readonly accessPoints: readonly Mac[];
  readonly identifier: number;
  sent: number;
  repeatAt: Instant;
}

export class Neighborhood {
  readonly #random: Random;
  readonly #counters: Counters;
  readonly #known = new Map<Mac, ProxyAnswer>();
  #router: AskedRouter | undefined;
  /** The router has never answered, so it does no fast handovers (RFC 4068 §5.1). */
  #isSilent = false;
  #query: Query | undefined;
  /** When the last solicitations were sent, for their rate. */
  #sentAt: Instant[] = [];

  constructor(random: Random, counters: Counters) {
    this.#random = random;
    this.#counters = counters;
  }

  get router(): AskedRouter | undefined {
    return this.#router;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  get isAsking(): boolean {
    return this.#query !== undefined;
  }

  of(accessPoint: Mac): ProxyAnswer | undefined {
    return this.#known.get(accessPoint);
  }

  /** The access point behind which this router is, if that is known. */
  behind(router: Ipv4): ProxyAnswer | undefined {
    return [...this.#known.values()].find((answer) => answer.router?.router === router);
  }

  nextDeadline(): Instant | undefined {
    return this.#query?.repeatAt;
  }

  /** Another router, whose neighbourhood is another; it is asked for all of it (§4.1). */
  meet(router: AskedRouter | undefined, now: Instant): void {
    this.#router = router;
    this.#isSilent = false;
    this.#known.clear();
    this.#query = undefined;
    if (router !== undefined) this.ask([], now);
  }

  /** About these access points, or about all; false: the router does not answer such questions. */
  ask(accessPoints: readonly Mac[], now: Instant): boolean {
    if (this.#router === undefined || this.#isSilent) return false;
    // 0 is what an advertisement has that nobody asked for.
    const identifier = 1 + (this.#random.u32() % 0xffff);
    this.#query = { accessPoints, identifier, sent: 0, repeatAt: now };
    return true;
  }

  /** What is due to be sent. */
  tick(config: FastHandoverConfig, now: Instant): SendIcmp[] {
    const query = this.#query;
    const router = this.#router;
    if (query === undefined || router === undefined || now < query.repeatAt) return [];
    if (query.sent > config.solicitationRetries) {
      this.#query = undefined;
      this.#isSilent = this.#known.size === 0;
      return [];
    }
    this.#sentAt = this.#sentAt.filter((at) => now - at < SECOND);
    const [first] = this.#sentAt;
    if (first !== undefined && this.#sentAt.length >= config.solicitationRate) {
      query.repeatAt = after(first, SECOND);
      return [];
    }
    this.#sentAt.push(now);
    query.repeatAt = after(now, FIRST_TIMEOUT * 2 ** query.sent);
    query.sent++;
    this.#counters.add("rtsolpr-sent");
    return [solicitation(router, query)];
  }

  /** Takes an advertisement in: its answers, or why it is none for us. */
  learn(message: PrRtAdv): readonly ProxyAnswer[] | undefined {
    const { code, identifier, extensions } = message;
    const isUnasked = code === ProxyCode.handOver || code === ProxyCode.news;
    const isAnswer = !isUnasked && identifier === this.#query?.identifier;
    if (!isAnswer && !(isUnasked && identifier === 0)) return undefined;
    if (isAnswer) this.#query = undefined;
    const answers = proxyAnswers(extensions).filter(({ accessPoint }) => accessPoint !== ZERO_MAC);
    for (const answer of answers) {
      this.#known.delete(answer.accessPoint);
      const [oldest] = this.#known.keys();
      if (this.#known.size >= MAX_ACCESS_POINTS && oldest !== undefined) this.#known.delete(oldest);
      this.#known.set(answer.accessPoint, answer);
    }
    return answers;
  }

  all(): readonly ProxyAnswer[] {
    return [...this.#known.values()];
  }
}

function solicitation(router: AskedRouter, { accessPoints, identifier }: Query): SendIcmp {
  const asked =
    accessPoints.length === 0
      ? [macOption(LinkLayerCode.wildcard, ZERO_MAC)]
      : accessPoints.map((mac) => macOption(LinkLayerCode.accessPoint, mac));
  const own = macOption(LinkLayerCode.source, router.ownMac);
  return {
    type: "send-icmp",
    source: router.source,
    destination: router.address,
    ttl: 255,
    payload: encodeIcmp({
      name: "rtsolpr",
      code: 0,
      reserved: 0,
      identifier,
      extensions: [...asked, own],
    }),
    link: { interface: router.interface, destination: router.mac },
  };
}
