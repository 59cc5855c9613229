/**
 * What declared forwarding means in kernel objects and tunnel table entries, an item at a time, so
 * that a change costs as much as what changed.
 */

import { type Ipv4, type Prefix, toIpv4 } from "../base/address.ts";
import {
  type KernelObject,
  MAIN_TABLE,
  marksOf,
  type PlaneMarks,
  planeMarks,
  type RouteObject,
  type RuleObject,
} from "./kernel-objects.ts";
import { ownAddress, realizeMovingNetwork } from "./realize-network.ts";
import {
  realizeAtHome,
  realizeCoLocated,
  realizeHomeAddress,
  realizeListening,
  realizeOutgoing,
  realizeVisiting,
} from "./realize-node.ts";
import { DEFAULT, host, only, type RealizeConfig, type Realized, setting } from "./realized.ts";
import {
  type BindingItem,
  type ForwardingItem,
  formOf,
  HALF_BOUND,
  type HandoverItem,
  type ReplacedBindingItem,
  type SharedAddressItem,
  type VisitorItem,
} from "./state.ts";
import { deviceMarks, type TunnelDevice } from "./tunnel-device.ts";
import type { TunnelEntry } from "./tunnel-table.ts";

/** The dummy address of RFC 7600: an interface that has none may receive only from its own routes. */
const DUMMY = toIpv4(0xc0000008);
/** A node that has left is reached through the driver although it is a visitor still. */
const HANDOVER_PRECEDENCE = 1;

/** What a running program has whatever it forwards. */
export function realizeBase(config: RealizeConfig): readonly KernelObject[] {
  const { anchor, table, fwmark } = marksOf(config.routeTable);
  // Strict filtering would drop what leaves a tunnel; the higher of `all` and this one holds.
  const objects = [setting(`conf/${anchor}/rp_filter`, "2")];
  if (config.role === "mn") return objects;
  const rule: RuleObject = { kind: "rule", priority: config.rulePriority, table };
  objects.unshift(setting("ip_forward", "1"));
  if (config.role === "ha") return [...objects, rule];
  // What correspondents send comes out of the tunnel, and no route to them leads into it: the
  // reverse path filter, however loose, drops that on an interface without any address.
  objects.push({ kind: "address", device: anchor, prefix: host(DUMMY), scope: "host" });
  objects.push({ kind: "route", table, destination: DEFAULT, device: anchor, scope: "link" });
  // A home agent on the same machine, whose rule comes later, would tunnel it to here again.
  objects.push({ ...rule, table: MAIN_TABLE, iif: anchor });
  return config.hasNft ? [...objects, { ...rule, fwmark }] : objects;
}

/**
 * What a plane of visitors beside plane 0 has (RFC 3024 Appendix A): what its visitors send goes
 * into its own anchor, and what comes out of that one is for its visitors.
 */
export function realizePlane(config: RealizeConfig, plane: number): readonly KernelObject[] {
  return realizeWorld(config, planeMarks(config.routeTable, plane));
}

function realizeWorld(config: RealizeConfig, marks: PlaneMarks): readonly KernelObject[] {
  const { anchor, table, deliveryTable, fwmark } = marks;
  const rule = { kind: "rule", priority: config.rulePriority } as const;
  return [
    ...inlet(anchor),
    { kind: "route", table, destination: DEFAULT, device: anchor, scope: "link" },
    { ...rule, table: deliveryTable, iif: anchor },
    { ...rule, table, fwmark },
  ];
}

/** What a device that carries a tunnel has besides. */
export function realizeDevice(
  config: RealizeConfig,
  device: TunnelDevice,
): readonly KernelObject[] {
  const { name, ends } = device;
  const exit = { kind: "passage", set: "exits", device: name, address: ends.remote } as const;
  if (config.role !== "fa") return [...inlet(name), exit];
  return [...realizeWorld(config, deviceMarks(config.routeTable, device)), exit];
}

/**
 * What comes out of a device is from anywhere: its source need only have a route, by whatever
 * interface, and that takes an address of the device's own.
 */
function inlet(device: string): KernelObject[] {
  return [
    setting(`conf/${device}/rp_filter`, "2"),
    { kind: "address", device, prefix: host(DUMMY), scope: "host" },
  ];
}

/**
 * `alias` is the next hop by which a visitor of another plane than 0 is reached; `device` carries
 * the item's tunnel in place of the anchor.
 */
export function realize(
  item: ForwardingItem,
  config: RealizeConfig,
  {
    alias,
    device,
  }: { readonly alias?: Ipv4 | undefined; readonly device?: TunnelDevice | undefined } = {},
): Realized {
  switch (item.kind) {
    case "binding":
      return realizeBinding(item, config, device);
    case "replaced-binding":
      return realizeReplaced(item, config, device);
    case "shared-address":
      return only(realizeSharedAddress(item));
    case "visitor":
      return realizeVisitor(item, config, alias, device);
    case "handover":
      return realizeHandover(item, config);
    case "outgoing":
      // A mobile node's routes; whoever else has such an item only keeps packets.
      return only(config.role === "mn" ? realizeOutgoing(item, config) : []);
    case "home-address":
      return only(realizeHomeAddress(item, config));
    case "listening":
      return only(realizeListening(item.interface, item.isHost === true));
    case "visiting":
      return realizeVisiting(item, config);
    case "co-located":
      return realizeCoLocated(item, config, device);
    case "own-address":
      return only([ownAddress(item.interface, item.prefix, config)]);
    case "moving-network":
      return realizeMovingNetwork(item, config);
    case "at-home":
      return only(realizeAtHome(item, config));
  }
}

/** RFC 5944 §4.2.3: intercept and tunnel; RFC 3024 §4.3.2: take back what comes by the tunnel. */
function realizeBinding(
  item: BindingItem,
  config: RealizeConfig,
  carrier: TunnelDevice | undefined,
): Realized {
  const { anchor, table } = marksOf(config.routeTable);
  const { homeAddress: address, homeInterface: device, networks = [], dependsOn } = item;
  const way = { device: carrier?.name ?? anchor, table, source: dependsOn };
  const objects: KernelObject[] = [wayTo(host(address), way)];
  for (const network of networks) objects.push(wayTo(network, way));
  if (device !== undefined) {
    objects.push(
      setting(`neigh/${device}/proxy_delay`, "0"),
      setting(`conf/${device}/forwarding`, "1"),
      { kind: "proxy-neighbor", device, address },
    );
  }
  const tunnels: TunnelEntry[] = [];
  if (item.udpPort !== HALF_BOUND) tunnels.push(entryOf(item, "out", undefined));
  // Keepalives come without reverse tunnelling, too (RFC 3519 §4.9).
  const innerDestination = item.reverse ? undefined : item.homeAgent;
  if (item.reverse || item.udpPort !== undefined) {
    const back = entryOf(item, "in", innerDestination);
    tunnels.push(carrier === undefined ? back : { ...back, byDevice: true });
    if (carrier !== undefined) objects.push(passage(carrier, address));
  }
  for (const network of networks) tunnels.push(...networkTunnels(item, network));
  const { groups, careOfAddress } = item;
  if (groups === undefined || device === undefined) return { objects, tunnels, deliveries: [] };
  const listener = { ...groups, device, homeAddress: address, careOfAddress };
  return { objects, tunnels, deliveries: [], listener };
}

/** With an address the kernel takes those routes down that have it as source in the main table. */
function wayTo(
  destination: Prefix,
  { device, table, source }: { device: string; table: number; source: Ipv4 | undefined },
): RouteObject {
  if (source === undefined) return { kind: "route", device, scope: "link", table, destination };
  return { kind: "route", device, scope: "link", table: MAIN_TABLE, source, destination };
}

/** Named field by field, as nothing else is made 100,000 times at a start: a spread takes ten times as long. */
function entryOf(
  item: BindingItem,
  direction: TunnelEntry["direction"],
  innerDestination: Ipv4 | undefined,
): TunnelEntry {
  return {
    encapsulation: item.encapsulation,
    greKeyIn: item.greKeyIn,
    greKeyOut: item.greKeyOut,
    udpPort: item.udpPort,
    local: item.homeAgent,
    remote: item.careOfAddress,
    address: item.homeAddress,
    direction,
    match: direction === "out" ? "destination" : "source",
    innerDestination,
  };
}

function passage({ name: device }: TunnelDevice, address: Ipv4): KernelObject {
  return { kind: "passage", set: "passages", device, address };
}

/**
 * RFC 5177 §7: through a foreign agent what is for a mobile network is encapsulated for the router
 * first. What comes from it may be so or not, wherever the router is (§6.5, §7).
 */
function networkTunnels(item: BindingItem, { address, length }: Prefix): TunnelEntry[] {
  const { homeAddress: router, homeAgent: local, careOfAddress: remote } = item;
  const end = { ...formOf(item), local, remote, address, length };
  const tunnels: TunnelEntry[] = [];
  if (item.udpPort !== HALF_BOUND) {
    const out = { ...end, direction: "out", match: "destination" } as const;
    tunnels.push(item.byAgent === true ? { ...out, router } : out);
  }
  if (!item.reverse) return tunnels;
  const back = { ...end, direction: "in", match: "source" } as const;
  return [...tunnels, back, { ...back, router }];
}

/** Nothing goes there any more. */
function realizeReplaced(
  item: ReplacedBindingItem,
  config: RealizeConfig,
  carrier: TunnelDevice | undefined,
): Realized {
  const { objects, tunnels } = realizeBinding({ ...item, kind: "binding" }, config, carrier);
  const passages = objects.filter(({ kind }) => kind === "passage");
  return { ...only(passages), tunnels: tunnels.filter(({ direction }) => direction === "in") };
}

function realizeSharedAddress({ interface: device, prefix, lifetime }: SharedAddressItem) {
  const objects: KernelObject[] = [{ kind: "address", device, prefix, lifetime }];
  return objects;
}

/** RFC 5944 §4.2.2: deliver without ARP; RFC 3024 §5: what it sends, into the reverse tunnel. */
function realizeVisitor(
  item: VisitorItem,
  config: RealizeConfig,
  alias: Ipv4 | undefined,
  carrier: TunnelDevice | undefined,
): Realized {
  const { homeAddress: address, interface: device, mac, plane, delivery, reverse } = item;
  const { routeTable } = config;
  const marks = carrier ? deviceMarks(routeTable, carrier) : planeMarks(routeTable, plane);
  const objects = alias === undefined ? directDelivery(item) : deliveryBy(alias, item, marks);
  const common = { ...formOf(item), local: item.careOfAddress, remote: item.homeAgent, address };
  const end = plane === 0 ? common : { ...common, plane };
  const delivered = { ...end, direction: "in", match: "destination" } as const;
  const tunnels: TunnelEntry[] = [
    carrier === undefined ? delivered : { ...delivered, byDevice: true },
  ];
  if (carrier !== undefined) objects.push(passage(carrier, address));
  if (!reverse) return { objects, tunnels, deliveries: [] };
  const isDirect = delivery === "direct";
  const sender = isDirect ? { device, mac } : undefined;
  tunnels.push({ ...end, direction: "out", match: "source", sender });
  const mark = isDirect ? marks.fwmark : marks.encapsulatedMark;
  if (config.hasNft) objects.push({ kind: "visitor", device, mac, address, mark });
  if (isDirect) {
    const { rulePriority: priority } = config;
    const rule = {
      kind: "rule",
      priority,
      table: marks.table,
      iif: device,
      from: address,
    } as const;
    if (!config.hasNft) objects.push(rule);
    return { objects, tunnels, deliveries: [] };
  }
  const { encapsulation } = item;
  const known = config.hasNft ? mark : undefined;
  const one = { device, plane, homeAddress: address, encapsulation, mark: known };
  return { objects, tunnels, deliveries: [one] };
}

function directDelivery({ homeAddress: address, interface: device, mac }: VisitorItem) {
  const objects: KernelObject[] = [
    { kind: "neighbor", device, address, mac },
    { kind: "route", table: MAIN_TABLE, destination: host(address), device, scope: "link" },
  ];
  return objects;
}

/** One neighbour table cannot hold an address twice, so this one is reached by another name. */
function deliveryBy(
  alias: Ipv4,
  { homeAddress, interface: device, mac }: VisitorItem,
  { deliveryTable: table }: PlaneMarks,
): KernelObject[] {
  const destination = host(homeAddress);
  const route = { kind: "route", table, destination, device, gateway: alias } as const;
  return [
    // No route leads back to what comes from it: the strict filter would drop that.
    setting(`conf/${device}/rp_filter`, "2"),
    { kind: "neighbor", device, address: alias, mac },
    { ...route, scope: "global", onlink: true },
  ];
}

/** RFC 4988 §4.2: the binding of the previous address, and the tunnel in both directions. */
function realizeHandover(item: HandoverItem, config: RealizeConfig): Realized {
  const { address, intercept, tunnel } = item;
  const { anchor: device } = marksOf(config.routeTable);
  const route = { kind: "route", table: MAIN_TABLE, destination: host(address), device } as const;
  const intercepting = { ...route, scope: "link", precedence: HANDOVER_PRECEDENCE } as const;
  const objects = intercept ? [intercepting] : [];
  if (tunnel === undefined) return only(objects);
  const end = { encapsulation: "ipip", ...tunnel, address } as const;
  const tunnels: TunnelEntry[] = [
    { ...end, direction: "out", match: "destination" },
    { ...end, direction: "in", match: "source", onward: true },
  ];
  return { objects, tunnels, deliveries: [] };
}
