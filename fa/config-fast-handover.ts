/** The `[fast_handover]` table (RFC 4988): the neighbourhood, and what is kept for whom. */

import * as z from "zod";
import { ipv4, type Mac, parseIpv4 } from "../shared/base/address.ts";
import { MAX_HANDOVER_LIFETIME } from "../shared/protocol/fast-handover.ts";
import { toPeer } from "../shared/service/config/checks.ts";
import { HOLD_LIMITS, toLimits } from "../shared/service/config/hold-limits.ts";
import {
  absolutePath,
  address,
  flag,
  integer,
  mac,
  mustBe,
  network,
  prefixOf,
  seconds,
  table,
  tables,
} from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";
import type { FaConfig } from "./config.ts";
import type { FastHandoverConfig } from "./core/handover/config.ts";

function bounds(range: string) {
  const [first, last, ...more] = range.split("-").map((text) => parseIpv4(text.trim()));
  const isRange = more.length === 0 && first !== undefined && last !== undefined && first <= last;
  return isRange ? { first, last } : undefined;
}

function addressRange() {
  const error = mustBe("a range of addresses like 192.0.2.100-192.0.2.119");
  return z
    .string({ error })
    .refine((range) => bounds(range) !== undefined, { error })
    .meta({ title: "range of addresses" });
}

/** Access points of one agent. */
const HOSTAPD_MAX = 16;
const SOME_SOCKETS = mustBe(
  `an array of absolute paths, like ["/run/hostapd/wlan0"], at most ${HOSTAPD_MAX}`,
);

const neighbor = table({
  access_point: mac().describe("Link-layer address by which nodes know the access point (AP-ID)."),
  router: address().describe(
    "Care-of address of the foreign agent behind it, by which that is reached from here; this agent's own for access points of its own links.",
  ),
  router_mac: mac().describe("Link-layer address of that agent on the access point's link."),
  prefix_length: integer(0, 32).describe("Of the network on that link."),
  fast_handover: flag()
    .default(true)
    .describe("That agent takes part; false: nodes are told that it does not (RFC 4988 §6.1)."),
});

export const fastHandover = table({
  enabled: flag()
    .default(false)
    .describe("Take part in fast handovers, as the agent that a node leaves and as the next one."),
  ...HOLD_LIMITS,
  lifetime: integer(1, MAX_HANDOVER_LIFETIME, "whole seconds")
    .default(MAX_HANDOVER_LIFETIME)
    .describe(
      "Seconds that a handover is supported at most: then its tunnel and what was kept go (RFC 4988 §5.1, §7).",
    ),
  max_handovers: integer(1, 65_536)
    .default(256)
    .describe("Nodes between two links at a time, leaving and arriving each; beyond, code 130."),
  hi_retries: integer(0, 10)
    .default(3)
    .describe("How often a Handover Initiate is repeated (HI_RETRIES, RFC 4068 §7)."),
  router_authentication: flag()
    .default(true)
    .describe(
      "Messages between agents bear an authenticator by a foreign-agent association, of our own making; false: for agents of others, between which IPsec has to protect them (RFC 4988 §7).",
    ),
  address_pool: addressRange()
    .optional()
    .describe(
      "Addresses of this agent's link for arriving nodes that ask for one (RFC 4988 §4.2).",
    ),
  address_hold: seconds(0, 3600)
    .default(1.5)
    .describe(
      "Seconds that such an address stays its node's after the handover (PROXY_ND_LIFETIME, RFC 4068 §7).",
    ),
  co_located: z
    .array(network(), { error: mustBe("an array of networks") })
    .default([])
    .describe(
      "Where the co-located care-of addresses are that nodes registered through this agent may hand over, like those that DHCP gives out to them; no router and no server may have one of these. Those of address_pool need not be named.",
    ),
  early_buffering: seconds(0, MAX_HANDOVER_LIFETIME)
    .default(1)
    .describe(
      "Seconds that packets are kept for a node that somebody has seen leave (node-left), until it says where it is; beyond the RFC. 0: not at all.",
    ),
  hostapd: z
    .array(absolutePath("the absolute path of a socket"), { error: SOME_SOCKETS })
    .max(HOSTAPD_MAX, { error: SOME_SOCKETS })
    .default([])
    .describe(
      'Control sockets of hostapd at this agent\'s access points, like "/run/hostapd/wlan0": a station that comes or goes there is a node-arrived or node-left of its own accord.',
    ),
  neighbor: tables(neighbor)
    .default([])
    .describe(
      "The neighbourhood that nodes are told of (RFC 4988 §5.4). Agents with an association name their own access points to each other, too.",
    ),
})
  .prefault({})
  .describe("Fast handovers (RFC 4988).");

/** `undefined`: no part is taken. */
export function resolveFastHandover(config: FaConfig): FastHandoverConfig | undefined {
  const file = config.fast_handover;
  if (!file.enabled) return undefined;
  const { address_pool: pool } = file;
  return {
    neighbors: file.neighbor.map((row) => ({
      accessPoint: row.access_point.toLowerCase() as Mac,
      router: ipv4(row.router),
      routerMac: row.router_mac.toLowerCase() as Mac,
      prefixLength: row.prefix_length,
      fastHandover: row.fast_handover,
    })),
    limits: toLimits(file),
    lifetime: file.lifetime,
    maxHandovers: file.max_handovers,
    initiateRetries: file.hi_retries,
    authenticate: file.router_authentication,
    routers: config.security_association.flatMap((row) =>
      row.with === "foreign-agent" ? [toPeer(row, row.address)] : [],
    ),
    pool: pool === undefined ? undefined : bounds(pool),
    poolHold: file.address_hold,
    coLocated: file.co_located.map((each) => prefixOf({ prefix: each })),
    earlyBuffering: file.early_buffering,
  };
}

/** Who is to be believed needs a key. */
export function checkFastHandover(config: FaConfig): ConfigFault[] {
  const { enabled, router_authentication, neighbor: rows } = config.fast_handover;
  if (!enabled || !router_authentication) return [];
  const own = config.interface.flatMap((link) => link.care_of_address ?? []);
  const known = config.security_association.flatMap((row) =>
    row.with === "foreign-agent" ? [row.address] : [],
  );
  return rows.flatMap(({ router, fast_handover: takesPart }, index) => {
    if (!takesPart || own.includes(router) || known.includes(router)) return [];
    const message = `no security_association with the foreign-agent ${router}, must be one, or fast_handover.router_authentication false`;
    return [{ key: `fast_handover.neighbor[${index}].router`, message }];
  });
}
