/** Addresses of the mobile nodes' own on foreign links, as a DHCP client gets them there. */

import { type Ipv4, toIpv4 } from "../../shared/base/address.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import type { Lease, Port } from "./network.ts";
import type { SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import type { EventQueue } from "./queue.ts";
import { BARE_LINK, careOfAddress, foreignLink } from "./topology.ts";

/** Milliseconds. */
const LEAST_DELAY = 20;
const MAX_DELAY = 2000;
/** Until a client finds out that it is on another link, when nobody has told it. */
const MAX_RENEWAL = 5000;
const FIRST_HOST = 8;
const PER_NODE = 4;

export class Leases {
  readonly #plan: Plan;
  readonly #queue: EventQueue;
  readonly #random: Random;

  constructor(plan: Plan, queue: EventQueue, random: Random) {
    this.#plan = plan;
    this.#queue = queue;
    this.#random = random;
  }

  /**
   * The port's link has changed. Without carrier some systems take the address away at once, others
   * keep it until a server of the next link has answered.
   */
  linkChanged(node: SimNode, port: Port): void {
    if (!this.#serves(node)) return;
    if (port.segment !== undefined) this.#renew(node, port, MAX_DELAY);
    else if (this.#random.next() < 0.5) port.lease = undefined;
  }

  /** It is on another link, and the link layer has not said so. */
  movedSilently(node: SimNode, port: Port): void {
    if (this.#serves(node)) this.#renew(node, port, MAX_RENEWAL);
  }

  #serves(node: SimNode): boolean {
    return this.#plan.coLocated !== "no" && node.role === "mobile-node";
  }

  #renew(node: SimNode, port: Port, within: number): void {
    this.#queue.after(uniform(this.#random, LEAST_DELAY, within), () => {
      const lease = this.#on(port, Number(node.name.slice(2)) - 1, node.ports.indexOf(port));
      if (port.segment === undefined || lease?.segment === port.lease?.segment) return;
      port.lease = lease;
      node.linkEvent(port);
    });
  }

  /** At home nobody gives any out. */
  #on({ segment }: Port, node: number, port: number): Lease | undefined {
    const gateway = segment === undefined ? undefined : gatewayOf(this.#plan, segment);
    if (segment === undefined || gateway === undefined) return undefined;
    const address = toIpv4(gateway + FIRST_HOST + PER_NODE * node + port);
    return { segment, prefix: { address, length: 26 }, gateway };
  }
}

function gatewayOf(plan: Plan, segment: string): Ipv4 | undefined {
  if (segment === BARE_LINK) return careOfAddress(plan.foreignAgents);
  for (let index = 0; index < plan.foreignAgents; index++) {
    if (foreignLink(plan, index) === segment) return careOfAddress(index);
  }
  return undefined;
}
