/** The home agent's configuration file, and what its core is told of it. */

import type * as z from "zod";
import {
  ALL_ROUTERS,
  type Ipv4,
  ipv4,
  MOBILE_AGENTS,
  type Prefix,
  parsePrefix,
  prefixContains,
} from "../shared/base/address.ts";
import { assert, ok, type Result } from "../shared/base/result.ts";
import type { AdvertisingConfig } from "../shared/protocol/advertising-config.ts";
import type { SecurityContext } from "../shared/security/association.ts";
import {
  checkAdvertisement,
  checkUnique,
  routerAddressRules,
  toContext,
  toPeer,
} from "../shared/service/config/checks.ts";
import {
  ADVERTISEMENT,
  common,
  deriveIntervals,
  encapsulations,
  journalPath,
  peerAssociation,
  registrationLifetime,
  SECURITY_CONTEXT,
} from "../shared/service/config/sections.ts";
import {
  address,
  choice,
  flag,
  integer,
  interfaceName,
  network,
  seconds,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault, PlannedKey, Resolved } from "../shared/service/program.ts";
import type { HaCoreConfig, MobileNodeConfig } from "./core/config.ts";

/** ha.toml, as the interface contract has it. */
export const haSchema = table({
  address: address().describe(
    "The home agent's own address, which nodes register with and tunnels end at.",
  ),
  home_network: tables(
    table({
      prefix: network().describe("Prefix of the home network."),
      interface: interfaceName()
        .optional()
        .describe("The home link; without it the home network is virtual (RFC 5944 §1.6)."),
    }),
    1,
  ).describe("The networks whose nodes are stood in for, at least one."),
  mobile_node: tables(
    table({
      home_address: address().describe(
        "The node's home address; several rows with one address are several associations of one node.",
      ),
      ...SECURITY_CONTEXT,
    }),
  )
    .default([])
    .describe("The nodes that may register, each with an association."),
  registration: table({
    max_lifetime: registrationLifetime(
      "Longest registration that is granted, in seconds; 65535: without end. Who asks for more gets this (RFC 5944 §3.8.2.2).",
    ),
    encapsulations: encapsulations(["ipip", "gre", "minimal"]),
    reverse_tunnel: choice(["allow", "require", "refuse"])
      .default("allow")
      .describe(
        "Reverse tunnelling (RFC 3024): as the node asks, only with it (code 138), or never (code 137).",
      ),
    replay_window: seconds(1, 3600)
      .default(7)
      .describe(
        "Seconds by which a node's clock may differ, for associations with timestamps; beyond, code 133 (RFC 5944 §5.7.1).",
      ),
  })
    .prefault({})
    .describe("What is granted."),
  revocation: table({
    inform: flag()
      .default(true)
      .describe(
        "Where a foreign agent leaves it to the home agent: is a node told that its binding was revoked (RFC 3543 §3.2)? Revocations need an association with the foreign agent.",
      ),
  })
    .prefault({})
    .describe("How bindings are revoked (RFC 3543)."),
  limits: table({
    bindings: integer(1, 1_000_000)
      .default(100_000)
      .describe("Bindings kept at a time; beyond, code 130."),
  })
    .prefault({})
    .describe("Bounds of the tables."),
  advertisement: table(ADVERTISEMENT)
    .prefault({})
    .transform(deriveIntervals)
    .describe("How it advertises itself on its home links, with the H bit (RFC 5944 §2.1)."),
  nat_traversal: table({
    enabled: flag()
      .default(true)
      .describe(
        "Tunnels in UDP for those behind a NAT that ask for them (RFC 3519); without it they are denied with code 129.",
      ),
    force: flag()
      .default(false)
      .describe(
        "Also for those who force it without a NAT on the way (RFC 3519 §3.1.1); otherwise code 129.",
      ),
    keepalive: integer(10, 65535, "seconds")
      .default(110)
      .describe(
        "Seconds without a packet after which the other end is to send a keepalive: less than NATs keep a mapping (RFC 3519 §3.2, §4.9).",
      ),
    max_lifetime: registrationLifetime(
      "Longest registration that is granted with a tunnel in UDP, in seconds: a NAT that lost its mapping cuts the node off until it registers again (RFC 3519 §5.2).",
      60,
    ),
  })
    .prefault({})
    .describe("How those behind a NAT are served (RFC 3519)."),
  security_association: tables(peerAssociation("foreign-agent"))
    .default([])
    .describe("Associations with foreign agents; none is needed (RFC 5944 §3.5)."),
  store: table({
    kind: choice(["journal"], { redis: "the Redis store is not built yet" })
      .default("journal")
      .describe("Where bindings are kept: a journal, one file."),
    path: journalPath("/var/lib/mip4/ha.journal", "bindings and replay state"),
  })
    .prefault({})
    .describe("What outlives the program."),
  ...common("ha", 436, 4360),
});

export type HaConfig = z.output<typeof haSchema>;

export const haPlanned = {
  "mobile_node.nai": { why: "network access identifiers (RFC 2794) are not built yet" },
  "mobile_node.networks": { why: "mobile networks (RFC 5177) are not built yet", off: [] },
  address_pool: { why: "dynamic home addresses (RFC 2794) are not built yet" },
} satisfies Readonly<Record<string, PlannedKey>>;

/** Nothing in ha.toml depends on the machine. */
export function completeHa(config: HaConfig): Result<HaConfig, readonly ConfigFault[]> {
  return ok(config);
}

function prefixOf(row: { readonly prefix: string }): Prefix {
  const prefix = parsePrefix(row.prefix);
  assert(prefix !== undefined, "the schema lets no other text pass");
  return prefix;
}

export function crossCheckHa(config: HaConfig): ConfigFault[] {
  const networks = config.home_network.map(prefixOf);
  const faults = [
    ...checkAdvertisement(config.advertisement),
    ...checkUnique(
      "home_network",
      config.home_network,
      (row) => row.interface ?? `virtual ${row.prefix}`,
      "interface",
    ),
    ...checkUnique(
      "mobile_node",
      config.mobile_node,
      (row) => `${row.home_address} spi ${row.spi}`,
      "spi",
    ),
    ...checkUnique(
      "security_association",
      config.security_association,
      (row) => `${row.address} spi ${row.spi}`,
      "spi",
    ),
  ];
  for (const [index, prefix] of networks.entries()) {
    const other = networks.findIndex(
      (earlier) =>
        prefixContains(earlier, prefix.address) || prefixContains(prefix, earlier.address),
    );
    if (other === index) continue;
    const message = `overlaps home_network[${other}].prefix, must be a network of its own`;
    faults.push({ key: `home_network[${index}].prefix`, message });
  }
  for (const [index, node] of config.mobile_node.entries()) {
    const key = `mobile_node[${index}].home_address`;
    const home = ipv4(node.home_address);
    if (!networks.some((prefix) => prefixContains(prefix, home))) {
      const allowed = config.home_network.map((row) => row.prefix).join(" or ");
      faults.push({
        key,
        message: `${node.home_address} is in no home network, must be in ${allowed}`,
      });
    }
    if (node.home_address === config.address) {
      faults.push({
        key,
        message: `${node.home_address} is the home agent's own, must be another`,
      });
    }
  }
  return faults;
}

/** Rows with one home address are one node with several security contexts. */
function mobileNodes(config: HaConfig): MobileNodeConfig[] {
  const nodes = new Map<Ipv4, SecurityContext[]>();
  for (const row of config.mobile_node) {
    const homeAddress = ipv4(row.home_address);
    nodes.set(homeAddress, [...(nodes.get(homeAddress) ?? []), toContext(row)]);
  }
  return [...nodes].map(([homeAddress, associations]) => ({ homeAddress, associations }));
}

export function resolveHa(config: HaConfig): Resolved<HaCoreConfig> {
  const own = ipv4(config.address);
  const { advertisement, registration } = config;
  const homeNetworks = config.home_network.map((row) => ({
    prefix: prefixOf(row),
    interface: row.interface,
  }));
  const homeLinks = homeNetworks.flatMap((row) => row.interface ?? []);
  const links = homeLinks.map(
    (name): AdvertisingConfig => ({
      interface: name,
      careOfAddresses: [],
      // So that its nodes know it whatever its address on this link is.
      extraRouterAddresses: [own],
      home: true,
      foreign: false,
      maxInterval: advertisement.max_interval,
      minInterval: advertisement.min_interval,
      lifetime: advertisement.lifetime,
      registrationLifetime: registration.max_lifetime,
      registrationRequired: false,
      encapsulations: registration.encapsulations,
      reverseTunneling: registration.reverse_tunnel !== "refuse",
      udpTunneling: false,
      revocation: false,
      prefixLengths: advertisement.prefix_lengths,
      destination: ipv4(advertisement.destination),
      // It forwards whatever reaches it (ip_forward is on), so a node back home may use it.
      mobilityOnly: false,
      addressRules: routerAddressRules(advertisement.address),
    }),
  );
  return {
    core: {
      address: own,
      homeNetworks,
      mobileNodes: mobileNodes(config),
      maxLifetime: registration.max_lifetime,
      encapsulations: registration.encapsulations,
      reverseTunnel: registration.reverse_tunnel,
      replayWindow: registration.replay_window,
      maxBindings: config.limits.bindings,
      natTraversal: {
        enabled: config.nat_traversal.enabled,
        force: config.nat_traversal.force,
        keepalive: config.nat_traversal.keepalive,
        maxLifetime: config.nat_traversal.max_lifetime,
      },
      informRevoked: config.revocation.inform,
      foreignAgents: config.security_association.map((row) => toPeer(row, row.address)),
      links,
    },
    wiring: {
      links: homeLinks.map((name) => ({
        interface: name,
        // Registration at home, and solicitations (ICMP type 10).
        filter: { udpPort: 434, icmpTypes: [10], arp: false },
        groups: [MOBILE_AGENTS, ALL_ROUTERS],
      })),
      udpAddresses: [own],
      icmpErrors: false,
      tunnelAddresses: [own],
    },
    journalPath: config.store.path,
  };
}
