/** What the mobile node declares to be forwarded; the same object while nothing changes. */

import { formatPrefix, UNSPECIFIED } from "../../shared/base/address.ts";
import {
  type ForwardingItem,
  type ForwardingState,
  NO_FORWARDING,
} from "../../shared/forwarding/state.ts";
import { MOBILE_IP_PORT, RequestFlag } from "../../shared/wire/control.ts";
import type { Agent } from "./agents.ts";
import { type Attachment, interfaceOf } from "./attachment.ts";
import { type MnCoreConfig, rankOf } from "./config.ts";
import type { Via } from "./handover/fast-handover.ts";
import { homeRouter } from "./home.ts";
import type { GrantedNetwork } from "./mobile-networks.ts";
import { networkItems } from "./network-forwarding.ts";
import type { Registered } from "./registration.ts";
import { encapsulationOf } from "./status.ts";

export interface ForwardingInputs {
  readonly config: MnCoreConfig;
  /** The interfaces that are up. */
  readonly interfaces: readonly {
    readonly name: string;
    /** It has an address by which it takes part in its link like any host. */
    readonly isHost: boolean;
  }[];
  /** The home agent heard, when the node is at home. */
  readonly home: Agent | undefined;
  readonly registered: Registered | undefined;
  /** What the registration is for, while it is there. */
  readonly serving: Attachment | undefined;
  /** A router that takes packets before there is a registration through it (RFC 4988 §4.2). */
  readonly via?: Via | undefined;
  readonly granted: readonly GrantedNetwork[];
}

/**
 * The home address once there is one; on each interface that is up one of: at home there, visiting there,
 * co-located there, or listening. Without a registration a foreign agent is no router yet
 * (RFC 5944 §4.2.1), so an interface serves from the acceptance on; it goes on until another one
 * is accepted, or until agent, address or link is lost.
 */
export function forwardingItems(inputs: ForwardingInputs): Map<string, ForwardingItem> {
  const items = new Map<string, ForwardingItem>();
  const { homeAddress } = inputs.config;
  if (homeAddress !== UNSPECIFIED) {
    items.set("home-address", { kind: "home-address", address: homeAddress });
  }
  for (const { name, isHost } of inputs.interfaces) {
    const item = homeItem(name, inputs) ?? servingItem(name, inputs);
    const listening = {
      kind: "listening",
      interface: name,
      ...(isHost ? { isHost } : {}),
    } as const;
    const { kind } = item ?? listening;
    items.set(`${kind}/${name}`, item ?? listening);
  }
  for (const item of networkItems(inputs, [...items.values()])) {
    const name = item.prefix === undefined ? item.interface : formatPrefix(item.prefix);
    items.set(`moving-network/${name}`, item);
  }
  return items;
}

function homeItem(name: string, { config, home }: ForwardingInputs): ForwardingItem | undefined {
  if (home?.interface !== name) return undefined;
  const { homeAddress, homePrefix } = config;
  const router = homeRouter(home, config);
  return { kind: "at-home", interface: name, homeAddress, homePrefix, router };
}

function servingItem(name: string, inputs: ForwardingInputs): ForwardingItem | undefined {
  const { config, home, serving, registered, via } = inputs;
  const { homeAddress } = config;
  if (via !== undefined && home === undefined) {
    return via.interface === name ? { kind: "visiting", homeAddress, ...via } : undefined;
  }
  if (serving === undefined || registered === undefined || home !== undefined) return undefined;
  if (interfaceOf(serving) !== name) return undefined;
  if (serving.kind !== "co-located") {
    const { address: router, mac: routerMac } = serving.agent;
    return { kind: "visiting", interface: name, homeAddress, router, routerMac };
  }
  const { careOfAddress, gateway } = serving.path;
  const { flags, homeAgent } = registered.operation;
  return {
    kind: "co-located",
    encapsulation: encapsulationOf(flags),
    homeAddress,
    homeAgent,
    path: { interface: name, number: rankOf(config, name) + 1, careOfAddress, gateway },
    reverse: (flags & RequestFlag.T) !== 0,
    ...(registered.udp === undefined ? {} : { udpPort: MOBILE_IP_PORT, ...registered.udp }),
  };
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
