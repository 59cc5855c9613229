/** The home agent's configuration file. */

import * as z from "zod";
import {
  ADVERTISEMENT,
  common,
  deriveIntervals,
  encapsulations,
  peerAssociation,
  registrationLifetime,
  SECURITY_CONTEXT,
} from "../shared/service/config/sections.ts";
import {
  address,
  addressRange,
  choice,
  flag,
  integer,
  interfaceName,
  mustBe,
  nai,
  network,
  ports,
  seconds,
  table,
  tables,
  utf8,
} from "../shared/service/config/values.ts";
import type { PlannedKey } from "../shared/service/program.ts";
import { NODE_NETWORKS, networkPools } from "./config-networks.ts";
import { store } from "./config-store.ts";

/** A node's home address, or that it gets one. */
function homeAddress() {
  const error = mustBe('the IPv4 address of one node, like 10.1.0.7, or "dynamic"');
  return z.union([z.literal("dynamic"), address()], { error });
}

/** What one node may have; what is absent is as for all. */
const NODE_LIMITS = {
  max_lifetime: registrationLifetime("")
    .removeDefault()
    .optional()
    .describe(
      "Longest registration of this node, in seconds; by default registration.max_lifetime.",
    ),
  encapsulations: encapsulations()
    .removeDefault()
    .optional()
    .describe("Encapsulations that this node may have; by default registration.encapsulations."),
  reverse_tunnel: choice(["allow", "require", "refuse"])
    .optional()
    .describe("Reverse tunnelling of this node; by default registration.reverse_tunnel."),
  care_of_networks: z
    .array(network(), { error: mustBe("an array of networks like 192.0.2.0/24") })
    .default([])
    .describe(
      "Networks in which its care-of address may be, code 129 elsewhere; empty: everywhere (RFC 5944 §3.8.2.3).",
    ),
};

/** ha.toml, as the interface contract has it. */
export const haSchema = table({
  address: address().describe(
    "The home agent's own address, which nodes register with and tunnels end at.",
  ),
  identity: nai()
    .optional()
    .describe(
      "The home agent's own name as hostname@realm, told to nodes that register anew (RFC 3846 §4); absent: it is not told.",
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
      home_address: homeAddress()
        .default("dynamic")
        .describe(
          'The node\'s home address; "dynamic": one of an address_pool, by its nai. Several rows with one address, or one nai, are several associations of one node.',
        ),
      nai: nai()
        .optional()
        .describe(
          "The node's Network Access Identifier, by which it may ask for its home address (RFC 2794).",
        ),
      ...NODE_NETWORKS,
      ...NODE_LIMITS,
      ...SECURITY_CONTEXT,
    }),
  )
    .default([])
    .describe("The nodes that may register, each with an association."),
  address_pool: tables(
    table({
      range: addressRange().describe(
        "Home addresses that are given out, first and last, in one home network; those of nodes and of the home agent itself are left out. With one for each node none is given away while its node is at home with it.",
      ),
    }),
  )
    .default([])
    .describe("Where nodes with a dynamic home address get it from (RFC 2794, RFC 5944 §3.8.1)."),
  network_pool: networkPools(),
  redirection: table({
    home_agent: address()
      .optional()
      .describe(
        "Where nodes are sent that leave the choice of their home agent open and have no binding here, with code 143 (RFC 4433 §5.3); absent: nowhere.",
      ),
    above: integer(0, 1_000_000)
      .default(0)
      .describe("Only while there are so many bindings here, or more."),
  })
    .prefault({})
    .describe("How load is shared with another home agent (RFC 4433)."),
  host_configuration: table({
    default_gateway: address().optional().describe("Default router of the home network."),
    dns_servers: z
      .array(address(), { error: mustBe("an array of addresses, at most two") })
      .max(2, { error: mustBe("an array of addresses, at most two") })
      .default([])
      .describe("Name servers of the home network, two at most."),
    dns_suffix: utf8("a domain name", 245)
      .optional()
      .describe("Domain that names are looked up in."),
    url: utf8("a URL", 245).optional().describe("Where a node finds more of its configuration."),
  })
    .prefault({})
    .describe(
      "What nodes are told that ask how a host of their home network is set up (RFC 4332), with the length of its prefix.",
    ),
  registration: table({
    denial_message: utf8("a text", 253)
      .optional()
      .describe(
        "Text for the users of nodes that are denied, in every denial (RFC 4917): whom to call, say.",
      ),
    max_lifetime: registrationLifetime(
      "Longest registration that is granted, in seconds; 65535: without end. Who asks for more gets this (RFC 5944 §3.8.2.2).",
    ),
    encapsulations: encapsulations(["ipip", "gre", "minimal"]),
    reverse_tunnel: choice(["allow", "require", "refuse"])
      .default("allow")
      .describe(
        "Reverse tunnelling (RFC 3024): as the node asks, only with it (code 138), or never (code 137).",
      ),
    replaced_grace: seconds(0, 10)
      .default(2)
      .describe(
        "Seconds after a node has moved in which packets that it sent by the former care-of address are still taken from the reverse tunnel (RFC 3024 §4.3.2): they are under way. 0: none.",
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
  broadcast: table({
    enabled: flag()
      .default(true)
      .describe(
        "Broadcasts of a home link go to its nodes that ask for them with the B bit (RFC 5944 §4.3).",
      ),
    udp_ports: ports()
      .default([])
      .describe(
        "Only UDP datagrams to these ports; empty: everything but DHCP (67, 68) and Mobile IP (434).",
      ),
  })
    .prefault({})
    .describe("Broadcasts of the home links."),
  multicast: table({
    enabled: flag()
      .default(true)
      .describe(
        "Nodes with a reverse tunnel join groups on their home link by IGMP through it (RFC 5944 §4.4).",
      ),
  })
    .prefault({})
    .describe("Groups of the home links."),
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
  store,
  ...common("ha", 436, 4360),
});

export type HaConfig = z.output<typeof haSchema>;

export const haPlanned = {} satisfies Readonly<Record<string, PlannedKey>>;
