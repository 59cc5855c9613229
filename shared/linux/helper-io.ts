/** The provider `helper`: every capability, by the native helper. */

import { BpfCalls } from "./bpf/calls.ts";
import { openHelperLink } from "./helper-link.ts";
import { openHelperLocal } from "./helper-local.ts";
import {
  openHelperGenericNetlink,
  openHelperNetfilter,
  openHelperNetlink,
} from "./helper-netlink.ts";
import { openHelperRawIp } from "./helper-raw.ts";
import { openHelperTun } from "./helper-tun.ts";
import { openHelperUdp } from "./helper-udp.ts";
import { loadNative } from "./native-loader.ts";
import type { PacketIo } from "./packet-io.ts";
import { UdpPorts } from "./udp-ports.ts";

const CAPABILITIES = [
  "tun",
  "batch",
  "raw-ip",
  "udp",
  "udp-metadata",
  "link",
  "netlink",
  "local",
] as const;

export interface HelperOptions {
  /** Segments of a flow go through TUN and UDP sockets together, where the kernel can. */
  readonly offload: boolean;
}

/** Loads the helper; throws an Error that says why it could not. */
export function createHelperIo({ offload }: HelperOptions = { offload: true }): PacketIo {
  const native = loadNative();
  const ports = new UdpPorts();
  return {
    provider: "helper",
    capabilities: new Set([...CAPABILITIES, ...(offload ? (["offload"] as const) : [])]),
    openTun: (options) => openHelperTun(native, options, offload),
    openRawIp: (options) => openHelperRawIp(native, options),
    openUdp: (options) => openHelperUdp(native, options, ports),
    ...(offload ? { shareUdpPort: (options) => ports.share(options) } : {}),
    openLink: (interfaceName, filter) => openHelperLink(native, interfaceName, filter),
    openNetlink: (groups) => openHelperNetlink(native, groups),
    openNetfilter: () => openHelperNetfilter(native),
    openBpf: () => new BpfCalls(native),
    openGenericNetlink: (groups) => openHelperGenericNetlink(native, groups),
    openLocal: (path) => openHelperLocal(native, path),
  };
}
