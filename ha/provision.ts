/** A new mobile node: what both sides' configurations must say, from one command. */

import {
  formatIpv4,
  type Ipv4,
  ipv4,
  isUsableUnicast,
  parseIpv4,
  prefixContains,
} from "../shared/base/address.ts";
import { err, ok, type Result } from "../shared/base/result.ts";
import { canonicalNai } from "../shared/protocol/identity.ts";
import {
  type NodeAlgorithm,
  nodeStanzas,
  type Stanzas,
} from "../shared/service/config/node-stanzas.ts";
import { prefixOf } from "../shared/service/config/values.ts";
import type { HaConfig } from "./config.ts";

export interface NewNode {
  /** A home address, or a NAI. */
  readonly name: string;
  /** Beside a NAI; without one the node's address is dynamic. */
  readonly homeAddress?: string | undefined;
  readonly interface: string;
  readonly algorithm: NodeAlgorithm;
  /** `KEY_OCTETS` random ones. */
  readonly key: Uint8Array;
}

export function provision(config: HaConfig, node: NewNode): Result<Stanzas, string> {
  const isNamed = node.name.includes("@");
  const nai = isNamed ? node.name : undefined;
  if (!isNamed && node.homeAddress !== undefined) {
    return err("--address is for a node that is named by its NAI");
  }
  const written = isNamed ? node.homeAddress : node.name;
  const address = written === undefined ? "dynamic" : parseIpv4(written);
  if (address === undefined || (address !== "dynamic" && !isUsableUnicast(address))) {
    return err(`${written}: must be a home address like 10.1.0.7, or a NAI like bob@example.net`);
  }
  const prefix = address === "dynamic" ? dynamicPrefix(config) : staticPrefix(config, address);
  if (!prefix.ok) return prefix;
  if (nai !== undefined && config.mobile_node.some((row) => isSameNai(row.nai, nai))) {
    return err(`${nai} is in the configuration already`);
  }
  const home = address === "dynamic" ? address : formatIpv4(address);
  return ok(
    nodeStanzas({
      homeAddress: home,
      nai,
      homePrefixLength: prefix.value,
      homeAgent: config.address,
      interfaces: [node.interface],
      algorithm: node.algorithm,
      key: node.key,
    }),
  );
}

/** The length of the home network that the address is in, if it is free. */
function staticPrefix(config: HaConfig, address: Ipv4): Result<number, string> {
  const text = formatIpv4(address);
  if (text === config.address) return err(`${text} is the home agent's own address`);
  if (config.mobile_node.some((row) => row.home_address === text)) {
    return err(`${text} is in the configuration already`);
  }
  const network = config.home_network
    .map(prefixOf)
    .find((prefix) => prefixContains(prefix, address));
  return network === undefined ? err(`${text} is in no home network`) : ok(network.length);
}

function dynamicPrefix(config: HaConfig): Result<number, string> {
  const [pool] = config.address_pool;
  if (pool === undefined) return err("there is no address_pool: --address must be given");
  const [first = ""] = pool.range.split("-");
  const address = ipv4(first);
  const network = config.home_network.map(prefixOf).find((each) => prefixContains(each, address));
  return network === undefined ? err("the address_pool is in no home network") : ok(network.length);
}

function isSameNai(known: string | undefined, nai: string): boolean {
  return known !== undefined && canonicalNai(known) === canonicalNai(nai);
}
