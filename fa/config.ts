/** The foreign agent's configuration file, and what its core is told of it. */

import * as z from "zod";
import {
  ALL_ROUTERS,
  formatIpv4,
  type Ipv4,
  ipv4,
  isUsableUnicast,
  MOBILE_AGENTS,
} from "../shared/base/address.ts";
import { err, ok, type Result } from "../shared/base/result.ts";
import type { AdvertisingConfig } from "../shared/protocol/advertising-config.ts";
import { checkIntervals, checkUnique, toPeer } from "../shared/service/config/checks.ts";
import {
  ADVERTISEMENT,
  COMMON_PLANNED,
  common,
  deriveIntervals,
  encapsulations,
  journalPath,
  peerAssociation,
  registrationLifetime,
  SECURITY_CONTEXT,
  WITH,
} from "../shared/service/config/sections.ts";
import {
  address,
  choice,
  flag,
  integer,
  interfaceName,
  mustBe,
  seconds,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault, HostFacts, PlannedKey, Resolved } from "../shared/service/program.ts";
import type { FaCoreConfig } from "./core/config.ts";

const careOfAddress = mustBe("an IPv4 address, or an array of at least one");

const link = table({
  name: interfaceName().describe("Link on which visitors are served."),
  care_of_address: z
    .union([address(), z.array(address()).min(1)], {
      error: (issue) => careOfAddress({ input: issue.input }),
    })
    .optional()
    .describe(
      "Where tunnels to this agent end (RFC 5944 §1.1), one or more; by default the first global address of the interface that holds the default route.",
    ),
});

const association = z.discriminatedUnion(
  "with",
  [
    peerAssociation("home-agent"),
    table({
      with: z.literal("mobile-node").describe(WITH),
      home_address: address().describe("The node's home address."),
      ...SECURITY_CONTEXT,
    }),
  ],
  { error: (issue) => wrongPeer(issue.input) },
);

function wrongPeer(input: unknown): string {
  const peer =
    typeof input === "object" && input !== null && "with" in input ? input.with : undefined;
  if (peer === "foreign-agent") {
    return '"foreign-agent": fast handover (RFC 4988) is not built yet, must be "home-agent" or "mobile-node"';
  }
  return mustBe('"home-agent" or "mobile-node"')({ input: peer });
}

/** fa.toml, as the interface contract has it. */
export const faSchema = table({
  interface: tables(link, 1).describe("One for each link on which visitors are served."),
  advertisement: table({
    ...ADVERTISEMENT,
    registration_lifetime: registrationLifetime(
      "Longest registration that is relayed, in seconds; 65535: without end. More is denied with code 69 (RFC 5944 §3.7.2.3).",
    ),
    registration_required: flag()
      .default(true)
      .describe("The R bit: nodes must register even with a care-of address of their own."),
    encapsulations: encapsulations(),
    reverse_tunneling: flag()
      .default(true)
      .describe("The T bit: reverse tunnelling is offered (RFC 3024 §3.1)."),
  })
    .prefault({})
    .transform(deriveIntervals)
    .describe("How the agent advertises itself on its links (RFC 5944 §2.1)."),
  registration: table({
    reverse_tunnel: choice(["allow", "require", "refuse"])
      .default("allow")
      .describe(
        "Reverse tunnelling (RFC 3024): as the node asks, only with it (code 75), or never (code 74).",
      ),
    pending_timeout: seconds(0.1, 60)
      .default(7)
      .describe(
        "Seconds that a relayed request waits for its reply, then code 78 (RFC 5944 §3.7.1).",
      ),
  })
    .prefault({})
    .describe("What is asked of requests that are relayed."),
  limits: table({
    visitors: integer(1, 100_000)
      .default(1024)
      .describe("Visitors served at a time; beyond, code 66 and the B bit."),
    pending: integer(1, 100_000).default(256).describe("Requests that wait for a reply at a time."),
  })
    .prefault({})
    .describe("Bounds of the tables."),
  state: table({ path: journalPath("/var/lib/mip4/fa.journal", "the visitor list") })
    .prefault({})
    .describe("What outlives the program."),
  security_association: tables(association)
    .default([])
    .describe("Associations with home agents and mobile nodes; none is needed (RFC 5944 §3.5)."),
  ...common("fa", 434, 4340),
});

export type FaConfig = z.output<typeof faSchema>;

const CHALLENGES = "challenges (RFC 4721) are not built yet";
const FAST_HANDOVER = "fast handover (RFC 4988) is not built yet";

export const faPlanned = {
  ...COMMON_PLANNED,
  "advertisement.udp_tunneling": { why: "NAT traversal (RFC 3519) is not built yet", off: false },
  "advertisement.challenge": { why: CHALLENGES, off: false },
  // Nothing issues challenges, so how many past ones are good changes nothing.
  "advertisement.challenge_window": { why: CHALLENGES, off: 2 },
  "advertisement.revocation": { why: "revocation (RFC 3543) is not built yet", off: false },
  fast_handover: { why: FAST_HANDOVER },
  "fast_handover.enabled": { why: FAST_HANDOVER, off: false },
  "fast_handover.buffer_packets": { why: FAST_HANDOVER, off: 256 },
  "security_association.nai": { why: "network access identifiers (RFC 2794) are not built yet" },
} satisfies Readonly<Record<string, PlannedKey>>;

/** A care-of address is the agent's own and reachable from everywhere (RFC 5944 §1.1). */
function isGlobal(address: Ipv4): boolean {
  const isLinkLocal = address >>> 16 === 0xa9fe;
  return isUsableUnicast(address) && !isLinkLocal;
}

/** The care-of address of a link that names none: the one by which the machine reaches the world. */
export function completeFa(
  config: FaConfig,
  host: HostFacts,
): Result<FaConfig, readonly ConfigFault[]> {
  const uplink = host.defaultInterface;
  const found = uplink === undefined ? [] : (host.addresses.get(uplink) ?? []);
  const fallback = found.find((prefix) => isGlobal(prefix.address))?.address;
  const faults: ConfigFault[] = [];
  const links = config.interface.map((each, index) => {
    if (each.care_of_address !== undefined) return each;
    if (fallback !== undefined) return { ...each, care_of_address: formatIpv4(fallback) };
    const why =
      uplink === undefined
        ? "no interface holds a default route"
        : `${uplink}, which holds the default route, has no global address`;
    const message = `missing, and ${why}, must be the address of this agent that tunnels end at`;
    faults.push({ key: `interface[${index}].care_of_address`, message });
    return each;
  });
  return faults.length > 0 ? err(faults) : ok({ ...config, interface: links });
}

export function crossCheckFa(config: FaConfig): ConfigFault[] {
  const faults = [
    ...checkIntervals(config.advertisement),
    ...checkUnique("interface", config.interface, (row) => row.name, "name"),
    ...checkUnique(
      "security_association",
      config.security_association,
      (row) =>
        `${row.with} ${row.with === "mobile-node" ? row.home_address : row.address} spi ${row.spi}`,
      "spi",
    ),
  ];
  if (config.registration.reverse_tunnel === "require" && !config.advertisement.reverse_tunneling) {
    const message = 'false while registration.reverse_tunnel is "require", must be true';
    faults.push({ key: "advertisement.reverse_tunneling", message });
  }
  return faults;
}

function careOfAddresses(link: FaConfig["interface"][number]): readonly Ipv4[] {
  const given = link.care_of_address ?? [];
  return (typeof given === "string" ? [given] : given).map(ipv4);
}

export function resolveFa(config: FaConfig): Resolved<FaCoreConfig> {
  const { advertisement, registration, limits } = config;
  // Without the capability every request for it is refused, and it is not advertised.
  const reverseTunnel = advertisement.reverse_tunneling ? registration.reverse_tunnel : "refuse";
  const links = config.interface.map(
    (link): AdvertisingConfig => ({
      interface: link.name,
      careOfAddresses: careOfAddresses(link),
      extraRouterAddresses: [],
      home: false,
      foreign: true,
      maxInterval: advertisement.max_interval,
      minInterval: advertisement.min_interval,
      lifetime: advertisement.lifetime,
      registrationLifetime: advertisement.registration_lifetime,
      registrationRequired: advertisement.registration_required,
      encapsulations: advertisement.encapsulations,
      reverseTunneling: reverseTunnel !== "refuse",
      udpTunneling: false,
      revocation: false,
      prefixLengths: advertisement.prefix_lengths,
      destination: ipv4(advertisement.destination),
      mobilityOnly: false,
    }),
  );
  const addresses = [...new Set(links.flatMap((link) => link.careOfAddresses))];
  return {
    core: {
      links,
      registrationLifetime: advertisement.registration_lifetime,
      encapsulations: advertisement.encapsulations,
      reverseTunnel,
      pendingTimeout: registration.pending_timeout,
      maxVisitors: limits.visitors,
      maxPending: limits.pending,
      homeAgents: config.security_association.flatMap((row) =>
        row.with === "home-agent" ? [toPeer(row, row.address)] : [],
      ),
      mobileNodes: config.security_association.flatMap((row) =>
        row.with === "mobile-node" ? [toPeer(row, row.home_address)] : [],
      ),
    },
    wiring: {
      links: links.map((link) => ({
        interface: link.interface,
        // Solicitations (ICMP type 10) and registration requests.
        filter: { udpPort: 434, icmpTypes: [10] },
        groups: [MOBILE_AGENTS, ALL_ROUTERS],
      })),
      udpAddresses: addresses,
      icmpErrors: true,
      tunnelAddresses: addresses,
    },
    journalPath: config.state.path,
  };
}
