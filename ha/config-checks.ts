/** Rules over more than one key of the home agent's configuration. */

import {
  formatIpv4,
  ipv4,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "../shared/base/address.ts";
import { ok, type Result } from "../shared/base/result.ts";
import { canonicalNai } from "../shared/protocol/identity.ts";
import { checkAdvertisement, checkUnique } from "../shared/service/config/checks.ts";
import { parseRange, prefixOf } from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";
import type { HaConfig } from "./config.ts";
import { checkNetworks } from "./config-networks.ts";
import { checkStore } from "./config-store.ts";

type NodeRow = HaConfig["mobile_node"][number];

/** Nothing in ha.toml depends on the machine. */
export function completeHa(config: HaConfig): Result<HaConfig, readonly ConfigFault[]> {
  return ok(config);
}

/** What the rows of one node have in common: its home address, or the NAI of a dynamic one. */
export function nameOf({ home_address, nai }: Pick<NodeRow, "home_address" | "nai">): string {
  return home_address === "dynamic" ? canonicalNai(nai ?? "") : home_address;
}

export function crossCheckHa(config: HaConfig): ConfigFault[] {
  const networks = config.home_network.map(prefixOf);
  const faults = [
    ...checkAdvertisement(config.advertisement),
    ...checkStore(config.store, config.address),
    ...checkUnique(
      "home_network",
      config.home_network,
      (row) => row.interface ?? `virtual ${row.prefix}`,
      "interface",
    ),
    ...checkUnique(
      "mobile_node",
      config.mobile_node,
      (row) => `${nameOf(row)} spi ${row.spi}`,
      "spi",
    ),
    ...checkUnique(
      "security_association",
      config.security_association,
      (row) => `${row.address} spi ${row.spi}`,
      "spi",
    ),
  ];
  faults.push(
    ...checkHomeNetworks(networks),
    ...checkNetworks(config, nameOf),
    ...checkNodes(config, networks),
    ...checkPools(config, networks),
  );
  const { home_agent, above } = config.redirection;
  if (home_agent === config.address) {
    const message = `${home_agent} is the home agent's own, must be another`;
    faults.push({ key: "redirection.home_agent", message });
  }
  if (above >= config.limits.bindings) {
    const message = `${above} is never reached, must be less than limits.bindings`;
    faults.push({ key: "redirection.above", message });
  }
  return faults;
}

function checkHomeNetworks(networks: readonly Prefix[]): ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const [index, prefix] of networks.entries()) {
    const other = networks.findIndex((earlier) => prefixesOverlap(earlier, prefix));
    if (other === index) continue;
    const message = `overlaps home_network[${other}].prefix, must be a network of its own`;
    faults.push({ key: `home_network[${index}].prefix`, message });
  }
  return faults;
}

function checkNodes(config: HaConfig, networks: readonly Prefix[]): ConfigFault[] {
  const names = new Map<string, string>();
  return config.mobile_node.flatMap((node, index) => {
    const fault = (key: string, message: string): ConfigFault[] => [
      { key: `mobile_node[${index}].${key}`, message },
    ];
    const { home_address: home, nai } = node;
    if (home === "dynamic") {
      if (nai === undefined) return fault("home_address", missingAddress);
      if (config.address_pool.length === 0) return fault("home_address", missingPool);
    } else {
      if (!networks.some((prefix) => prefixContains(prefix, ipv4(home)))) {
        const allowed = config.home_network.map((row) => row.prefix).join(" or ");
        return fault("home_address", `${home} is in no home network, must be in ${allowed}`);
      }
      if (home === config.address) {
        return fault("home_address", `${home} is the home agent's own, must be another`);
      }
    }
    if (nai === undefined) return [];
    const other = names.get(canonicalNai(nai));
    names.set(canonicalNai(nai), home);
    if (other === undefined || other === home) return [];
    return fault("nai", `${nai} has home_address ${other} already, must have one only`);
  });
}

const missingAddress = "missing, must be the node's home address, or nai must be given";
const missingPool = '"dynamic" needs an address_pool, must be an address without one';

/** A pool lies in one home network, and no address is in two. */
function checkPools(config: HaConfig, networks: readonly Prefix[]): ConfigFault[] {
  const ranges = config.address_pool.map((row) => parseRange(row.range));
  return ranges.flatMap(({ first, last }, index) => {
    const key = `address_pool[${index}].range`;
    const written = `${formatIpv4(first)}-${formatIpv4(last)}`;
    if (!networks.some((each) => prefixContains(each, first) && prefixContains(each, last))) {
      const allowed = config.home_network.map((row) => row.prefix).join(" or ");
      return [{ key, message: `${written} is not in one home network, must be in ${allowed}` }];
    }
    const other = ranges.findIndex((each) => each.first <= last && first <= each.last);
    if (other === index) return [];
    const message = `${written} overlaps address_pool[${other}].range, must be apart from it`;
    return [{ key, message }];
  });
}
