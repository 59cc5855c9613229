/** What must hold of fast handovers at every step (RFC 4988 §7). */

import { formatIpv4, type Ipv4, type Mac } from "../../shared/base/address.ts";
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

/** Whether the node with this interface has, or has had, an address; `undefined`: nobody can have it. */
type MayHave = (mac: Mac, address: Ipv4) => boolean | undefined;

/** Milliseconds that an agent may keep packets after the last message about their node. */
const LONGEST_HOLD = HANDOVER_LIFETIME * 1000 + 1000;

export class HandoverRules {
  /** Guests so far. */
  announced = 0;
  readonly #mayHave: MayHave;
  readonly #agents = new Map<Ipv4, SimNode>();
  /** When an agent began to keep what is for an address, or was last told to do so. */
  readonly #heldSince = new Map<SimNode, ReadonlyMap<Ipv4, number>>();

  constructor(mayHave: MayHave) {
    this.#mayHave = mayHave;
  }

  booted(node: SimNode): void {
    if (node.role !== "foreign-agent") return;
    this.#agents.set(careOfAddress(Number(node.name.slice(2)) - 1), node);
    this.#heldSince.delete(node);
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
    const before = this.#heldSince.get(node);
    const held = new Map<Ipv4, number>();
    for (const { address, hold } of items) {
      if (this.#goesRound(address)) {
        return `sends packets of ${formatIpv4(address)} round in a circle`;
      }
      if (!hold) continue;
      const since = (about === address ? undefined : before?.get(address)) ?? monotonic;
      if (monotonic - since > LONGEST_HOLD) {
        return `keeps packets of ${formatIpv4(address)} for ever`;
      }
      held.set(address, since);
    }
    this.#heldSince.set(node, held);
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
      if (this.#mayHave(mac, homeAddress) === false) {
        return `delivers what is for ${formatIpv4(homeAddress)} to ${mac}`;
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
