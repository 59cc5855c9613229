/**
 * The provider `packages`: TUN, raw IPv4 and UDP by raw-socket, the tuntap package and node:dgram,
 * for a checkout on a CPU without a helper. Links and netlink need the helper.
 */

import { loadRawSocket, loadTuntap } from "./packages-load.ts";
import { openPackagesRawIp } from "./packages-raw.ts";
import { openPackagesTun } from "./packages-tun.ts";
import { openPackagesUdp } from "./packages-udp.ts";
import { IoError, type PacketIo } from "./packet-io.ts";

function missing(what: string): never {
  throw new IoError("ENOTSUP", `${what} (only the native helper has it)`);
}

/** Loads the packages; throws an `IoError` that names the one that is missing. */
export function createPackagesIo(): PacketIo {
  loadRawSocket();
  loadTuntap();
  return {
    provider: "packages",
    capabilities: new Set(["tun", "raw-ip", "udp"]),
    openTun: openPackagesTun,
    openRawIp: openPackagesRawIp,
    openUdp: openPackagesUdp,
    openLink: (interfaceName) => missing(`packet socket on ${interfaceName}`),
    openNetlink: () => missing("netlink socket"),
    openNetfilter: () => missing("netfilter socket"),
    openBpf: () => missing("bpf(2)"),
    openGenericNetlink: () => missing("generic netlink socket"),
    openLocal: (path) => missing(`datagrams to ${path}`),
  };
}
