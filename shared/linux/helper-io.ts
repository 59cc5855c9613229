/** The provider `helper`: every capability, by the native helper. */

import { openHelperLink } from "./helper-link.ts";
import { openHelperNetfilter, openHelperNetlink } from "./helper-netlink.ts";
import { openHelperRawIp } from "./helper-raw.ts";
import { openHelperTun } from "./helper-tun.ts";
import { openHelperUdp } from "./helper-udp.ts";
import { loadNative } from "./native-loader.ts";
import type { PacketIo } from "./packet-io.ts";

/** Loads the helper; throws an Error that says why it could not. */
export function createHelperIo(): PacketIo {
  const native = loadNative();
  return {
    provider: "helper",
    capabilities: new Set(["tun", "batch", "raw-ip", "udp", "udp-metadata", "link", "netlink"]),
    openTun: (options) => openHelperTun(native, options),
    openRawIp: (options) => openHelperRawIp(native, options),
    openUdp: (options) => openHelperUdp(native, options),
    openLink: (interfaceName, filter) => openHelperLink(native, interfaceName, filter),
    openNetlink: (groups) => openHelperNetlink(native, groups),
    openNetfilter: () => openHelperNetfilter(native),
  };
}
