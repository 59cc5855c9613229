/**
 * Would a packet get through? Follows the declared forwarding of all nodes between a correspondent
 * somewhere in the Internet and a mobile node, both ways.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import type {
  BindingItem,
  CoLocatedItem,
  ForwardingItem,
  ForwardingState,
  VisitorItem,
} from "../../shared/forwarding/state.ts";
import { isReachedAt, type Network, type Port, reachableAt } from "./network.ts";
import type { SimNode } from "./node.ts";
import { HOME_AGENT, HOME_LINK } from "./topology.ts";

export interface Cast {
  readonly network: Network;
  readonly homeAgent: SimNode;
  readonly foreignAgents: readonly SimNode[];
  readonly mobileNodes: readonly SimNode[];
}

/** A state never changes, and most events bring no other: each is read once. */
const READ = new WeakMap<ForwardingState, readonly (readonly [string, ForwardingItem])[]>();

/** What a node forwards, with its keys. */
export function entriesOf(node: SimNode): readonly (readonly [string, ForwardingItem])[] {
  const state = node.core?.forwarding();
  if (state === undefined) return [];
  const known = READ.get(state) ?? [...state];
  READ.set(state, known);
  return known;
}

export function itemsOf<K extends ForwardingItem["kind"]>(
  node: SimNode,
  kind: K,
): Extract<ForwardingItem, { kind: K }>[] {
  const items = entriesOf(node).map(([, item]) => item);
  return items.filter((item): item is Extract<ForwardingItem, { kind: K }> => item.kind === kind);
}

/** A visitor by the home agent's own tunnel, not a guest that another agent has announced. */
export function visitorOf(agent: SimNode, home: Ipv4): VisitorItem | undefined {
  return itemsOf(agent, "visitor").find(
    (item) => item.homeAddress === home && item.homeAgent === HOME_AGENT,
  );
}

export function bindingsOf({ homeAgent }: Cast, home: Ipv4): BindingItem[] {
  return itemsOf(homeAgent, "binding").filter((item) => item.homeAddress === home);
}

/** The far end of a tunnel: the agent and its entry, if the entry fits the binding. */
function tunnelEnd(cast: Cast, binding: BindingItem): [SimNode, VisitorItem] | string {
  const agent = cast.network.routes.get(binding.careOfAddress);
  const node = cast.foreignAgents.find((candidate) => candidate === agent);
  if (node === undefined) return "the tunnel ends nowhere";
  const handover = itemsOf(node, "handover").find((item) => item.address === binding.homeAddress);
  if (handover?.hold === true) return `${node.name} keeps its packets`;
  if (handover?.tunnel !== undefined) return `${node.name} sends its packets on`;
  const visitor = visitorOf(node, binding.homeAddress);
  if (visitor === undefined) return `${node.name} has no visitor entry`;
  if (visitor.homeAgent !== binding.homeAgent || visitor.encapsulation !== binding.encapsulation) {
    return `${node.name} expects another tunnel`;
  }
  return [node, visitor];
}

/** The way by an address of the node's own that it sends by. */
function coLocatedOf(mobile: SimNode): CoLocatedItem | undefined {
  return itemsOf(mobile, "co-located").find(({ isPassive }) => isPassive !== true);
}

/** The tunnel ends at the node itself. */
function faultAtOwnEnd(cast: Cast, mobile: SimNode, binding: BindingItem): string | undefined {
  const { careOfAddress, homeAgent, encapsulation } = binding;
  for (const agent of cast.foreignAgents) {
    const items = itemsOf(agent, "handover");
    if (items.some(({ address }) => address === careOfAddress)) return `${agent.name} keeps it`;
  }
  const item = coLocatedOf(mobile);
  if (item?.path.careOfAddress !== careOfAddress) return "the node ends another tunnel";
  const isSame = item.homeAgent === homeAgent && item.encapsulation === encapsulation;
  return isSame ? undefined : "the node expects another tunnel";
}

const portOf = (node: SimNode, name: string): Port | undefined =>
  node.ports.find((port) => port.interface === name);

/** Why a packet to the home address does not arrive; `undefined` when it does. */
export function faultTowards(cast: Cast, mobile: SimNode, home: Ipv4): string | undefined {
  if (itemsOf(mobile, "home-address").length === 0) return "the node does not own its home address";
  const bindings = bindingsOf(cast, home);
  const [binding] = bindings;
  if (binding === undefined) {
    const atHome = itemsOf(mobile, "at-home").some(
      (item) => portOf(mobile, item.interface)?.segment === HOME_LINK,
    );
    return atHome ? undefined : "no binding, and the node is not at home";
  }
  if (bindings.length > 1) return "more than one binding";
  const own = mobile.ports.find((port) => isReachedAt(port, binding.careOfAddress));
  if (own !== undefined) return faultAtOwnEnd(cast, mobile, binding);
  const end = tunnelEnd(cast, binding);
  if (typeof end === "string") return end;
  const [agent, visitor] = end;
  const segment = portOf(agent, visitor.interface)?.segment;
  const receiver = cast.network.find(segment, visitor.mac);
  return receiver?.station === mobile ? undefined : `${agent.name} delivers to a node that is gone`;
}

/** Why what the node sends does not arrive; `undefined` when it does. */
export function faultFrom(cast: Cast, mobile: SimNode, home: Ipv4): string | undefined {
  if (itemsOf(mobile, "outgoing").some(({ hold }) => hold)) return "the node keeps what it sends";
  const bindings = bindingsOf(cast, home);
  if (itemsOf(mobile, "at-home").length > 0) {
    return bindings.length === 0 ? undefined : "at home with a binding";
  }
  const own = coLocatedOf(mobile);
  if (own !== undefined) return faultFromOwnEnd(own, mobile, bindings);
  for (const visiting of itemsOf(mobile, "visiting")) {
    const segment = portOf(mobile, visiting.interface)?.segment;
    const router = cast.network.find(segment, visiting.routerMac)?.station;
    const agent = cast.foreignAgents.find((candidate) => candidate === router);
    if (agent === undefined) return "the default router is not on the link";
    const visitor = visitorOf(agent, home);
    if (visitor === undefined) return `${agent.name} does not know the node`;
    if (!visitor.reverse) return undefined;
    const accepted = bindings.some(
      (binding) => binding.reverse && binding.careOfAddress === visitor.careOfAddress,
    );
    return accepted ? undefined : "the home agent refuses the reverse tunnel";
  }
  return "the node has no default router";
}

function faultFromOwnEnd(
  { path, reverse }: CoLocatedItem,
  mobile: SimNode,
  bindings: readonly BindingItem[],
): string | undefined {
  const { careOfAddress, gateway, interface: name } = path;
  const port = portOf(mobile, name);
  const found = port && reachableAt(port).find(({ prefix }) => prefix.address === careOfAddress);
  if (found === undefined) return "its address is of no use";
  if (gateway !== found.gateway) return "it takes somebody else for its gateway";
  if (!reverse) return undefined;
  const accepted = bindings.some((each) => each.reverse && each.careOfAddress === careOfAddress);
  return accepted ? undefined : "the home agent refuses the reverse tunnel";
}
