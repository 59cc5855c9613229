/**
 * A laptop behind a NAT of one of the common kinds, beside the mobile network:
 *
 *   laptop 192.168.1.50 -- 192.168.1.1 nat 100.66.0.2 (a link of `inet`)
 *
 * All of them are built with nftables. To the home agent, which always sends from the address and
 * port that it was spoken to at, kinds differ in the port that it sees and in how long it is good.
 */

import type { Host } from "./host.ts";
import type { MobileNet } from "./mobile-net.ts";

export const NAT = {
  inside: "192.168.1.1",
  laptop: "192.168.1.50",
  outside: "100.66.0.2",
} as const;

/**
 * `full-cone`: whoever sends to the outside port reaches the laptop; `restricted`: only who was
 * spoken to, the port stays; `symmetric`: the port is another one, by chance.
 */
export type NatKind = "full-cone" | "restricted" | "symmetric";

export interface NatNet {
  readonly laptop: Host;
  readonly nat: Host;
  /** Behaves like this from the next mapping on; `timeout`: seconds that one is good without use. */
  become(kind: NatKind, timeout?: number): void;
  /** Forgets every mapping, as a NAT does that starts anew. */
  forget(): void;
}

const RULES: Readonly<Record<NatKind, string>> = {
  "full-cone": "masquerade",
  restricted: "masquerade",
  symmetric: "masquerade fully-random",
};

function ruleset(kind: NatKind): string {
  const chains = [
    "chain post {",
    "type nat hook postrouting priority srcnat;",
    `oifname "out0" ${RULES[kind]}`,
    "}",
  ];
  if (kind === "full-cone") {
    const open = `iifname "out0" udp dport 434 dnat to ${NAT.laptop}`;
    chains.push("chain pre {", "type nat hook prerouting priority dstnat;", open, "}");
  }
  return ["table ip nat {", ...chains, "}", ""].join("\n");
}

export function addNat({ lab, inet }: MobileNet): NatNet {
  const inside = lab.segment("behind-nat");
  const uplink = lab.segment("nat-uplink");
  const nat = lab.host("nat", { router: true });
  const laptop = lab.host("laptop");
  inet.connect("nat", uplink, { address: "100.66.0.1/30" });
  nat.connect("out0", uplink, { address: `${NAT.outside}/30` });
  nat.connect("in0", inside, { address: `${NAT.inside}/24` });
  nat.ip("route", "add", "default", "via", "100.66.0.1");
  laptop.connect("eth0", inside, { address: `${NAT.laptop}/24`, mac: "02:00:00:00:00:50" });
  laptop.ip("route", "add", "default", "via", NAT.inside);
  return {
    nat,
    laptop,
    become: (kind, timeout = 120) => {
      nat.runSync(["nft", "-f", "-"], `flush ruleset\n${ruleset(kind)}`);
      nat.sysctl({
        "net.netfilter.nf_conntrack_udp_timeout": timeout,
        "net.netfilter.nf_conntrack_udp_timeout_stream": timeout,
      });
    },
    // The kernel forgets what it has masqueraded by an address that goes.
    forget: () => {
      nat.ip("addr", "del", `${NAT.outside}/30`, "dev", "out0");
      nat.ip("addr", "add", `${NAT.outside}/30`, "dev", "out0");
      nat.ip("route", "add", "default", "via", "100.66.0.1");
    },
  };
}
