/**
 * The neighbourhood of an access router: the configured map, and the access points that other routers
 * name as their own. Those come in HI and HAck behind our authenticator, each router speaks for itself
 * alone, and what is configured stands (RFC 4988 §3 leaves open how routers learn of each other).
 */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import { proxyAnswers, tupleOptions } from "../../../shared/protocol/fast-handover.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import type { FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import { type FastHandoverConfig, isNeighbor, type Neighbor } from "./config.ts";

/** Access points of one router that are told, and believed; routers are bounded by the associations. */
const MAX_TOLD = 8;

export class Neighborhood {
  readonly #config: () => FastHandoverConfig;
  readonly #isOwn: (router: Ipv4) => boolean;
  /** By router: what it has named last. */
  readonly #learned = new Map<Ipv4, readonly Neighbor[]>();

  constructor(config: () => FastHandoverConfig, isOwn: (router: Ipv4) => boolean) {
    this.#config = config;
    this.#isOwn = isOwn;
  }

  /** Access points that were learned. */
  get learned(): number {
    return this.all().length - this.#config().neighbors.length;
  }

  /** The configured ones first, and each access point once. */
  all(): readonly Neighbor[] {
    const { neighbors } = this.#config();
    const known = new Set(neighbors.map(({ accessPoint }) => accessPoint));
    const all = [...neighbors];
    for (const neighbor of [...this.#learned.values()].flat()) {
      if (known.has(neighbor.accessPoint)) continue;
      known.add(neighbor.accessPoint);
      all.push(neighbor);
    }
    return all;
  }

  find(accessPoint: Mac | undefined): Neighbor | undefined {
    return this.all().find((neighbor) => neighbor.accessPoint === accessPoint);
  }

  /** For a HI or a HAck; nothing where the other side may be one that only knows the RFC. */
  ownTuples(): FastHandoverOption[] {
    const { authenticate, neighbors } = this.#config();
    if (!authenticate) return [];
    const own = neighbors.filter(({ router }) => this.#isOwn(router));
    return own.slice(0, MAX_TOLD).flatMap((neighbor) => tupleOptions(neighbor));
  }

  /** From a HI or a HAck that is authentic: its sender's access points, in place of what it had. */
  learn(source: Ipv4, { extensions }: Extract<FastHandoverMessage, { name: "hi" | "hack" }>): void {
    const config = this.#config();
    if (!config.authenticate || !isNeighbor(config, source)) return;
    const told = proxyAnswers(extensions).flatMap(({ router }) =>
      router?.router === source ? [{ ...router, fastHandover: true }] : [],
    );
    if (told.length === 0) this.#learned.delete(source);
    else this.#learned.set(source, told.slice(0, MAX_TOLD));
  }

  /** Of other routers, perhaps, is now what was learned. */
  clear(): void {
    this.#learned.clear();
  }
}
