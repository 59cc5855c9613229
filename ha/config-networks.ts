/** The mobile networks of ha.toml (RFC 5177), and the pools that they are given out from (RFC 6626). */

import * as z from "zod";
import { ipv4, type Prefix, prefixContains, prefixesOverlap } from "../shared/base/address.ts";
import {
  integer,
  mustBe,
  network,
  prefixOf,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";
import type { NetworkPool } from "./core/config.ts";
import { MAX_NETWORKS } from "./core/networks.ts";

/** So many bits more than its range a prefix that is given out may have. */
const MAX_POOL_BITS = 16;

/** Keys of `[[mobile_node]]`. */
export const NODE_NETWORKS = {
  networks: z
    .array(network(), { error: mustBe("an array of networks like 10.20.0.0/24") })
    .max(MAX_NETWORKS, { error: mustBe(`an array of at most ${MAX_NETWORKS} networks`) })
    .default([])
    .describe(
      "Networks that move with the node, a mobile router: those that it may register, and that it has when it names none (RFC 5177 §6.2.2).",
    ),
  dynamic_networks: integer(0, MAX_NETWORKS)
    .default(0)
    .describe("How many networks it may have from network_pool at a time (RFC 6626 §4)."),
};

export function networkPools() {
  return tables(
    table({
      prefix: network().describe("Range that the networks are taken from."),
      prefix_length: integer(1, 30, "a prefix length").describe(
        `Prefix length of the networks, at most ${MAX_POOL_BITS} bits longer than the range's.`,
      ),
    }),
  )
    .default([])
    .describe("Networks for mobile routers that ask for one (RFC 6626 §3.2).");
}

interface NetworksConfig<Row> {
  readonly address: string;
  readonly home_network: readonly { readonly prefix: string }[];
  readonly mobile_node: readonly (Row & { readonly networks: readonly string[] })[];
  readonly network_pool: readonly { readonly prefix: string; readonly prefix_length: number }[];
}

export function toPools({
  network_pool,
}: Pick<NetworksConfig<unknown>, "network_pool">): NetworkPool[] {
  return network_pool.map((row) => ({
    prefix: prefixOf(row),
    length: row.prefix_length,
  }));
}

/**
 * Whoever has one of these addresses gets what is for it, so each belongs to one alone. `nameOf`
 * tells which rows are of one node.
 */
export function checkNetworks<Row>(
  config: NetworksConfig<Row>,
  nameOf: (row: Row) => string,
): ConfigFault[] {
  const rows = [
    ...config.mobile_node.flatMap((node, at) =>
      node.networks.map((text, i) => {
        return { key: `mobile_node[${at}].networks[${i}]`, owner: nameOf(node), text };
      }),
    ),
    ...config.network_pool.map(({ prefix: text }, at) => {
      return { key: `network_pool[${at}].prefix`, owner: `pool ${at}`, text };
    }),
  ].map((row) => ({ ...row, prefix: prefixOf({ prefix: row.text }) }));
  const faults = config.network_pool.flatMap(lengthFault);
  for (const [index, { key, owner, text, prefix }] of rows.entries()) {
    const other = rows
      .slice(0, index)
      .find((o) => o.owner !== owner && prefixesOverlap(o.prefix, prefix));
    if (other !== undefined) {
      faults.push({ key, message: `${text} overlaps ${other.key}, must be a network of its own` });
    }
    const held = heldBy(prefix, config);
    if (held !== undefined) {
      faults.push({ key, message: `${text} holds ${held}, must be a network that moves` });
    }
  }
  return faults;
}

function lengthFault(
  row: NetworksConfig<unknown>["network_pool"][number],
  at: number,
): ConfigFault[] {
  const { length } = prefixOf(row);
  const most = Math.min(30, length + MAX_POOL_BITS);
  if (row.prefix_length >= length && row.prefix_length <= most) return [];
  const message = `${row.prefix_length} is not allowed, must be a prefix length from ${length} to ${most}`;
  return [{ key: `network_pool[${at}].prefix_length`, message }];
}

/** What does not move, and lies in a mobile network. */
function heldBy(prefix: Prefix, config: NetworksConfig<unknown>): string | undefined {
  if (prefixContains(prefix, ipv4(config.address))) return "the home agent's own address";
  const at = config.home_network.findIndex((row) => {
    const home = prefixOf(row);
    return home.length >= prefix.length && prefixContains(prefix, home.address);
  });
  return at < 0 ? undefined : `home_network[${at}]`;
}
