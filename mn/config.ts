/** The mobile node's configuration file, and what its core is told of it. */

import * as z from "zod";
import { ipv4, networkOf, parseIpv4, UNSPECIFIED } from "../shared/base/address.ts";
import { assert, ok, type Result } from "../shared/base/result.ts";
import { MAX_PLANE } from "../shared/forwarding/kernel-objects.ts";
import { checkUnique, toContext, toPeer } from "../shared/service/config/checks.ts";
import {
  common,
  encapsulation,
  journalPath,
  peerAssociation,
  registrationLifetime,
  SECURITY_CONTEXT,
  WITH,
} from "../shared/service/config/sections.ts";
import {
  address,
  choice,
  dnsName,
  flag,
  integer,
  interfaceName,
  mustBe,
  nai,
  seconds,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault, PlannedKey, Resolved } from "../shared/service/program.ts";
import { ICMP_EXPERIMENTAL_MOBILITY } from "../shared/wire/icmp/fast-handover.ts";
import { fastHandover, resolveFastHandover } from "./config-fast-handover.ts";
import { checkNetworks, mobileNetworks, networkMode, toMobileRouter } from "./config-networks.ts";
import { checkRouting, routing, toPolicy } from "./config-routing.ts";
import type { HomeAgentSource, MnSettings } from "./core/config.ts";

const association = z.discriminatedUnion(
  "with",
  [
    table({ with: z.literal("home-agent").describe(WITH), ...SECURITY_CONTEXT }),
    peerAssociation("foreign-agent"),
    table({ with: z.literal("aaa").describe(WITH), ...SECURITY_CONTEXT }),
  ],
  {
    error: ({ input }) => {
      const row =
        typeof input === "object" && input !== null && "with" in input ? input.with : undefined;
      return mustBe('"home-agent", "foreign-agent" or "aaa"')({ input: row });
    },
  },
);

/** mn.toml, as the interface contract has it. */
export const mnSchema = table({
  home_address: addressOrDynamic().describe(
    'The address that this node keeps wherever it is; "dynamic" asks the home agent for one, by nai (RFC 2794), and keeps it for as long as it is registered.',
  ),
  nai: nai()
    .optional()
    .describe("Who this node is, in every request (Network Access Identifier, RFC 2794)."),
  home_prefix_length: integer(1, 32, "a prefix length")
    .default(24)
    .describe("Length of the home network's prefix, in bits."),
  home_agent: homeAgents().describe(
    'The home agent: its address as its configuration has it, or a DNS name, which is resolved again when it fails; several in order of preference. "dynamic", alone or first: the network chooses one for a node with a nai (RFC 4433), of which the others are told as a wish and which they stand in for; without a nai the home network is asked (RFC 5944 §3.6.1.2).',
  ),
  registration: table({
    lifetime: registrationLifetime(
      "Seconds asked for (RFC 5944 §3.3), renewed before they are over; 65535: without end. The agents may grant less.",
    ),
    reverse_tunnel: flag()
      .default(true)
      .describe("Ask for reverse tunnelling (the T bit, RFC 3024 §3.2)."),
    delivery_style: choice(["direct", "encapsulating"])
      .default("direct")
      .describe(
        "How packets reach the foreign agent with a reverse tunnel: straight to it as a router (RFC 3024 §5.1), or encapsulated, which takes groups and broadcasts along (§5.2).",
      ),
    simultaneous: choice(["auto", "always", "off"])
      .default("auto")
      .describe(
        "Keep the former binding for two seconds where the next way is taken while the former one still works (the S bit, RFC 5944 §3.6.1.2): nothing that is under way is lost, in either direction. auto: between addresses of this node's own, whose tunnels' copies are dropped here. always: through foreign agents too, by which packets then arrive twice.",
      ),
    broadcasts: flag()
      .default(false)
      .describe(
        "Have a copy of what is sent to all of the home link (the B bit, RFC 5944 §4.3). Which ones the home agent's administrator decides.",
      ),
    encapsulation: encapsulation()
      .default("ipip")
      .describe(
        "Encapsulation asked for where the agent offers it: IP in IP (RFC 2003), minimal encapsulation (RFC 2004) or GRE (RFC 2784).",
      ),
    revocation: flag()
      .default(true)
      .describe(
        "With an address of this node's own: be told when the home agent ends the registration (RFC 3543).",
      ),
    nat_traversal: choice(["auto", "force", "off"])
      .default("auto")
      .describe(
        "Tunnels in UDP with an address of this node's own (RFC 3519): where the home agent sees a NAT on the way, always (if it allows that), never.",
      ),
    keepalive: integer(10, 3600, "seconds")
      .default(110)
      .describe(
        "Seconds without traffic to the home agent after which a keepalive keeps a NAT's mapping, where the home agent leaves it to this node (RFC 3519 §4.9).",
      ),
    host_configuration: flag()
      .default(false)
      .describe(
        "Ask the home agent for the home network's name servers and the like (RFC 4332), for hooks on the event host-configuration; nothing is changed here.",
      ),
    mobile_networks: networkMode(),
  })
    .prefault({})
    .describe("What is asked for in requests."),
  movement: table({
    algorithm: choice(["lazy", "prefix", "eager"])
      .default("lazy")
      .describe(
        "How the node notices that it has moved when the link does not tell. lazy: when the agent's advertisement runs out (RFC 5944 §2.4.2.1). prefix: when another agent is heard for the first time and both tell that they are on different networks (§2.4.2.2). eager: when another agent is heard for the first time.",
      ),
    probe_interval: seconds(0, 60)
      .default(0.35)
      .describe(
        "Seconds between two looks at the way in use, when nothing has come by it since: an echo to the home agent through the tunnel of an address of the node's own, a unicast ARP request to a foreign agent; 0: the way is not watched. Who has never answered is not judged by it.",
      ),
    probe_misses: integer(1, 100, "a number of echoes")
      .default(3)
      .describe(
        "So many of them in a row without an answer, and the way counts as lost: another one is taken.",
      ),
  })
    .prefault({})
    .describe("Movement detection."),
  interface: tables(
    table({
      name: interfaceName().describe("Link on which agents are looked for."),
      mode: choice(["auto", "foreign-agent", "co-located"])
        .default("auto")
        .describe(
          "Where the care-of address comes from: a foreign agent, or the interface's own address and the gateway of its default route (co-located). auto takes a foreign agent if one is heard within three solicitations or requires registration (the R bit), else its own address.",
        ),
      discovery: flag()
        .default(true)
        .describe(
          "Look for agents on this link (RFC 1256 §5.1, PerformRouterDiscovery). Without it advertisements are ignored, and home is not recognised there.",
        ),
      solicitation_address: choice(["224.0.0.2", "224.0.0.11", "255.255.255.255"])
        .default("224.0.0.2")
        .describe(
          "Where solicitations go: all routers, all mobility agents, or, where multicast does not work, all (RFC 1256 §5.1, RFC 5944 §2.4).",
        ),
    }),
    1,
  ).describe("One for each link, in order of preference."),
  mobile_network: mobileNetworks(),
  routing: routing(),
  security_association: tables(association, 1).describe(
    "One with the home agent, which is needed (RFC 5944 §3.2), any with foreign agents, and one with the home domain's AAA server, for foreign agents that ask it (RFC 4721 §6).",
  ),
  fast_handover: fastHandover,
  state: table({
    path: journalPath(
      "/var/lib/mip4/mn.journal",
      "the last Identification sent and the home address assigned",
    ),
  })
    .prefault({})
    .describe("What outlives the program."),
  ...common("mn", 435, 4350),
});

function homeAgents() {
  const what = 'an address like 198.51.100.1, a DNS name or "dynamic"';
  const error = mustBe(`${what}, or an array of those`);
  const one = z.union([address(), dnsName()], { error: mustBe(what) });
  const several = z.array(one, { error }).min(1, { error }).max(16, { error });
  return z.union([one, several], { error });
}

function addressOrDynamic() {
  const error = mustBe('the IPv4 address of one node, like 192.0.2.1, or "dynamic"');
  return z.union([address(), z.literal("dynamic")], { error });
}

export type MnConfig = z.output<typeof mnSchema>;

export const mnPlanned: Readonly<Record<string, PlannedKey>> = {};

function probingOf({ probe_interval: interval, probe_misses: misses }: MnConfig["movement"]) {
  return interval === 0 ? undefined : { interval, misses };
}

/** Nothing in mn.toml depends on the machine. */
export function completeMn(config: MnConfig): Result<MnConfig, readonly ConfigFault[]> {
  return ok(config);
}

export function crossCheckMn(config: MnConfig): ConfigFault[] {
  const faults = [
    ...checkUnique("interface", config.interface, (row) => row.name, "name"),
    ...checkNetworks(config),
    ...checkRouting(config),
    ...checkUnique(
      "security_association",
      config.security_association,
      // One with the home agent, one with the AAA server; any number with foreign agents.
      (row) => (row.with === "foreign-agent" ? `${row.address} spi ${row.spi}` : row.with),
      "with",
    ),
  ];
  if (config.interface.length > MAX_PLANE) {
    const message = `${config.interface.length} of them, must be at most ${MAX_PLANE}`;
    faults.push({ key: "interface", message });
  }
  if (!config.security_association.some((row) => row.with === "home-agent")) {
    const message = 'none with "home-agent", must hold one (RFC 5944 section 3.2)';
    faults.push({ key: "security_association", message });
  }
  if (config.home_address === "dynamic" && config.nai === undefined) {
    const message = '"dynamic" needs nai, by which the home agent knows this node (RFC 2794)';
    faults.push({ key: "home_address", message });
  }
  return [...faults, ...homeAgentFaults(config)];
}

function homeAgentFaults({ home_agent, home_address, nai: name }: MnConfig): ConfigFault[] {
  const fault = (message: string): ConfigFault => ({ key: "home_agent", message });
  const list = [home_agent].flat();
  const faults: ConfigFault[] = [];
  if (list.includes(home_address) && home_address !== "dynamic") {
    faults.push(fault(`${home_address} is the home_address, must be another address`));
  }
  if (list.lastIndexOf("dynamic") > 0) faults.push(fault('"dynamic" must be the first'));
  if (new Set(list).size < list.length) faults.push(fault("each must be there only once"));
  if (list[0] === "dynamic" && name === undefined && list.length > 1) {
    faults.push(fault('"dynamic" with others needs nai (RFC 4433)'));
  }
  return faults;
}

function homeAgentSource(text: string): HomeAgentSource {
  if (text === "dynamic") return { kind: "assigned" };
  const address = parseIpv4(text);
  return address === undefined ? { kind: "name", name: text } : { kind: "address", address };
}

export function resolveMn(config: MnConfig): Resolved<MnSettings> {
  const { home_address: address } = config;
  const homeAddress = address === "dynamic" ? UNSPECIFIED : ipv4(address);
  const home = config.security_association.find((row) => row.with === "home-agent");
  assert(home !== undefined, "crossCheckMn lets no configuration pass without it");
  const aaa = config.security_association.find((row) => row.with === "aaa");
  const interfaces = config.interface.map((row) => ({
    name: row.name,
    mode: row.mode,
    discovery: row.discovery,
    solicitationAddress: ipv4(row.solicitation_address),
  }));
  return {
    core: {
      homeAddress,
      homePrefix: networkOf({ address: homeAddress, length: config.home_prefix_length }),
      homeAgents: [config.home_agent].flat().map(homeAgentSource),
      nai: config.nai,
      interfaces,
      registration: {
        lifetime: config.registration.lifetime,
        reverseTunnel: config.registration.reverse_tunnel,
        simultaneous: config.registration.simultaneous,
        encapsulation: config.registration.encapsulation,
        broadcasts: config.registration.broadcasts,
        revocation: config.registration.revocation,
        deliveryStyle: config.registration.delivery_style,
        natTraversal: config.registration.nat_traversal,
        keepalive: config.registration.keepalive,
        hostConfiguration: config.registration.host_configuration,
      },
      mobileRouter: toMobileRouter(config),
      policy: toPolicy(config),
      movement: config.movement.algorithm,
      probing: probingOf(config.movement),
      fastHandover: resolveFastHandover(config),
      homeAssociation: toContext(home),
      aaa: aaa === undefined ? undefined : toContext(aaa),
      foreignAgents: config.security_association.flatMap((row) =>
        row.with === "foreign-agent" ? [toPeer(row, row.address)] : [],
      ),
    },
    wiring: {
      links: interfaces.map(({ name }) => ({
        interface: name,
        // Replies, advertisements (ICMP type 9) and proxy ones, and ARP for RFC 5944 §4.6.
        filter: { udpPort: 434, icmpTypes: [9, ICMP_EXPERIMENTAL_MOBILITY], arp: true },
        // 224.0.0.1 is joined by every host.
        groups: [],
      })),
      udpAddresses: [],
      icmpErrors: false,
      tunnelAddresses: [],
    },
    journalPath: config.state.path,
  };
}
