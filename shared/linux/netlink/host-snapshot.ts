/** The interfaces of this host with their IPv4 addresses, and the one with the default route. */

import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import {
  type Ipv4,
  type Mac,
  type Prefix,
  parseMac,
  parsePrefix,
  toIpv4,
  ZERO_MAC,
} from "../../base/address.ts";
import { MAIN_TABLE } from "../../forwarding/kernel-objects.ts";
import { LITTLE_ENDIAN } from "./message.ts";
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
  /**
   * How often the carrier has gone, or the access point was another one: a flap between two looks
   * shows here alone.
   */
  readonly carrierLosses: number;
  /** Primary first. */
  readonly addresses: readonly Prefix[];
  /** The best default route of the main table by this interface. */
  readonly defaultRoute: DefaultRoute | undefined;
}

export interface DefaultRoute {
  /** `undefined` on a point-to-point link. */
  readonly gateway: Ipv4 | undefined;
  readonly metric: number;
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
  const defaults = await netlinkDefaults(rtnetlink);
  const links = new Map<string, HostLink>();
  for (const body of await rtnetlink.dump(RTM.getLink, new Uint8Array(16))) {
    const link = decodeLink(body);
    if (link?.name === undefined) continue;
    links.set(link.name, {
      index: link.index,
      up: link.isUp === true && link.isRunning === true,
      mac: link.mac ?? ZERO_MAC,
      mtu: link.mtu ?? 1500,
      carrierLosses: link.carrierLosses ?? 0,
      addresses: addresses.get(link.index) ?? [],
      defaultRoute: defaults.get(link.index),
    });
  }
  return { links, defaultInterface: bestDefault(links) };
}

/** The interface whose default route has the lowest metric. */
function bestDefault(links: ReadonlyMap<string, HostLink>): string | undefined {
  let best: { readonly name: string; readonly metric: number } | undefined;
  for (const [name, { defaultRoute }] of links) {
    if (defaultRoute === undefined) continue;
    const { metric } = defaultRoute;
    if (best === undefined || metric < best.metric) best = { name, metric };
  }
  return best?.name;
}

/** By index of the interface. */
async function netlinkDefaults(rtnetlink: Rtnetlink): Promise<ReadonlyMap<number, DefaultRoute>> {
  const defaults = new Map<number, DefaultRoute>();
  for (const body of await rtnetlink.dump(RTM.getRoute, encodeFamily(12))) {
    // The destination length decides for nearly all of them, without decoding.
    if (body[1] !== 0) continue;
    const route = decodeRoute(body);
    if (route?.table !== MAIN_TABLE || route.type !== ROUTE_UNICAST) continue;
    const { index, gateway, priority: metric = 0 } = route;
    if (index !== undefined) keepBest(defaults, index, { gateway, metric });
  }
  return defaults;
}

function keepBest<Key>(defaults: Map<Key, DefaultRoute>, key: Key, route: DefaultRoute): void {
  const before = defaults.get(key);
  if (before === undefined || route.metric < before.metric) defaults.set(key, route);
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
  const defaults = defaultsFromProc();
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
      defaultRoute: defaults.get(name),
    });
  }
  return { links, defaultInterface: bestDefault(links) };
}

/** By name of the interface, from /proc/net/route. */
function defaultsFromProc(): ReadonlyMap<string, DefaultRoute> {
  const defaults = new Map<string, DefaultRoute>();
  for (const line of (readLine("/proc/net/route") ?? "").split("\n").slice(1)) {
    const [name, destination, gateway = "", , , , metric, mask] = line.trim().split(/\s+/);
    if (name === undefined || destination !== "00000000" || mask !== "00000000") continue;
    keepBest(defaults, name, { gateway: addressFromProc(gateway), metric: Number(metric) });
  }
  return defaults;
}

/** Eight hex digits in the machine's byte order; 0 is none. */
function addressFromProc(text: string): Ipv4 | undefined {
  const bytes = Buffer.from(text, "hex");
  if (bytes.length !== 4 || bytes.every((octet) => octet === 0)) return undefined;
  return toIpv4(LITTLE_ENDIAN ? bytes.readUInt32LE() : bytes.readUInt32BE());
}
