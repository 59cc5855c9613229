/** What the machine looks like when a configuration is applied, from procfs and libuv. */

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Prefix, parsePrefix } from "../../base/address.ts";
import type { HostFacts } from "../program.ts";

const ROUTE_UP = 0x1;

export function readHostFacts(): HostFacts {
  const addresses = new Map<string, readonly Prefix[]>();
  for (const [name, list] of Object.entries(networkInterfaces())) {
    const prefixes = (list ?? [])
      .filter((entry) => entry.family === "IPv4")
      .map((entry) => parsePrefix(entry.cidr ?? `${entry.address}/32`))
      .filter((prefix) => prefix !== undefined);
    addresses.set(name, prefixes);
  }
  return { addresses, defaultInterface: defaultInterface() };
}

/** The interface of the default route with the lowest metric. */
function defaultInterface(): string | undefined {
  let table: string;
  try {
    table = readFileSync("/proc/net/route", "utf8");
  } catch {
    return undefined;
  }
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) => {
      return (
        destination === "00000000" && mask === "00000000" && (Number(`0x${flags}`) & ROUTE_UP) !== 0
      );
    })
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return routes[0]?.[0];
}
