/** Tables that more than one program's configuration has; one definition each. */

import * as z from "zod";
import type { Encapsulation } from "../../forwarding/state.ts";
import { parseListen } from "../metrics/listen.ts";
import { hooks } from "./hook-section.ts";
import {
  address,
  choice,
  flag,
  hexKey,
  integer,
  mustBe,
  seconds,
  table,
  tables,
  text,
} from "./values.ts";

/** Encapsulations for which a driver is built; the configuration allows no other. */
export const BUILT_ENCAPSULATIONS = [
  "ipip",
  "minimal",
  "gre",
] as const satisfies readonly Encapsulation[];

/** One encapsulation by name. */
export function encapsulation() {
  return choice(BUILT_ENCAPSULATIONS);
}

/** By default everything that the built drivers can do. */
export function encapsulations(all: readonly Encapsulation[] = BUILT_ENCAPSULATIONS) {
  const error = mustBe("an array of encapsulations, at least one");
  return z
    .array(encapsulation(), { error })
    .min(1, { error })
    .default([...all])
    .describe(
      "Encapsulations that are offered: IP in IP (RFC 2003), minimal encapsulation (RFC 2004), GRE (RFC 2784).",
    );
}

/** Seconds that a registration lasts; 65535 is infinity (RFC 5944 §3.3). */
export function registrationLifetime(meaning: string, byDefault = 1800) {
  return integer(1, 65535, "seconds", " (65535: without end)").default(byDefault).describe(meaning);
}

/** Where the journal is. */
export function journalPath(path: string, holds: string) {
  return text("a path", 4096)
    .meta({ title: "path" })
    .default(path)
    .describe(`File that holds ${holds}, so that a restart or a crash loses nothing of it.`);
}

/**
 * How an agent advertises, foreign and home alike.
 *
 * RFC 1256 §4.1 asks for intervals of at least 4 and 3 seconds. Mobility agents need shorter ones:
 * RFC 5944 §2.1 allows an interval of a third of the lifetime and less, §2.3 leaves the rate to
 * what the link bears, and the lifetime, from one second, is what a mobile node detects movement
 * by (§2.4.2.1). So the upper bounds of RFC 1256 hold here, the lower is a tenth of a second.
 */
export const ADVERTISEMENT = {
  max_interval: seconds(0.1, 1800)
    .default(10)
    .describe(
      "Longest time between two advertisements, in seconds (RFC 1256 §4.1, MaxAdvertisementInterval).",
    ),
  min_interval: seconds(0.05, 1800)
    .optional()
    .describe(
      "Shortest time between two, in seconds (MinAdvertisementInterval); by default 0.75 x max_interval.",
    ),
  lifetime: integer(1, 9000, "whole seconds")
    .optional()
    .describe(
      "Seconds an advertisement is good for, by which nodes notice that they have left (RFC 5944 §2.4.2.1); by default 3 x max_interval, rounded, at least 1.",
    ),
  destination: choice(["224.0.0.1", "255.255.255.255"])
    .default("224.0.0.1")
    .describe(
      "Where periodic advertisements go: all systems, or limited broadcast (RFC 5944 §2.1).",
    ),
  prefix_lengths: flag()
    .default(true)
    .describe("Send the Prefix-Lengths Extension (RFC 5944 §2.1.2)."),
  address: tables(
    table({
      address: address().describe("An address that the agent's router addresses include."),
      advertise: flag().default(true).describe("Whether it is one of them (RFC 1256 §4.1)."),
      preference: integer(-0x80000000, 0x7fffffff)
        .default(0)
        .describe(
          "How much it is preferred as a default router; the lowest value means never (RFC 1256 §4.1, PreferenceLevel).",
        ),
    }),
  )
    .default([])
    .describe("How single router addresses are advertised; the others are, with preference 0."),
};

interface Intervals {
  readonly max_interval: number;
  readonly min_interval?: number | undefined;
  readonly lifetime?: number | undefined;
}

/** The defaults that follow from `max_interval` (RFC 1256 §4.1). */
export function deriveIntervals<T extends Intervals>(advertisement: T) {
  const { max_interval } = advertisement;
  return {
    ...advertisement,
    min_interval: advertisement.min_interval ?? 0.75 * max_interval,
    lifetime: advertisement.lifetime ?? Math.max(1, Math.round(3 * max_interval)),
  };
}

/** What every Mobility Security Association has (RFC 5944 §1.6, §5.1); a secret one way or the other. */
export const SECURITY_CONTEXT = {
  // RFC 5944 §1.6: 0 to 255 are reserved and must be refused here [5944-1.6-02].
  spi: integer(256, 0xffffffff, "an SPI", " (RFC 5944 section 1.6 reserves 0 to 255)").describe(
    "Security Parameter Index: the number by which both sides name this association (RFC 5944 §1.6).",
  ),
  key: hexKey()
    .optional()
    .describe(
      "The shared secret in hex, 16 octets or more of randomness (RFC 5944 §5.1); this or key_file must be given.",
    ),
  key_file: text("the path of a file that holds the key in hex", 4096)
    .meta({ title: "path" })
    .optional()
    .describe(
      "File with the secret in hex, relative to this file's directory; mode 0600 or 0400, else it is refused.",
    ),
  algorithm: choice(["hmac-md5", "keyed-md5", "hmac-sha1", "hmac-sha256"])
    .default("hmac-md5")
    .describe("How authenticators are computed; keyed-md5 is prefix+suffix mode (RFC 5944 §5.1)."),
  replay: choice(["timestamp", "nonce"])
    .default("timestamp")
    .describe(
      "Replay protection (RFC 5944 §5.7): timestamps need clocks that agree, nonces do not.",
    ),
};

/** What `with` says, in whatever program. */
export const WITH = "Whom the association is with.";

/** An association with the peer at an address. */
export function peerAssociation<const With extends string>(peer: With) {
  return table({
    with: z.literal(peer).describe(WITH),
    address: address().describe(
      peer === "home-agent"
        ? "The home agent's address."
        : "The foreign agent's address: its care-of address or the source of its advertisements.",
    ),
    ...SECURITY_CONTEXT,
  });
}

export function dataplane(routeTable: number, rulePriority: number) {
  const mtu = "0 (from the path) or octets";
  return table({
    driver: choice(["auto", "ebpf", "kernel", "tun"])
      .default("auto")
      .describe(
        "What carries tunnelled packets: a TUN device (`tun`); programs in the kernel in front of it for IP in IP, GRE and UDP tunnels (`ebpf`); or devices of the kernel's own for IP in IP and GRE tunnels (`kernel`), which take its modules ipip and ip_gre, and nft. What these two cannot carry the TUN device does. Asked for by name they do not start where they cannot work; `auto` takes the first of `ebpf`, `kernel` (where its modules are loaded already) and `tun` that works, and says in `status` and `tunnels` which and why.",
      ),
    ebpf_mode: choice(["stack", "fast"])
      .default("stack")
      .describe(
        "How the programs of `ebpf` forward at an agent: `stack` has the kernel's own forwarding before a tunnel and behind it; `fast` goes from link to link without it, which netfilter (firewall, NAT, connection tracking), IPsec policies and policy rules by mark or port do not see. Not for an agent that filters or translates what it forwards (docs/internals/forwarding.md). A mobile node has no use for it.",
      ),
    mtu: integer(0, 65515, mtu)
      .refine((octets) => octets === 0 || octets >= 68, {
        error: mustBe(`${mtu} from 68 to 65515`),
      })
      .default(0)
      .describe(
        "MTU of the tunnels in octets, 68 or more; 0: that of the uplink less the largest headers in use (20 for IP in IP and minimal encapsulation, 24 to 28 for GRE, 12 more for UDP tunnels), and less where ICMP errors say so (RFC 2003 §5.1).",
      ),
    df: choice(["copy", "clear", "set"])
      .default("copy")
      .describe(
        "Don't Fragment bit of the outer header (RFC 2003 §3.1): as inside, never, always.",
      ),
    mss_clamp: flag()
      .default(true)
      .describe(
        "Lower the maximum segment size that TCP connections through a tunnel ask for to what fits, for paths that lose ICMP.",
      ),
    offload: flag()
      .default(true)
      .describe(
        "Pass segments of one flow through the TUN device and through UDP tunnels many at a time, where the kernel can; the packets on the wire are the same.",
      ),
    // 0 and 253 to 255 are the kernel's own tables.
    route_table: integer(1, 0x7fffffff, "a routing table number")
      .refine((id) => id < 253 || id > 255, {
        error: mustBe("a routing table number other than 253 to 255, which are the system's own"),
      })
      .default(routeTable)
      .describe(
        "Routing table of this program, not 253 to 255; its route protocol number, device and nftables names follow from it.",
      ),
    rule_priority: integer(1, 32765, "a rule priority")
      .default(rulePriority)
      .describe("Priority of its first policy rule; further ones follow directly."),
  })
    .prefault({})
    .describe("How packets are forwarded, and the numbers that mark what is made.");
}

function listen() {
  const error = mustBe('a port like "9434", or an IPv4 address and a port like "127.0.0.1:9434"');
  return z
    .string({ error })
    .refine((text) => parseListen(text) !== undefined, { error })
    .meta({ title: "port, or address:port" });
}

/** Tables that every program has. */
export function common(role: "fa" | "mn" | "ha", routeTable: number, rulePriority: number) {
  return {
    dataplane: dataplane(routeTable, rulePriority),
    log: table({
      level: choice(["debug", "info", "warning", "error"])
        .default("info")
        .describe("Least severity that is logged, on standard error."),
      format: choice(["text", "json"])
        .default("text")
        .describe("Lines for people, or one JSON object a line."),
    })
      .prefault({})
      .describe("The log."),
    control: table({
      // The kernel's limit for the address of a Unix socket is 107 octets and a NUL.
      socket: text("a path of at most 107 characters", 107)
        .meta({ title: "path, at most 107 characters" })
        .default(`/run/mip4/${role}.sock`)
        .describe("Control socket, by which the other commands reach the program; mode 0660."),
    })
      .prefault({})
      .describe("The control socket."),
    privileges: table({
      user: text("a user of /etc/passwd, by name or number")
        .optional()
        .describe(
          "User that the program becomes when it has read its configuration; a reload reads as this user. Absent: it stays what it was started as.",
        ),
      drop: flag()
        .default(true)
        .describe(
          "Root keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE alone (and CAP_BPF and CAP_PERFMON for the driver `ebpf`), as does another `user`; hooks and what else it starts have no more. False: root keeps every capability.",
        ),
    })
      .prefault({})
      .describe("What the program gives up after its start."),
    metrics: table({
      listen: listen()
        .optional()
        .describe(
          "Where Prometheus may ask for /metrics: a port of this machine itself (127.0.0.1), or an address and a port; an address that others reach shows them everything. Absent: nowhere.",
        ),
    })
      .prefault({})
      .describe("The Prometheus exporter (text format), off by default."),
    hook: hooks(),
  };
}
