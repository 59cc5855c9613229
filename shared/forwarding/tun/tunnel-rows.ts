/** Tunnels as `tunnels --json` and the events show them. */

import { formatIpv4, UNSPECIFIED } from "../../base/address.ts";
import type { JsonObject } from "../../base/result.ts";
import type { DeviceCounts } from "../../linux/device-counts.ts";
import { HALF_BOUND } from "../state.ts";
import type { Tunnel } from "../tunnel-table.ts";

/** What carries a tunnel, and what it has counted beside us. */
export interface TunnelCarrier {
  readonly driver: "tun" | "ebpf" | "kernel";
  readonly device: string;
  /** Why it is not another driver, or not for all of its home addresses. */
  readonly reason?: string | undefined;
  readonly counts?: DeviceCounts | undefined;
}

/** A row of `tunnels --json`. */
export function tunnelRow(tunnel: Tunnel, { driver, device, reason, counts }: TunnelCarrier) {
  return {
    ...endsOf(tunnel),
    driver,
    ...(reason === undefined ? {} : { driver_reason: reason }),
    interface: device,
    home_addresses: tunnel.homeAddresses,
    packets_in: tunnel.packetsIn + (counts?.packetsIn ?? 0),
    packets_out: tunnel.packetsOut + (counts?.packetsOut ?? 0),
    bytes_in: tunnel.bytesIn + (counts?.bytesIn ?? 0),
    bytes_out: tunnel.bytesOut + (counts?.bytesOut ?? 0),
  };
}

/** Both ends and the form. */
export function endsOf({ local, remote, router, form }: Tunnel): JsonObject {
  const { encapsulation, udpPort, greKeyIn, greKeyOut } = form;
  return {
    local: formatIpv4(local),
    remote: formatIpv4(remote),
    encapsulation,
    ...(router === UNSPECIFIED ? {} : { mobile_router: formatIpv4(router) }),
    ...(udpPort === undefined ? {} : { udp_port: udpPort === HALF_BOUND ? null : udpPort }),
    ...(greKeyIn === undefined ? {} : { gre_key_in: greKeyIn }),
    ...(greKeyOut === undefined ? {} : { gre_key_out: greKeyOut }),
  };
}
