/** Where the Prometheus exporter listens. */

import { type Ipv4, parseIpv4 } from "../../base/address.ts";

export interface Listen {
  readonly address: Ipv4;
  readonly port: number;
}

/** `ADDRESS:PORT`, or a port alone, which is this machine's own (127.0.0.1). */
export function parseListen(text: string): Listen | undefined {
  const match = /^(?:([\d.]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const address = parseIpv4(match?.[1] || "127.0.0.1");
  if (match === null || port < 1 || port > 65535 || address === undefined) return undefined;
  return { address, port };
}

/** 127.0.0.0/8: nobody else can ask. */
export function isLoopback(address: Ipv4): boolean {
  return address >>> 24 === 127;
}
