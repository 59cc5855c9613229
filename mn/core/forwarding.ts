/** What the mobile node declares to be forwarded; the same object while nothing changes. */

import { formatPrefix, type Ipv4, networkOf, UNSPECIFIED } from "../../shared/base/address.ts";
import { after, type Instant } from "../../shared/base/time.ts";
import {
  type AtHomeItem,
  type CoLocatedItem,
  type ForwardingItem,
  type ForwardingState,
  NO_FORWARDING,
  type NodeGroups,
  type OutgoingItem,
  type VisitingItem,
} from "../../shared/forwarding/state.ts";
import { MOBILE_IP_PORT, RequestFlag } from "../../shared/wire/control.ts";
import { type MnCoreConfig, rankOf } from "./config.ts";
import type { FastHandover } from "./handover/fast-handover.ts";
import type { Via } from "./handover/target.ts";
import type { Agent } from "./movement/agents.ts";
import { type Attachment, interfaceOf, isFor } from "./movement/attachment.ts";
import type { CoLocatedPath } from "./movement/co-located.ts";
import { homeRouter } from "./movement/home.ts";
import type { Whereabouts } from "./movement/whereabouts.ts";
import { networkItems } from "./network-forwarding.ts";
import type { GrantedNetwork } from "./registration/mobile-networks.ts";
import type { Registered, Registration } from "./registration/registration.ts";
import type { Operation } from "./registration/request.ts";
import { encapsulationOf } from "./status.ts";

export interface ForwardingInputs {
  readonly config: MnCoreConfig;
  /** Those that are there. */
  readonly interfaces: readonly {
    readonly name: string;
    readonly isUp: boolean;
    /** It has an address by which it takes part in its link like any host. */
    readonly isHost: boolean;
  }[];
  /** The home agent heard, when the node is at home. */
  readonly home: Agent | undefined;
  readonly registered: Registered | undefined;
  /** What the registration is for, while it is there. */
  readonly serving: Attachment | undefined;
  /** A registration that has been asked for, by an address that does not serve yet. */
  readonly attempt: { readonly path: CoLocatedPath; readonly operation: Operation } | undefined;
  /** A router that takes packets before there is a registration through it (RFC 4988 §4.2). */
  readonly via?: Via | undefined;
  /** The link is about to be changed. */
  readonly isLeaving?: boolean;
  readonly granted: readonly GrantedNetwork[];
}

/**
 * The home address once there is one; on each interface one of: at home there, visiting there,
 * co-located there, or listening, also while its link is down: who comes to another one is ready for what waits there. Without a registration a foreign agent is no router yet
 * (RFC 5944 §4.2.1), so an interface serves from the acceptance on; it goes on until another one
 * is accepted, or until agent, address or link is lost.
 */
function forwardingItems(inputs: ForwardingInputs): Map<string, ForwardingItem> {
  const items = new Map<string, ForwardingItem>();
  const { homeAddress } = inputs.config;
  if (homeAddress !== UNSPECIFIED) {
    items.set("home-address", { kind: "home-address", address: homeAddress });
  }
  for (const { name, isUp, isHost } of inputs.interfaces) {
    const item = isUp ? (homeItem(name, inputs) ?? servingItem(name, inputs)) : undefined;
    const listening = {
      kind: "listening",
      interface: name,
      ...(isHost ? { isHost } : {}),
    } as const;
    const { kind } = item ?? listening;
    const { policy } = inputs.config;
    const attached = item === undefined || policy === undefined ? item : { ...item, policy };
    items.set(`${kind}/${name}`, attached ?? listening);
  }
  const outgoing = outgoingItem(inputs, [...items.values()]);
  if (outgoing !== undefined) items.set("outgoing", outgoing);
  for (const item of awaitedItems(inputs)) {
    const form = item.udpPort === undefined ? "awaited" : "awaited-udp";
    items.set(`${form}/${item.path.interface}`, item);
  }
  return items;
}

type AttachedItem = AtHomeItem | VisitingItem | CoLocatedItem;

/** With fast handovers the node's own packets wait as well, until there is a link for them. */
function outgoingItem(
  { config, registered }: ForwardingInputs,
  items: readonly ForwardingItem[],
): OutgoingItem | undefined {
  const { homeAddress: address, fastHandover } = config;
  if (fastHandover === undefined || registered === undefined) return undefined;
  const hold = items.every(
    (item) =>
      item.kind === "home-address" ||
      item.kind === "listening" ||
      (item.kind === "co-located" && item.isPassive === true),
  );
  const { limits } = fastHandover;
  return { kind: "outgoing", address, hold, limits, router: routerOf(items) };
}

/** The agent that takes the node's packets as they are. */
function routerOf(items: readonly ForwardingItem[]): OutgoingItem["router"] {
  for (const item of items) {
    if (item.kind !== "visiting" || item.delivery !== undefined) continue;
    return { interface: item.interface, mac: item.routerMac };
  }
  return undefined;
}

function homeItem(name: string, { config, home }: ForwardingInputs): AttachedItem | undefined {
  if (home?.interface !== name) return undefined;
  const { homeAddress, homePrefix } = config;
  const router = homeRouter(home, config);
  return { kind: "at-home", interface: name, homeAddress, homePrefix, router };
}

function servingItem(name: string, inputs: ForwardingInputs): AttachedItem | undefined {
  const { config, home, serving, registered, via, isLeaving } = inputs;
  const { homeAddress } = config;
  if (via !== undefined && home === undefined) {
    const { bound, ...router } = via;
    if (via.interface !== name) return undefined;
    if (bound === undefined) return { kind: "visiting", homeAddress, ...router };
    return registered && detourItem(bound, router, registered, config);
  }
  if (serving === undefined || registered === undefined || home !== undefined) return undefined;
  if (interfaceOf(serving) !== name) return undefined;
  if (serving.kind !== "co-located") {
    // From here on it sends nothing that the link may not take any more.
    if (isLeaving === true) return undefined;
    const { address, mac: routerMac } = serving.agent;
    const { operation, answeredBy } = registered;
    const groups = groupsOf(operation, config, operation.encapsulating);
    const visiting = {
      ...({ kind: "visiting", interface: name, homeAddress, routerMac } as const),
      ...(groups === undefined ? {} : { groups: { ...groups, homeAgent: operation.homeAgent } }),
    };
    if (!operation.encapsulating) return { ...visiting, router: address };
    return { ...visiting, router: answeredBy, delivery: "encapsulating" };
  }
  const { probing } = config;
  const { udp } = registered;
  const item = {
    ...coLocatedItem(serving.path, registered.operation, config),
    ...(udp === undefined ? {} : { udpPort: MOBILE_IP_PORT, ...udp }),
  };
  // What is on its way to here is still taken.
  if (isLeaving === true) return { ...item, isPassive: true };
  return { ...item, ...(probing === undefined ? {} : { probing }) };
}

/** RFC 4988 §4.2: the co-located address of the link before goes on being the tunnel's end. */
function detourItem(
  careOfAddress: Ipv4,
  { interface: name, router: gateway, routerMac: gatewayMac }: Omit<Via, "bound">,
  { operation, udp }: Registered,
  config: MnCoreConfig,
): CoLocatedItem {
  const item = coLocatedItem({ interface: name, careOfAddress, gateway }, operation, config);
  return {
    ...item,
    path: { ...item.path, gatewayMac },
    ...(udp === undefined ? {} : { udpPort: MOBILE_IP_PORT, ...udp }),
  };
}

/** RFC 5944 §4.3, §4.4: broadcasts were asked for; groups are joined where IGMP goes by the tunnel. */
function groupsOf(
  { flags }: Operation,
  { homePrefix }: MnCoreConfig,
  joins: boolean,
): NodeGroups | undefined {
  const broadcasts = (flags & RequestFlag.B) === 0 ? undefined : networkOf(homePrefix);
  return broadcasts === undefined && !joins ? undefined : { broadcasts, joins };
}

function coLocatedItem(
  {
    interface: name,
    careOfAddress,
    gateway,
  }: Pick<CoLocatedPath, "interface" | "careOfAddress" | "gateway">,
  operation: Operation,
  config: MnCoreConfig,
): CoLocatedItem {
  const { homeAddress } = config;
  const { flags, homeAgent } = operation;
  const reverse = (flags & RequestFlag.T) !== 0;
  const groups = groupsOf(operation, config, reverse);
  return {
    kind: "co-located",
    encapsulation: encapsulationOf(flags),
    homeAddress,
    homeAgent,
    path: { interface: name, number: rankOf(config, name) + 1, careOfAddress, gateway },
    reverse,
    ...(groups === undefined ? {} : { groups }),
  };
}

/**
 * What the home agent sends from its acceptance on may be here before the reply, which says whether
 * it comes in UDP.
 */
function awaitedItems({ config, home, attempt }: ForwardingInputs): CoLocatedItem[] {
  if (attempt === undefined || home !== undefined) return [];
  const { path, operation } = attempt;
  const plain = { ...coLocatedItem(path, operation, config), isPassive: true };
  return operation.udp === undefined ? [plain] : [plain, { ...plain, udpPort: MOBILE_IP_PORT }];
}

function attemptOf(
  attachment: Attachment | undefined,
  { registered, pending }: Registration,
): ForwardingInputs["attempt"] {
  if (attachment?.kind !== "co-located" || pending?.operation.action !== "register") return;
  const { path } = attachment;
  const isServing = registered?.operation.careOfAddress === path.careOfAddress;
  return isServing ? undefined : { path, operation: pending.operation };
}

/** Milliseconds for which what is still on its way by the former way is taken. */
const FORMER_MS = 3000;

/**
 * Keeps the last state as long as the items are equal. A co-located way that another one has
 * replaced is kept a while, for what the home agent sent before.
 */
export class ForwardingView {
  #state: ForwardingState = NO_FORWARDING;
  #text = "";
  #former: { readonly item: CoLocatedItem; readonly until: Instant } | undefined;

  get state(): ForwardingState {
    return this.#state;
  }

  /**
   * Is another state to be in force before the first request goes? Coming home and leaving it
   * (RFC 5944 §4.6), and where an interface has just got an address: without ARP for it the
   * gateway is not found.
   */
  comesFirst(from: Attachment | undefined, to: Attachment | undefined): boolean {
    if (to === undefined) return false;
    if (to.kind === "home" || from?.kind === "home") return true;
    return to.kind === "co-located" && !this.#isHost(to.path.interface);
  }

  #isHost(name: string): boolean {
    const item = this.#state.get(`listening/${name}`);
    const listensAsHost = item?.kind === "listening" && item.isHost === true;
    return listensAsHost || this.#state.has(`co-located/${name}`);
  }

  nextDeadline(): Instant | undefined {
    return this.#former?.until;
  }

  update(
    config: MnCoreConfig,
    where: Whereabouts,
    registration: Registration,
    { via, isLeaving }: Pick<FastHandover, "via" | "isLeaving">,
    now: Instant,
  ): void {
    const { attachment } = where;
    const { registered } = registration;
    const isHere = attachment !== undefined && isFor(registered, attachment);
    const inputs = {
      config,
      interfaces: where.interfaces(),
      home: attachment?.kind === "home" ? attachment.agent : undefined,
      registered,
      serving: where.serving(registered),
      isLeaving,
      via: isHere ? undefined : via,
      attempt: attemptOf(attachment, registration),
      granted: registration.networks.granted,
    };
    const items = forwardingItems(inputs);
    this.#keepFormer(items, inputs, now);
    for (const item of networkItems(inputs, [...items.values()])) {
      const name = item.prefix === undefined ? item.interface : formatPrefix(item.prefix);
      items.set(`moving-network/${name}`, item);
    }
    for (const [key, item] of where.addresses.items()) items.set(key, item);
    const text = JSON.stringify([...items]);
    if (text === this.#text) return;
    this.#text = text;
    this.#state = items;
  }

  #keepFormer(
    items: Map<string, ForwardingItem>,
    { serving, home }: ForwardingInputs,
    now: Instant,
  ): void {
    if (this.#former !== undefined && now >= this.#former.until) this.#former = undefined;
    const isReplaced = serving !== undefined || home !== undefined;
    for (const [key, item] of this.#state) {
      if (item.kind !== "co-located" || item.isPassive === true || !isReplaced) continue;
      const next = items.get(key);
      const isStill =
        next?.kind === "co-located" && next.path.careOfAddress === item.path.careOfAddress;
      if (!isStill) this.#former = { item, until: after(now, FORMER_MS) };
    }
    const former = this.#former?.item;
    if (former === undefined) return;
    const { probing: _, ...taken } = former;
    items.set(`former/${former.path.interface}`, { ...taken, isPassive: true });
  }
}
