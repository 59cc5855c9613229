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
import { prefixOf } from "../shared/service/config/values.ts";
import type { HaConfig } from "./config.ts";

/** SPIs up to 255 are reserved (RFC 5944 §1.6). */
const FIRST_SPI = 256;
/** Octets of a key, as long as what HMAC makes of it (RFC 2104 §3). */
export const KEY_OCTETS = { "hmac-md5": 16, "hmac-sha1": 20, "hmac-sha256": 32 } as const;

export type ProvisionedAlgorithm = keyof typeof KEY_OCTETS;

export interface NewNode {
  /** A home address, or a NAI. */
  readonly name: string;
  /** Beside a NAI; without one the node's address is dynamic. */
  readonly homeAddress?: string | undefined;
  readonly interface: string;
  readonly algorithm: ProvisionedAlgorithm;
  /** `KEY_OCTETS` random ones. */
  readonly key: Uint8Array;
}

/** The two parts, as TOML. */
export interface Stanzas {
  /** To be added to ha.toml. */
  readonly homeAgent: string;
  /** A whole mn.toml. */
  readonly mobileNode: string;
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
  const identity = [
    `home_address = "${home}"`,
    ...(nai === undefined ? [] : [`nai = ${quote(nai)}`]),
  ];
  const key = Buffer.from(node.key).toString("hex");
  const secret = [`spi = ${FIRST_SPI}`, `key = "${key}"`, `algorithm = "${node.algorithm}"`];
  return ok({
    homeAgent: lines("[[mobile_node]]", ...identity, ...secret),
    mobileNode: lines(
      ...identity,
      `home_prefix_length = ${prefix.value}`,
      `home_agent = "${config.address}"`,
      "[[interface]]",
      `name = ${quote(node.interface)}`,
      "[[security_association]]",
      'with = "home-agent"',
      ...secret,
    ),
  });
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

/** JSON's strings are TOML's, too. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
