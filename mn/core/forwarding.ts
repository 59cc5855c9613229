/** What the mobile node declares to be forwarded; the same object while nothing changes. */

import { UNSPECIFIED } from "../../shared/base/address.ts";
import {
  type ForwardingItem,
  type ForwardingState,
  NO_FORWARDING,
} from "../../shared/forwarding/state.ts";
import type { Agent } from "./agents.ts";
import type { MnCoreConfig } from "./config.ts";
import type { Via } from "./handover/fast-handover.ts";
import { homeRouter } from "./home.ts";

export interface ForwardingInputs {
  readonly config: MnCoreConfig;
  /** The interfaces that are up. */
  readonly interfaces: readonly string[];
  readonly attachment: "home" | "foreign-agent" | undefined;
  readonly agent: Agent | undefined;
  /** The registration that holds is through that agent. */
  readonly registeredHere: boolean;
  /** A router that takes packets before there is a registration through it (RFC 4988 §4.2). */
  readonly via?: Via | undefined;
}

/**
 * The home address once there is one; on each interface that is up one of: at home there, visiting there,
 * or listening. Without a registration a foreign agent is no router yet (RFC 5944 §4.2.1), so an
 * interface is `visiting` from the acceptance on until the agent or the link is lost.
 */
export function forwardingItems(inputs: ForwardingInputs): Map<string, ForwardingItem> {
  const { config, attachment, agent, via } = inputs;
  const { homeAddress } = config;
  const items = new Map<string, ForwardingItem>();
  if (homeAddress !== UNSPECIFIED) {
    items.set("home-address", { kind: "home-address", address: homeAddress });
  }
  for (const name of inputs.interfaces) {
    const here = agent?.interface === name ? agent : undefined;
    if (here !== undefined && attachment === "home") {
      items.set(`at-home/${name}`, {
        kind: "at-home",
        interface: name,
        homeAddress,
        homePrefix: config.homePrefix,
        router: homeRouter(here, config),
      });
    } else if (here !== undefined && inputs.registeredHere) {
      items.set(`visiting/${name}`, {
        kind: "visiting",
        interface: name,
        homeAddress,
        router: here.address,
        routerMac: here.mac,
      });
    } else if (via?.interface === name) {
      items.set(`visiting/${name}`, { kind: "visiting", homeAddress, ...via });
    } else {
      items.set(`listening/${name}`, { kind: "listening", interface: name });
    }
  }
  return items;
}

/** Keeps the last state as long as the items are equal. */
export class ForwardingView {
  #state: ForwardingState = NO_FORWARDING;
  #text = "";

  get state(): ForwardingState {
    return this.#state;
  }

  update(inputs: ForwardingInputs): void {
    const items = forwardingItems(inputs);
    const text = JSON.stringify([...items]);
    if (text === this.#text) return;
    this.#text = text;
    this.#state = items;
  }
}
