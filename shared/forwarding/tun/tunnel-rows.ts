/** Tunnels as `tunnels --json` and the events show them. */

import { formatIpv4, UNSPECIFIED } from "../../base/address.ts";
import type { JsonObject } from "../../base/result.ts";
import { notInKernel } from "../ebpf/wanted.ts";
import { HALF_BOUND } from "../state.ts";
import type { Tunnel } from "../tunnel-table.ts";

/**
 * A row of `tunnels --json`; packets go by the device of this name. With an accelerator it says, too,
 * why a tunnel is not for that.
 */
export function tunnelRow(tunnel: Tunnel, device: string, isAccelerated: boolean): JsonObject {
  const reason = isAccelerated ? notInKernel(tunnel) : undefined;
  return {
    ...endsOf(tunnel),
    driver: isAccelerated && reason === undefined ? "ebpf" : "tun",
    ...(reason === undefined ? {} : { driver_reason: reason }),
    interface: device,
    home_addresses: tunnel.homeAddresses,
    packets_in: tunnel.packetsIn,
    packets_out: tunnel.packetsOut,
    bytes_in: tunnel.bytesIn,
    bytes_out: tunnel.bytesOut,
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
