/** What a mobile node's and its home agent's configuration must say about each other, as TOML. */

/** SPIs up to 255 are reserved (RFC 5944 §1.6). */
const FIRST_SPI = 256;

/** Octets of a key, as long as what HMAC makes of it (RFC 2104 §3). */
export const KEY_OCTETS = { "hmac-md5": 16, "hmac-sha1": 20, "hmac-sha256": 32 } as const;

export type NodeAlgorithm = keyof typeof KEY_OCTETS;

export interface NodeTerms {
  /** Or "dynamic". */
  readonly homeAddress: string;
  readonly nai?: string | undefined;
  readonly homePrefixLength: number;
  readonly homeAgent: string;
  /** In order of preference. */
  readonly interfaces: readonly string[];
  /** Networks that move with the node, each with the link that its hosts are on. */
  readonly networks?: readonly { readonly prefix: string; readonly interface: string }[];
  readonly algorithm: NodeAlgorithm;
  /** `KEY_OCTETS` random ones. */
  readonly key: Uint8Array;
}

export interface Stanzas {
  /** To be added to ha.toml. */
  readonly homeAgent: string;
  /** A whole mn.toml. */
  readonly mobileNode: string;
}

export function nodeStanzas(terms: NodeTerms): Stanzas {
  const { nai, algorithm, networks = [] } = terms;
  const identity = [
    `home_address = ${quote(terms.homeAddress)}`,
    ...(nai === undefined ? [] : [`nai = ${quote(nai)}`]),
  ];
  const key = Buffer.from(terms.key).toString("hex");
  const secret = [`spi = ${FIRST_SPI}`, `key = "${key}"`, `algorithm = "${algorithm}"`];
  return {
    homeAgent: lines("[[mobile_node]]", ...identity, ...networksOf(networks), ...secret),
    mobileNode: lines(
      ...identity,
      `home_prefix_length = ${terms.homePrefixLength}`,
      `home_agent = ${quote(terms.homeAgent)}`,
      ...terms.interfaces.flatMap((name) => ["[[interface]]", `name = ${quote(name)}`]),
      ...networks.flatMap((network) => [
        "[[mobile_network]]",
        `prefix = ${quote(network.prefix)}`,
        `interface = ${quote(network.interface)}`,
      ]),
      "[[security_association]]",
      'with = "home-agent"',
      ...secret,
    ),
  };
}

/** Those that are named, and how many may be given out. */
function networksOf(networks: readonly { readonly prefix: string }[]): string[] {
  const named = networks.map(({ prefix }) => prefix).filter((prefix) => prefix !== "dynamic");
  const dynamic = networks.length - named.length;
  return [
    ...(named.length === 0 ? [] : [`networks = [${named.map(quote).join(", ")}]`]),
    ...(dynamic === 0 ? [] : [`dynamic_networks = ${dynamic}`]),
  ];
}

/** JSON's strings are TOML's, too. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
