/** What a network that moves with a mobile router means in kernel objects: RFC 5177 §7, §10. */

import { directedBroadcast, type Prefix } from "../base/address.ts";
import { overheadOf } from "./encapsulate.ts";
import {
  type AddressObject,
  type KernelObject,
  MAIN_TABLE,
  marksOf,
  networkTable,
  ownLabel,
  type RouteObject,
} from "./kernel-objects.ts";
import { DEFAULT, type RealizeConfig, type Realized, setting } from "./realized.ts";
import { formOf, type MovingNetworkItem, type NetworkTunnel } from "./state.ts";
import type { TunnelEntry } from "./tunnel-table.ts";

/**
 * Within the networks the system's own routes hold, whatever they are but the default one. All else
 * that comes from the link of a network, or comes for one and finds no link, goes into the anchor:
 * there only what has a source in a network finds a tunnel (RFC 5177 §10), and without one it ends.
 */
export function realizeMovingNetwork(item: MovingNetworkItem, config: RealizeConfig): Realized {
  const { prefix, interface: device, address, way } = item;
  const { anchor } = marksOf(config.routeTable);
  const table = networkTable(config.routeTable);
  const inside = { kind: "rule", priority: config.rulePriority + 4 } as const;
  const outside = { kind: "rule", priority: config.rulePriority + 5, table } as const;
  const objects: KernelObject[] = [
    setting("ip_forward", "1"),
    setting(`conf/${device}/forwarding`, "1"),
    wayOut(way, table, anchor),
    { ...outside, iif: device },
  ];
  if (prefix === undefined) return { objects, tunnels: [], deliveries: [] };
  objects.push(
    { ...inside, to: prefix, table: MAIN_TABLE, suppressPrefixLength: 0 },
    { ...outside, to: prefix, iif: anchor },
  );
  if (address !== undefined)
    objects.push(ownAddress(device, { address, length: prefix.length }, config));
  const tunnels = way?.kind === "tunnel" ? tunnelEntries(prefix, way) : [];
  for (const one of item.passing ?? []) {
    tunnels.push(...tunnelEntries(prefix, one).filter(({ direction }) => direction === "in"));
  }
  return { objects, tunnels, deliveries: [] };
}

/** Another network may have a way while this one has none: its way holds. */
const WAY_PRECEDENCE = 1;

function wayOut(way: MovingNetworkItem["way"], table: number, anchor: string): RouteObject {
  const route = { kind: "route", table, destination: DEFAULT } as const;
  if (way?.kind !== "router") return { ...route, device: anchor, scope: "link" };
  const { interface: device, gateway } = way;
  const precedence = WAY_PRECEDENCE;
  if (gateway === undefined) return { ...route, device, scope: "link", precedence };
  return { ...route, device, gateway, scope: "global", onlink: true, precedence };
}

function tunnelEntries({ address, length }: Prefix, way: NetworkTunnel): TunnelEntry[] {
  const { local, homeAgent: remote, through, deliveredTo: agent } = way;
  const beyond = through && overheadOf(through);
  const end = { ...formOf(way), local, remote, address, length, beyond };
  const out = { ...end, direction: "out", match: "source" } as const;
  return [
    { ...end, direction: "in", match: "destination" },
    // The agent takes its own header off before it puts the tunnel's on.
    agent === undefined ? out : { ...out, remote: agent, router: remote, beyond: undefined },
  ];
}

/** On a device that is not ours; the label tells a later run whose it is. */
export function ownAddress(
  device: string,
  prefix: Prefix,
  { routeTable }: RealizeConfig,
): AddressObject {
  const broadcast = directedBroadcast(prefix);
  const label = ownLabel(marksOf(routeTable), device);
  return {
    kind: "address",
    device,
    prefix,
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(label === undefined ? {} : { label }),
  };
}
