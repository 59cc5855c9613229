/** What must hold of fast handovers at every step (RFC 4988 §7). */

import { formatIpv4, type Ipv4 } from "../../shared/base/address.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Effect, Event } from "../../shared/protocol/core.ts";
import {
  AddressCode,
  addressIn,
  fastHandoverMessage,
} from "../../shared/protocol/fast-handover.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import type { SimNode } from "./node.ts";
import { BOUNDS, careOfAddress, HANDOVER_LIFETIME } from "./topology.ts";
import { itemsOf } from "./traffic.ts";

interface Mobile {
  readonly node: () => SimNode | undefined;
  readonly home: Ipv4;
}

/** Milliseconds that an agent may keep packets after the last message about their node. */
const LONGEST_HOLD = HANDOVER_LIFETIME * 1000 + 1000;

export class HandoverRules {
  /** Guests so far. */
  announced = 0;
  readonly #mobiles: readonly Mobile[];
  readonly #agents = new Map<Ipv4, SimNode>();
  /** When an agent began to keep what is for an address, or was last told to do so. */
  readonly #heldSince = new Map<string, number>();

  constructor(mobiles: readonly Mobile[]) {
    this.#mobiles = mobiles;
  }

  booted(node: SimNode): void {
    if (node.role !== "foreign-agent") return;
    this.#agents.set(careOfAddress(Number(node.name.slice(2)) - 1), node);
    for (const key of this.#heldSince.keys()) {
      if (key.startsWith(`${node.name} `)) this.#heldSince.delete(key);
    }
  }

  /** What an agent does wrong, a clause behind its name. */
  handled(
    node: SimNode,
    event: Event,
    effects: readonly Effect[],
    { monotonic }: Now,
  ): string | undefined {
    const about = addressAbout(event);
    for (const effect of effects) {
      const isStart = effect.type === "report" && effect.event === "handover-started";
      if (isStart && effect.fields.role === "next") this.announced++;
    }
    const items = itemsOf(node, "handover");
    if (items.length > 2 * BOUNDS.handovers) return "has too many handovers";
    for (const { home } of this.#mobiles) {
      const key = `${node.name} ${home}`;
      const item = items.find(({ address }) => address === home);
      if (item?.hold !== true) {
        this.#heldSince.delete(key);
      } else {
        const known = about === home ? undefined : this.#heldSince.get(key);
        const since = known ?? monotonic;
        this.#heldSince.set(key, since);
        if (monotonic - since > LONGEST_HOLD)
          return `keeps packets of ${formatIpv4(home)} for ever`;
      }
      if (this.#goesRound(home)) return `sends packets of ${formatIpv4(home)} round in a circle`;
    }
    return this.#wrongGuest(node);
  }

  #goesRound(home: Ipv4): boolean {
    for (const first of this.#agents.values()) {
      const seen = new Set<SimNode>();
      let agent: SimNode | undefined = first;
      while (agent !== undefined) {
        if (seen.has(agent)) return true;
        seen.add(agent);
        agent = this.#sentTo(agent, home);
      }
    }
    return false;
  }

  #sentTo(agent: SimNode, home: Ipv4): SimNode | undefined {
    const item = itemsOf(agent, "handover").find(({ address }) => address === home);
    if (item?.hold !== false || item.tunnel === undefined) return undefined;
    return this.#agents.get(item.tunnel.remote);
  }

  /** Nobody gets what is for somebody else. */
  #wrongGuest(node: SimNode): string | undefined {
    for (const { homeAddress, mac } of itemsOf(node, "visitor")) {
      const owner = this.#mobiles.find(({ home }) => home === homeAddress)?.node();
      if (owner === undefined) continue;
      if (!owner.ports.some((port) => port.mac === mac)) {
        return `delivers what is for ${owner.name} to ${mac}`;
      }
    }
    return undefined;
  }
}

/** Whose handover an HI or an update is about. */
function addressAbout(event: Event): Ipv4 | undefined {
  if (event.type === "icmp") {
    const message = fastHandoverMessage(event.payload);
    return message?.name === "hi" ? addressIn(message.extensions, AddressCode.previous) : undefined;
  }
  if (event.type !== "udp") return undefined;
  const decoded = decodeControl(event.payload);
  if (!decoded.ok || decoded.value.message.name !== "fast-binding-update") return undefined;
  return decoded.value.message.homeAddress;
}
