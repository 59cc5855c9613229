/** Puts the `tun` driver together from the real parts. */

import { AddressTakeover } from "../../linux/address-takeover.ts";
import { IpCommandNetwork } from "../../linux/ip-command.ts";
import { NetlinkNetwork } from "../../linux/netlink/netlink-network.ts";
import { TunnelLinks } from "../../linux/netlink/tunnel-links.ts";
import { NftPassages } from "../../linux/nft-passages.ts";
import { NftVisitors } from "../../linux/nft-visitors.ts";
import type { PacketIo } from "../../linux/packet-io.ts";
import { Sysctls } from "../../linux/sysctl.ts";
import type { DriverConfig, DriverEvents } from "../driver.ts";
import { marksOf } from "../kernel-objects.ts";
import { TunDriver } from "./tun-driver.ts";

export interface TunDriverOptions {
  readonly io: PacketIo;
  readonly config: DriverConfig;
  /**
   * Where the original values of changed settings are kept, such as `<state path>.sysctl`. What was
   * taken from other interfaces is kept beside it, in `<state path>.taken`.
   */
  readonly sysctlFile: string | undefined;
  readonly events: DriverEvents;
}

export function createTunDriver({ io, config, sysctlFile, events }: TunDriverOptions): TunDriver {
  const sysctls = new Sysctls({ file: sysctlFile });
  sysctls.load();
  const marks = marksOf(config.routeTable);
  const hasNetlink = io.capabilities.has("netlink");
  const network = hasNetlink ? new NetlinkNetwork(io) : new IpCommandNetwork();
  const takeover = new AddressTakeover({
    network,
    marks,
    file: sysctlFile?.replace(/(\.sysctl)?$/, ".taken"),
    note: (message) => events.report("forwarding-note", { message }),
  });
  takeover.load();
  return new TunDriver({
    io,
    config,
    network,
    sysctls,
    nft: new NftVisitors(marks, hasNetlink ? () => io.openNetfilter() : undefined),
    takeover,
    passages: new NftPassages({
      marks,
      match: config.role === "ha" ? "saddr" : "daddr",
      open: () => io.openNetfilter(),
    }),
    links: hasNetlink ? new TunnelLinks(io) : undefined,
    ...events,
  });
}
