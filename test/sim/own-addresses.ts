/** What a node itself configures on its interfaces, as its kernel does it: a moment later. */

import { formatIpv4, prefixContains } from "../../shared/base/address.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import { isReachedAt, type Lease, type Network, type Port, reachableAt } from "./network.ts";
import type { SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import type { EventQueue } from "./queue.ts";
import { careOfAddress, foreignLink } from "./topology.ts";
import { itemsOf } from "./traffic.ts";

/** Milliseconds. */
const MAX_DELAY = 20;

export class OwnAddresses {
  readonly #plan: Plan;
  readonly #queue: EventQueue;
  readonly #network: Network;
  readonly #random: Random;
  readonly #fail: (what: string) => never;

  constructor(
    plan: Plan,
    queue: EventQueue,
    network: Network,
    random: Random,
    fail: (what: string) => never,
  ) {
    this.#plan = plan;
    this.#queue = queue;
    this.#network = network;
    this.#random = random;
    this.#fail = fail;
  }

  follow(node: SimNode): void {
    if (this.#plan.coLocatedHandovers === "no" || node.role !== "mobile-node") return;
    const items = itemsOf(node, "own-address");
    for (const port of node.ports) {
      const wanted = items.filter((item) => item.interface === port.interface);
      const own = wanted.flatMap(({ prefix }) => this.#lease(prefix) ?? []);
      if (JSON.stringify(own) === JSON.stringify(port.own ?? [])) continue;
      port.own = own;
      this.#onlyHere(node, port);
      this.#queue.after(uniform(this.#random, 0, MAX_DELAY), () => node.linkEvent(port));
    }
  }

  /** Nobody else has the same on the same link. */
  #onlyHere(node: SimNode, port: Port): void {
    for (const { prefix } of reachableAt(port)) {
      // A program that has crashed takes away nothing until it is started again.
      const other = this.#network.ports.find(
        (each) =>
          each !== port &&
          each.segment === port.segment &&
          isReachedAt(each, prefix.address) &&
          (each.station as Partial<SimNode>).core !== undefined,
      );
      if (other === undefined) continue;
      const address = formatIpv4(prefix.address);
      this.#fail(`${node.name} takes ${address}, which ${other.station.name} has`);
    }
  }

  #lease(prefix: Lease["prefix"]): Lease | undefined {
    for (let index = 0; index < this.#plan.foreignAgents; index++) {
      const gateway = careOfAddress(index);
      if (!prefixContains({ address: gateway, length: 26 }, prefix.address)) continue;
      return { segment: foreignLink(this.#plan, index), prefix, gateway };
    }
    return undefined;
  }
}
