/**
 * One end of the benchmark's tunnel: the real `tun` driver with one declared item, and nothing
 * else. Says `ready` when packets are forwarded; SIGTERM ends it cleanly.
 */

import { formatIpv4, ipv4 } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import { TUNNEL_DATA, TUNNEL_PORT } from "../../shared/forwarding/udp-tunnel.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";

export interface TunnelEndOptions {
  readonly role: "fa" | "ha";
  readonly provider: "helper" | "packages";
  /** Segments many at a time; the default of the program. */
  readonly offload?: boolean;
  readonly driver?: "tun" | "kernel" | "ebpf";
  readonly ebpfMode?: "stack" | "fast";
  /** Our end of a UDP tunnel, where registrations would have a socket. */
  readonly udp?: string;
  readonly item: ForwardingItem;
}

const {
  role,
  provider,
  offload = true,
  udp,
  item,
  ...more
} = JSON.parse(process.argv[2] ?? "") as TunnelEndOptions;
const routeTable = role === "fa" ? 434 : 436;
const { io } = choosePacketIo(provider, { offload });
const driver = createTunDriver({
  io,
  config: {
    role,
    driver: more.driver ?? "tun",
    ebpfMode: more.ebpfMode ?? "stack",
    routeTable,
    rulePriority: routeTable * 10,
    mtu: 0,
    df: "copy",
    mssClamp: true,
  },
  sysctlFile: undefined,
  events: {
    report: (event, fields) => process.stderr.write(`${JSON.stringify({ event, ...fields })}\n`),
    bound: () => {},
    path: () => {},
  },
});
process.on("SIGTERM", () => {
  const counters = driver.counters();
  if (Object.keys(counters).length > 0) process.stderr.write(`${JSON.stringify(counters)}\n`);
  driver.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
if (udp !== undefined) {
  const socket = { address: ipv4(udp), port: TUNNEL_PORT, exceptFirstOctet: TUNNEL_DATA };
  io.openUdp(socket).onDatagram(() => {});
}
await driver.start();
const key = "homeAddress" in item ? `${item.kind}/${formatIpv4(item.homeAddress)}` : item.kind;
await driver.apply(new Map([[key, item]]));
// Which driver it has become: an accelerator may not load.
process.stdout.write(`${JSON.stringify(driver.status())}\nready\n`);
