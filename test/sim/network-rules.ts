/** Mobile networks in a run (RFC 5177, RFC 6626): what the nodes ask for, and what must hold. */

import type { HaCoreConfig, MobileNodeConfig } from "../../ha/core/config.ts";
import type { MobileRouterConfig } from "../../mn/core/config.ts";
import {
  formatPrefix,
  type Ipv4,
  ipv4,
  type Prefix,
  prefixContains,
  toIpv4,
} from "../../shared/base/address.ts";
import type { SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import { bindingsOf, type Cast, itemsOf } from "./traffic.ts";

const FIRST = ipv4("10.20.0.0");
const POOL: Prefix = { address: ipv4("10.64.0.0"), length: 22 };
const LENGTH = 24;

/** The network that is this node's own. */
function networkOf(index: number): Prefix {
  return { address: toIpv4(FIRST + 256 * index), length: LENGTH };
}

/** What the home agent's configuration has of a node. */
export function authorized(
  { mobileRouters }: Plan,
  index: number,
): Pick<MobileNodeConfig, "networks" | "dynamicNetworks"> {
  if (mobileRouters === "none") return {};
  return mobileRouters === "dynamic" ? { dynamicNetworks: 1 } : { networks: [networkOf(index)] };
}

export function networkPools({ mobileRouters }: Plan): HaCoreConfig["networkPools"] {
  return mobileRouters === "dynamic" ? [{ prefix: POOL, length: LENGTH }] : [];
}

/** What the node's configuration has; of two networks the home agent knows one. */
export function mobileRouter({ mobileRouters }: Plan, index: number): MobileRouterConfig {
  if (mobileRouters === "none") return { mode: "explicit", networks: [] };
  const row = { wishedLength: LENGTH, interface: "lan0" };
  if (mobileRouters === "dynamic") {
    return { mode: "explicit", networks: [{ ...row, prefix: undefined }] };
  }
  const unknown = { ...row, prefix: networkOf(index + 100) };
  return { mode: mobileRouters, networks: [{ ...row, prefix: networkOf(index) }, unknown] };
}

/**
 * RFC 5177 §10: no forwarding without authorization. `indexOf` tells which node has a home address.
 * What is wrong at the home agent, if anything is.
 */
export function networksHeld(
  plan: Plan,
  homeAgent: SimNode,
  indexOf: (home: Ipv4) => number,
): string | undefined {
  const holders = new Map<string, Ipv4>();
  for (const { homeAddress, networks = [] } of itemsOf(homeAgent, "binding")) {
    for (const network of networks) {
      const text = formatPrefix(network);
      const own = formatPrefix(networkOf(indexOf(homeAddress)));
      const isAllowed =
        plan.mobileRouters === "dynamic" ? prefixContains(POOL, network.address) : text === own;
      if (!isAllowed) return `forwards ${text}, which nobody was authorized for`;
      const holder = holders.get(text) ?? homeAddress;
      if (holder !== homeAddress) return `forwards ${text} to two nodes`;
      holders.set(text, homeAddress);
    }
  }
  return undefined;
}

/** Both ends agree about what is forwarded, once nothing goes wrong any more. */
export function networkFault(cast: Cast, mobile: SimNode, home: Ipv4): string | undefined {
  const items = itemsOf(mobile, "moving-network");
  if (items.length === 0 || itemsOf(mobile, "at-home").length > 0) return undefined;
  const here = items.flatMap(({ prefix, way }) =>
    prefix === undefined || way === undefined ? [] : [formatPrefix(prefix)],
  );
  const there = bindingsOf(cast, home).flatMap(({ networks = [] }) => networks.map(formatPrefix));
  if (here.length === 0) return "no network has a way";
  return here.join() === there.join() ? undefined : `${here.join()} here, ${there.join()} there`;
}
