/**
 * One end of the benchmark's tunnel: the real `tun` driver with one declared item, and nothing
 * else. Says `ready` when packets are forwarded; SIGTERM ends it cleanly.
 */

import { formatIpv4 } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";

export interface TunnelEndOptions {
  readonly role: "fa" | "ha";
  readonly provider: "helper" | "packages";
  readonly item: ForwardingItem;
}

const { role, provider, item } = JSON.parse(process.argv[2] ?? "") as TunnelEndOptions;
const routeTable = role === "fa" ? 434 : 436;
const driver = createTunDriver({
  io: choosePacketIo(provider).io,
  config: { role, routeTable, rulePriority: routeTable * 10, mtu: 0, df: "copy", mssClamp: true },
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
await driver.start();
const key = "homeAddress" in item ? `${item.kind}/${formatIpv4(item.homeAddress)}` : item.kind;
await driver.apply(new Map([[key, item]]));
process.stdout.write("ready\n");
