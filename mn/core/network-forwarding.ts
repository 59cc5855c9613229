/** What a mobile router declares to be forwarded for its networks: RFC 5177 §5, §7. */

import { type Ipv4, type Prefix, toIpv4 } from "../../shared/base/address.ts";
import {
  type CoLocatedItem,
  type ForwardingItem,
  formOf,
  type MovingNetworkItem,
  type NetworkTunnel,
} from "../../shared/forwarding/state.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import type { ForwardingInputs } from "./forwarding.ts";
import { encapsulationOf } from "./status.ts";

/** `node`: the items of the node itself, among them the one by which it is attached. */
export function networkItems(
  inputs: ForwardingInputs,
  node: readonly ForwardingItem[],
): MovingNetworkItem[] {
  const { config, granted } = inputs;
  const networks = config.mobileRouter?.networks ?? [];
  const passing = node.flatMap((item) =>
    item.kind === "co-located" && item.isPassive === true ? [tunnelOf(item)] : [],
  );
  return networks.map((network) => {
    const given = granted.find((one) => one.network === network)?.prefix;
    const prefix = network.prefix ?? given;
    const isAtHome = inputs.home !== undefined;
    const way = isAtHome || given !== undefined ? wayOut(inputs, node) : undefined;
    return {
      kind: "moving-network",
      interface: network.interface,
      prefix,
      address: network.prefix === undefined && given !== undefined ? firstOf(given) : undefined,
      way: prefix === undefined ? undefined : way,
      ...(way?.kind === "tunnel" && passing.length > 0 ? { passing } : {}),
    };
  });
}

/** The first address of a network that has more than one. */
function firstOf({ address, length }: Prefix): Ipv4 {
  return toIpv4(address + (length > 30 ? 0 : 1));
}

function tunnelOf(item: CoLocatedItem): NetworkTunnel {
  const { homeAgent, path } = item;
  return { kind: "tunnel", ...formOf(item), local: path.careOfAddress, homeAgent };
}

/**
 * At a foreign agent a tunnel of the router's own goes through that of the agent; with a co-located
 * care-of address the one tunnel does (§7). Without a reverse tunnel, and at home, the networks
 * are routed like the node itself.
 */
function wayOut(
  { config, registered }: ForwardingInputs,
  node: readonly ForwardingItem[],
): MovingNetworkItem["way"] {
  const flags = registered?.operation.flags ?? 0;
  const isTunnelled = (flags & RequestFlag.T) !== 0;
  const { homeAddress } = config;
  const homeAgent = registered?.operation.homeAgent ?? config.homeAgent;
  for (const item of node) {
    if (item.kind === "visiting") {
      const { interface: device, router: gateway } = item;
      if (!isTunnelled) return { kind: "router", interface: device, gateway };
      const through = { encapsulation: encapsulationOf(flags) };
      const ends = { local: homeAddress, homeAgent };
      const tunnel = { kind: "tunnel", encapsulation: "ipip", ...ends, through } as const;
      return item.delivery === undefined ? tunnel : { ...tunnel, deliveredTo: gateway };
    }
    if (item.kind === "co-located" && item.isPassive !== true) {
      const { interface: device, gateway } = item.path;
      if (item.reverse) return tunnelOf(item);
      return { kind: "router", interface: device, gateway };
    }
    if (item.kind === "at-home" && item.router !== undefined) {
      return { kind: "router", interface: item.interface, gateway: item.router };
    }
  }
  return undefined;
}
