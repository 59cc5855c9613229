/** The networks that move with a mobile router, in mn.toml: RFC 5177, RFC 6626. */

import * as z from "zod";
import { parseIpv4, prefixContains, prefixesOverlap } from "../shared/base/address.ts";
import {
  choice,
  integer,
  interfaceName,
  mustBe,
  network,
  prefixOf,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";
import type { MobileRouterConfig } from "./core/config.ts";

/** Requests with one extension each stay far below what a datagram holds. */
const MAX_NETWORKS = 16;

function networkOrDynamic() {
  const error = mustBe('a network like 10.20.0.0/24, or "dynamic"');
  return z.union([network(), z.literal("dynamic")], { error });
}

export function mobileNetworks() {
  const error = mustBe(`an array of at most ${MAX_NETWORKS} tables`);
  return tables(
    table({
      prefix: networkOrDynamic().describe(
        'The network; "dynamic": the home agent gives one out (RFC 6626), and this node takes its first address on the interface.',
      ),
      prefix_length: integer(0, 30, "a prefix length")
        .default(0)
        .describe("Prefix length to ask for with dynamic; 0 leaves it to the home agent."),
      interface: interfaceName().describe(
        "The link that the network's hosts are on. What comes from there goes through the tunnel or nowhere.",
      ),
    }),
  )
    .max(MAX_NETWORKS, { error })
    .default([])
    .describe("Networks that move with this node, which is their router (RFC 5177).");
}

/** A key of `[registration]`. */
export function networkMode() {
  return choice(["explicit", "implicit"])
    .default("explicit")
    .describe(
      "Do requests name the mobile networks, or does the home agent know them (RFC 5177 §5)?",
    );
}

interface NetworksConfig {
  /** Addresses, or names. */
  readonly home_agent: string | readonly string[];
  readonly interface: readonly { readonly name: string }[];
  readonly mobile_network: readonly {
    readonly prefix: string;
    readonly prefix_length: number;
    readonly interface: string;
  }[];
  readonly registration: { readonly mobile_networks: "explicit" | "implicit" };
}

export function checkNetworks(config: NetworksConfig): ConfigFault[] {
  return config.mobile_network.flatMap((row, index) => {
    const fault = (key: string, message: string): ConfigFault[] => [
      { key: `mobile_network[${index}].${key}`, message },
    ];
    if (config.interface.some(({ name }) => name === row.interface)) {
      return fault("interface", `${row.interface} is one of [[interface]], must be another`);
    }
    const before = config.mobile_network.slice(0, index);
    if (row.prefix === "dynamic") {
      const isTwice = before.some((one) => isDynamic(one) && one.interface === row.interface);
      return isTwice ? fault("interface", `${row.interface} has a dynamic network already`) : [];
    }
    const homeAgents = [config.home_agent].flat().flatMap((text) => parseIpv4(text) ?? []);
    if (homeAgents.some((address) => prefixContains(prefixOf(row), address))) {
      return fault("prefix", `${row.prefix} holds home_agent, must be a network that moves`);
    }
    const other = before.findIndex(
      (one) => !isDynamic(one) && prefixesOverlap(prefixOf(one), prefixOf(row)),
    );
    if (other < 0) return [];
    return fault(
      "prefix",
      `${row.prefix} overlaps mobile_network[${other}].prefix, must be a network of its own`,
    );
  });
}

function isDynamic({ prefix }: { readonly prefix: string }): boolean {
  return prefix === "dynamic";
}

export function toMobileRouter(config: NetworksConfig): MobileRouterConfig {
  return {
    mode: config.registration.mobile_networks,
    networks: config.mobile_network.map((row) => ({
      prefix: isDynamic(row) ? undefined : prefixOf(row),
      wishedLength: row.prefix_length,
      interface: row.interface,
    })),
  };
}
