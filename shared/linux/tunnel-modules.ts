/** Kinds of the kernel's tunnel devices, and whether the kernel has their modules now. */

import { existsSync } from "node:fs";

export const TUNNEL_KINDS = ["ipip", "gre"] as const;
export type TunnelKind = (typeof TUNNEL_KINDS)[number];

const MODULES: Readonly<Record<TunnelKind, string>> = { ipip: "ipip", gre: "ip_gre" };

/**
 * Does the kernel itself answer tunnel packets that nothing takes, though there are raw sockets for
 * them (`port unreachable`)? Each of these modules does.
 */
export function answersTunnelPackets(modules = "/sys/module"): boolean {
  return ["tunnel4", "ipip", "ip_gre"].some((name) => existsSync(`${modules}/${name}`));
}

/** Those whose module is there without loading it, which asking for a device would do. */
export function loadedTunnelKinds(modules = "/sys/module"): readonly TunnelKind[] {
  return TUNNEL_KINDS.filter((kind) => existsSync(`${modules}/${MODULES[kind]}`));
}
