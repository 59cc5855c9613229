/** The interfaces of this host with their IPv4 addresses, and the one with the default route. */

import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Mac, type Prefix, parseMac, parsePrefix, ZERO_MAC } from "../../base/address.ts";
import { MAIN_TABLE } from "../../forwarding/kernel-objects.ts";
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  encodeFamily,
  ROUTE_UNICAST,
  RTM,
} from "./objects.ts";
import type { Rtnetlink } from "./rtnetlink.ts";

export interface HostLink {
  readonly index: number;
  /** Administratively up and carrier present. */
  readonly up: boolean;
  readonly mac: Mac;
  readonly mtu: number;
  /** How often the carrier has gone: a flap between two looks shows here alone. */
  readonly carrierLosses: number;
  /** Primary first. */
  readonly addresses: readonly Prefix[];
}

export interface HostSnapshot {
  readonly links: ReadonlyMap<string, HostLink>;
  readonly defaultInterface: string | undefined;
}

/** By rtnetlink. */
export async function netlinkSnapshot(rtnetlink: Rtnetlink): Promise<HostSnapshot> {
  const addresses = new Map<number, Prefix[]>();
  for (const body of await rtnetlink.dump(RTM.getAddress, encodeFamily(8))) {
    const address = decodeAddress(body);
    if (address === undefined) continue;
    const prefix = { address: address.address, length: address.prefixLength };
    const list = addresses.get(address.index) ?? [];
    list.push(prefix);
    addresses.set(address.index, list);
  }
  const links = new Map<string, HostLink>();
  const names = new Map<number, string>();
  for (const body of await rtnetlink.dump(RTM.getLink, new Uint8Array(16))) {
    const link = decodeLink(body);
    if (link?.name === undefined) continue;
    names.set(link.index, link.name);
    links.set(link.name, {
      index: link.index,
      up: link.isUp === true && link.isRunning === true,
      mac: link.mac ?? ZERO_MAC,
      mtu: link.mtu ?? 1500,
      carrierLosses: link.carrierLosses ?? 0,
      addresses: addresses.get(link.index) ?? [],
    });
  }
  const defaultIndex = await defaultRouteIndex(rtnetlink);
  return {
    links,
    defaultInterface: defaultIndex === undefined ? undefined : names.get(defaultIndex),
  };
}

async function defaultRouteIndex(rtnetlink: Rtnetlink): Promise<number | undefined> {
  let best: { readonly index: number; readonly priority: number } | undefined;
  for (const body of await rtnetlink.dump(RTM.getRoute, encodeFamily(12))) {
    // The destination length decides for nearly all of them, without decoding.
    if (body[1] !== 0) continue;
    const route = decodeRoute(body);
    if (route?.table !== MAIN_TABLE || route.type !== ROUTE_UNICAST) continue;
    const priority = route.priority ?? 0;
    if (route.index !== undefined && (best === undefined || priority < best.priority)) {
      best = { index: route.index, priority };
    }
  }
  return best?.index;
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

const IFF_UP = 1;

/** By files, for hosts where rtnetlink cannot be reached. */
export function fileSnapshot(): HostSnapshot {
  const links = new Map<string, HostLink>();
  const addresses = networkInterfaces();
  for (const name of readdirSync("/sys/class/net")) {
    const folder = `/sys/class/net/${name}`;
    const index = Number(readLine(`${folder}/ifindex`));
    if (!(index > 0)) continue;
    const isUp = (Number(readLine(`${folder}/flags`)) & IFF_UP) !== 0;
    links.set(name, {
      index,
      up: isUp && readLine(`${folder}/carrier`) === "1",
      mac: parseMac(readLine(`${folder}/address`) ?? "") ?? ZERO_MAC,
      mtu: Number(readLine(`${folder}/mtu`)) || 1500,
      carrierLosses: Number(readLine(`${folder}/carrier_down_count`)) || 0,
      addresses: (addresses[name] ?? []).flatMap((address) => {
        const prefix = parsePrefix(address.cidr ?? "");
        return prefix === undefined ? [] : [prefix];
      }),
    });
  }
  return { links, defaultInterface: defaultFromProc() };
}

/** The interface of the best default route in /proc/net/route. */
function defaultFromProc(): string | undefined {
  let best: { readonly name: string; readonly metric: number } | undefined;
  for (const line of (readLine("/proc/net/route") ?? "").split("\n").slice(1)) {
    const [name, destination, , , , , metric, mask] = line.trim().split(/\s+/);
    if (name === undefined || destination !== "00000000" || mask !== "00000000") continue;
    if (best === undefined || Number(metric) < best.metric) best = { name, metric: Number(metric) };
  }
  return best?.name;
}
