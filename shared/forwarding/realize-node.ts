/** What a mobile node's items mean in kernel objects. */

import {
  BROADCAST,
  directedBroadcast,
  type Ipv4,
  ipv4,
  networkOf,
  type Prefix,
} from "../base/address.ts";
import {
  type KernelObject,
  MAIN_TABLE,
  marksOf,
  type RouteObject,
  type RuleObject,
  uplinkTable,
  waitingTable,
} from "./kernel-objects.ts";
import { DEFAULT, host, type RealizeConfig, type Realized, setting } from "./realized.ts";
import {
  type AtHomeItem,
  type CoLocatedItem,
  formOf,
  type HomeAddressItem,
  type NodeGroups,
  type OutgoingItem,
  type RoutingPolicy,
  type TunnelForm,
  type VisitingItem,
} from "./state.ts";
import type { TunnelDevice } from "./tunnel-device.ts";
import type { TunnelEntry } from "./tunnel-table.ts";

/** A device at home must take part in ARP although a listening one must not. */
const AT_HOME_PRECEDENCE = 1;
/** A real default route holds before the one that keeps what has no way. */
const ATTACHED_PRECEDENCE = 1;
/** After the kernel's own rules for the tables main (32766) and default (32767). */
const LAST_RULE_PRIORITY = 32768;
/** So often the kernel asks for a neighbour: by broadcast, and the one that it knew by unicast. */
const SOLICITATIONS = ["mcast_solicit", "ucast_solicit"] as const;
/** The kernel's own. */
const USUAL_SOLICITATIONS = "3";

/**
 * The node owns its home address whatever link it is on, and no interface does. While there is no
 * way for them, packets from that address, and those that have no other route, end in the anchor:
 * a sender keeps trying, and nothing asks for the home router on a foreign link (RFC 5944 §4.6).
 */
export function realizeHomeAddress(
  { address }: HomeAddressItem,
  config: RealizeConfig,
): KernelObject[] {
  const { anchor: device, table } = marksOf(config.routeTable);
  return [
    { kind: "address", device, prefix: host(address) },
    { kind: "exclusive-address", address },
    { kind: "route", table, destination: DEFAULT, device, source: address, scope: "link" },
    connectedRule(config),
    { kind: "rule", priority: config.rulePriority + 1, table, from: address },
    { kind: "rule", priority: LAST_RULE_PRIORITY, table },
  ];
}

/**
 * RFC 5944 §4.6: away from home no answer about the home address and no ARP, not even for a neighbour
 * that was known at home and may be asked again where no carrier was lost; but where the
 * interface has an address of its own: for that it asks and answers (§4.6) as it must to be reached
 * there at all, never in the home address's name. The reverse path filter would drop advertisements
 * of a router that is not on the home network.
 */
export function realizeListening(device: string, isHost: boolean): KernelObject[] {
  const objects = [
    setting("conf/all/rp_filter", "0"),
    setting(`conf/${device}/rp_filter`, "0"),
    setting(`conf/${device}/arp_ignore`, "1"),
    setting(`conf/${device}/arp_announce`, "2"),
  ];
  if (isHost) return objects;
  return [...objects, ...SOLICITATIONS.map((name) => setting(`neigh/${device}/${name}`, "0"))];
}

/**
 * The kernel itself passes over a route whose link has lost its carrier, so what the node sends from then
 * on finds its way to where it waits before this program has heard of the loss.
 */
export function realizeOutgoing(
  { address, router }: OutgoingItem,
  { routeTable, rulePriority }: RealizeConfig,
): KernelObject[] {
  const { anchor: device } = marksOf(routeTable);
  const table = waitingTable(routeTable);
  const objects: KernelObject[] = [
    { kind: "route", table, destination: DEFAULT, device, source: address, scope: "link" },
    // Behind the way that its source decides, and before table main, whose way is another one.
    { kind: "rule", priority: rulePriority + 3, table, from: address },
  ];
  if (router === undefined) return objects;
  return [setting(`conf/${router.interface}/ignore_routes_with_linkdown`, "1"), ...objects];
}

/** What a node without a policy tunnels. */
const EVERYTHING: RoutingPolicy = { tunnel: [DEFAULT], exclude: [] };

/** What starts here: an agent on this machine forwards by rules of its own. */
const STARTS_HERE = "lo";

/** Connected networks come first, and whatever else the system has a route of its own for. */
function connectedRule({ rulePriority: priority }: RealizeConfig): RuleObject {
  return { kind: "rule", priority, table: MAIN_TABLE, iif: STARTS_HERE, suppressPrefixLength: 0 };
}

/**
 * Then what is from the home address or a care-of address (priority + 1), whose way is known; then
 * what table main is to route (+ 2), and at last what is for the table of the home address (+ 3).
 */
function nodeRules(config: RealizeConfig, policy: RoutingPolicy = EVERYTHING): RuleObject[] {
  const { rulePriority: priority, routeTable } = config;
  const rule = { kind: "rule", iif: STARTS_HERE } as const;
  const excluded = { ...rule, priority: priority + 2, table: MAIN_TABLE } as const;
  const tunnelled = { ...rule, priority: priority + 3, table: routeTable } as const;
  return [
    connectedRule(config),
    ...policy.exclude.map((to) => ({ ...excluded, to })),
    ...policy.tunnel.map((to) => (to.length === 0 ? tunnelled : { ...tunnelled, to })),
  ];
}

/**
 * What is from the care-of address, the tunnel's outer packets above all, leaves by its own uplink,
 * whatever default route the system prefers; everything else goes through the tunnel or, without
 * a reverse tunnel, by the same gateway with the home address as its source.
 */
export function realizeCoLocated(
  item: CoLocatedItem,
  config: RealizeConfig,
  carrier: TunnelDevice | undefined,
): Realized {
  const { homeAddress: address, path } = item;
  const { interface: device, careOfAddress: from, gateway, gatewayMac: mac } = path;
  const { routeTable, rulePriority } = config;
  const table = uplinkTable(routeTable, path.number);
  const objects: KernelObject[] = [
    ...realizeListening(device, true),
    defaultBy(table, device, gateway),
    { kind: "rule", priority: rulePriority + 1, table, from, iif: STARTS_HERE },
  ];
  if (mac !== undefined && gateway !== undefined) {
    objects.push({ kind: "neighbor", device, address: gateway, mac });
  }
  const end = { ...formOf(item), local: from, remote: item.homeAgent, address };
  const back = { ...end, direction: "in", match: "destination" } as const;
  const tunnels: TunnelEntry[] = [carrier === undefined ? back : { ...back, byDevice: true }];
  if (carrier !== undefined)
    objects.push({ kind: "passage", set: "passages", device: carrier.name, address });
  addGroups(end, item.groups, config, { objects, tunnels });
  if (item.isPassive === true) return { objects, tunnels, deliveries: [] };
  objects.push(...nodeRules(config, item.policy));
  if (item.reverse) {
    tunnels.push({ ...end, direction: "out", match: "source" });
    if (carrier !== undefined) {
      objects.push({ ...defaultBy(routeTable, carrier.name, undefined), source: address });
    }
  } else objects.push({ ...defaultBy(routeTable, device, gateway), source: address });
  return { objects, tunnels, deliveries: [] };
}

function defaultBy(table: number, device: string, gateway: Ipv4 | undefined): RouteObject {
  if (gateway !== undefined) return defaultVia(table, device, gateway);
  const route = { kind: "route", table, destination: DEFAULT, device } as const;
  return { ...route, scope: "link", precedence: ATTACHED_PRECEDENCE };
}

/**
 * RFC 5944 §4.2.1: the foreign agent is the default router, whatever network it is on. Encapsulating
 * delivery puts a header from the home address to the agent around everything, groups and broadcasts
 * too (RFC 3024 §5.2.2, §5.3): then it all goes by the anchor.
 */
export function realizeVisiting(item: VisitingItem, config: RealizeConfig): Realized {
  const { interface: device, router, homeAddress: source } = item;
  const table = config.routeTable;
  const objects: KernelObject[] = [
    ...realizeListening(device, false),
    { kind: "neighbor", device, address: router, mac: item.routerMac },
    { kind: "route", table, destination: host(router), device, source, scope: "link" },
    ...nodeRules(config, item.policy),
  ];
  const tunnels: TunnelEntry[] = [];
  const end = { encapsulation: "ipip", local: source, address: source } as const;
  if (item.groups !== undefined) {
    // RFC 5944 §3.6.1.2: what the agent has taken out of its tunnel has another header, to the node.
    const nested = { ...end, remote: item.groups.homeAgent };
    addGroups(nested, item.groups, config, { objects, tunnels });
  }
  if (item.delivery === undefined) {
    objects.push({ ...defaultVia(table, device, router), source });
  } else {
    tunnels.push({ ...end, remote: router, direction: "out", match: "source" });
  }
  return { objects, tunnels, deliveries: [] };
}

const ALL_GROUPS = { address: ipv4("224.0.0.0"), length: 4 };

/**
 * Datagrams for groups, and for all of the home link if it has asked for them, come by the tunnel, too
 * (RFC 5944 §4.3, §4.4). The kernel takes a broadcast of the home network for one on the anchor because
 * of the address with that prefix there; no route comes with it.
 */
function addGroups(
  end: TunnelForm & Pick<TunnelEntry, "local" | "remote" | "address">,
  groups: NodeGroups | undefined,
  config: RealizeConfig,
  realized: { readonly objects: KernelObject[]; readonly tunnels: TunnelEntry[] },
): void {
  if (groups === undefined) return;
  const taken: Prefix[] = groups.joins ? [ALL_GROUPS] : [];
  const { broadcasts } = groups;
  if (broadcasts !== undefined) {
    taken.push(host(BROADCAST));
    const directed = directedBroadcast(broadcasts);
    if (directed !== undefined) {
      taken.push(host(directed));
      const { anchor: device } = marksOf(config.routeTable);
      const prefix = { address: end.address, length: broadcasts.length };
      realized.objects.push({ kind: "address", device, prefix, noPrefixRoute: true });
    }
  }
  for (const prefix of taken) {
    realized.tunnels.push({ ...end, ...prefix, direction: "in", match: "destination" });
  }
}

export function realizeAtHome(item: AtHomeItem, config: RealizeConfig): KernelObject[] {
  const { interface: device, router, homeAddress: source } = item;
  const table = config.routeTable;
  const objects: KernelObject[] = [
    setting("conf/all/arp_ignore", "0", AT_HOME_PRECEDENCE),
    setting(`conf/${device}/arp_ignore`, "0", AT_HOME_PRECEDENCE),
    // The home address is on the anchor: it asks with the packet's source, not the interface's.
    setting("conf/all/arp_announce", "0", AT_HOME_PRECEDENCE),
    setting(`conf/${device}/arp_announce`, "0", AT_HOME_PRECEDENCE),
    ...SOLICITATIONS.map((name) =>
      setting(`neigh/${device}/${name}`, USUAL_SOLICITATIONS, AT_HOME_PRECEDENCE),
    ),
    {
      kind: "route",
      table,
      destination: networkOf(item.homePrefix),
      device,
      source,
      scope: "link",
    },
  ];
  if (router !== undefined) objects.push({ ...defaultVia(table, device, router), source });
  return [...objects, ...nodeRules(config, item.policy)];
}

function defaultVia(table: number, device: string, gateway: Ipv4) {
  const route = { kind: "route", table, destination: DEFAULT, device, gateway } as const;
  const precedence = ATTACHED_PRECEDENCE;
  return { ...route, scope: "global", onlink: true, precedence } as const;
}
