/** The foreign agent's configuration file. */

import * as z from "zod";
import {
  ADVERTISEMENT,
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
  nai,
  seconds,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { PlannedKey } from "../shared/service/program.ts";
import { access, realm } from "./config-access.ts";
import { fastHandover } from "./config-fast-handover.ts";

/** As many as the one-octet length of the advertisement's extension has room for. */
const MOST_CARE_OF_ADDRESSES = 62;
const careOfAddress = mustBe(
  `an IPv4 address, or an array of 1 to ${MOST_CARE_OF_ADDRESSES} addresses`,
);

const link = table({
  name: interfaceName().describe("Link on which visitors are served."),
  care_of_address: z
    .union([address(), z.array(address()).min(1).max(MOST_CARE_OF_ADDRESSES)], {
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
    peerAssociation("foreign-agent"),
    table({
      with: z.literal("mobile-node").describe(WITH),
      home_address: address()
        .optional()
        .describe("The node's home address; this or nai must be given."),
      nai: nai()
        .optional()
        .describe("The node's Network Access Identifier (RFC 2794), instead of a home address."),
      ...SECURITY_CONTEXT,
    }),
  ],
  {
    error: (issue) => {
      const { input } = issue;
      const peer = typeof input === "object" && input !== null && "with" in input && input.with;
      return mustBe('"home-agent", "foreign-agent" or "mobile-node"')({ input: peer || undefined });
    },
  },
);

/** As long as the extension that advertises it has room for. */
function ownNai() {
  const error = mustBe("a Network Access Identifier like fa1@example.net, 1 to 253 characters");
  return z.string({ error }).regex(/^[\x21-\x7e]{1,253}$/, { error });
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
    udp_tunneling: flag()
      .default(false)
      .describe(
        "The U bit: home agents are asked for tunnels in UDP. Only for an agent that itself sits behind a NAT (RFC 3519 §3.4, §4.5).",
      ),
    challenge: flag()
      .default(false)
      .describe(
        "Advertise challenges, and relay only requests that answer one, or that a mobile-node association authenticates (RFC 4721).",
      ),
    challenge_window: integer(2, 256)
      .default(2)
      .describe("How many of the last advertised challenges are good (RFC 4721 §9)."),
    revocation: flag()
      .default(true)
      .describe(
        "The X bit: registrations can be revoked, by home agents with an association and by this agent (RFC 3543). Only with registration_required (§4.3.1).",
      ),
    common_traffic: flag()
      .default(true)
      .describe(
        "This agent also is a router for nodes that are not registered with it; false: ICMP code 16 (RFC 5944 §2.1).",
      ),
    nai: ownNai()
      .optional()
      .describe(
        "The agent's own Network Access Identifier, by whose realm nodes know its domain (RFC 4857 §8.2).",
      ),
  })
    .prefault({})
    .transform(deriveIntervals)
    .transform((each) => ({ ...each, revocation: each.revocation && each.registration_required }))
    .describe("How the agent advertises itself on its links (RFC 5944 §2.1)."),
  registration: table({
    reverse_tunnel: choice(["allow", "require", "refuse"])
      .default("allow")
      .describe(
        "Reverse tunnelling (RFC 3024): as the node asks, only with it (code 75), or never (code 74).",
      ),
    reverse_tunnel_for_private: flag()
      .default(true)
      .describe(
        "Deny nodes with a private home address that ask for no reverse tunnel with code 75 where care-of address and home agent are globally routable: nobody out there could answer them (RFC 3024 §A.4). In a network of private or documentation addresses nothing is denied.",
      ),
    encapsulating_delivery: flag()
      .default(true)
      .describe(
        "Offer the Encapsulating Delivery Style beside the direct one (RFC 3024 §3.3); false: code 79.",
      ),
    gre_keys: choice(["never", "requested", "always"])
      .default("never")
      .describe(
        "GRE keys (RFC 6245): for no visitor, for those that ask for GRE, or GRE with keys for all. Home agents that do not know the GRE Key Extension discard requests that bear it.",
      ),
    triangular_behind_nat: flag()
      .default(false)
      .describe(
        "With advertisement.udp_tunneling: relay requests without a reverse tunnel too, where the NAT is known to leave public addresses alone and to filter nothing; otherwise code 75 (RFC 3519 §4.5).",
      ),
    udp_keepalive: integer(10, 65535, "seconds")
      .optional()
      .describe(
        "Seconds without a packet to the home agent until a keepalive goes through a UDP tunnel: less than the NAT keeps a mapping; by default what the home agent says, or 110 (RFC 3519 §4.9, §4.10).",
      ),
    pending_timeout: seconds(0.1, 60)
      .default(7)
      .describe(
        "Seconds that a relayed request waits for its reply, then code 78 (RFC 5944 §3.7.1).",
      ),
    messages: flag()
      .default(false)
      .describe(
        "Say in words too why a request is denied, for the node's user (Message String Extension, RFC 4917).",
      ),
  })
    .prefault({})
    .describe("What is asked of requests that are relayed."),
  revocation: table({
    inform: choice(["home-agent", "always", "never"])
      .default("home-agent")
      .describe(
        "Who decides whether a node is told that its registration was revoked: its home agent, where that takes part and else it is told; or it always is, or never (RFC 3543 §3.2, §4.1).",
      ),
  })
    .prefault({})
    .describe("How registrations are revoked (RFC 3543)."),
  dynamic_home_agent: tables(
    table({
      address: address().describe("The home agent's address."),
      realms: z
        .array(realm(), { error: mustBe("an array of realms") })
        .default([])
        .describe("Realms of the nodes that it is for; empty: of all."),
    }),
  )
    .default([])
    .describe(
      "Home agents for nodes that leave the choice to the network (RFC 4433 §5.2), the first that fits; with none code 90.",
    ),
  access,
  limits: table({
    visitors: integer(1, 100_000)
      .default(1024)
      .describe("Visitors served at a time; beyond, code 66 and the B bit."),
    pending: integer(1, 100_000).default(256).describe("Requests that wait for a reply at a time."),
    requests_per_second: integer(0, 1_000_000)
      .default(0)
      .describe(
        "Load at which the agent is busy, in registration requests a second over two seconds: until they are worked off it adds no visitor, code 66 and the B bit; those who are there renew (RFC 5944 §2.1.1). 0: no such limit.",
      ),
  })
    .prefault({})
    .describe("Bounds of the tables."),
  fast_handover: fastHandover,
  state: table({ path: journalPath("/var/lib/mip4/fa.journal", "the visitor list") })
    .prefault({})
    .describe("What outlives the program."),
  security_association: tables(association)
    .default([])
    .describe(
      "Associations with home agents, mobile nodes and, for fast handovers, other foreign agents; none is needed (RFC 5944 §3.5).",
    ),
  ...common("fa", 434, 4340),
});

export type FaConfig = z.output<typeof faSchema>;

export const faPlanned = {} satisfies Readonly<Record<string, PlannedKey>>;
