/** Somebody on a link who invents nodes: a burst of requests from addresses that nobody has. */

import { type Ipv4, ipv4, type Mac, prefixContains, toIpv4 } from "../../shared/base/address.ts";
import type { Random } from "../../shared/base/random.ts";
import type { UdpReceived } from "../../shared/protocol/core.ts";
import { encodeControl, RequestFlag } from "../../shared/wire/control.ts";
import type { SimNode } from "./node.ts";
import { HOME_AGENT } from "./topology.ts";

const BURST = 40;
const INVENTED = { address: ipv4("10.99.0.0"), length: 16 };

/** Is this the home address of a node that does not exist? */
export function isInvented(address: Ipv4): boolean {
  return prefixContains(INVENTED, address);
}

/** To a foreign agent, at once; home agents that do not exist, and the one that does. */
export function flood(agent: SimNode, careOfAddress: Ipv4, random: Random): void {
  for (let i = 0; i < BURST; i++) agent.receive(invented(agent, careOfAddress, random));
}

function invented(agent: SimNode, careOfAddress: Ipv4, random: Random): UdpReceived {
  const homeAddress = toIpv4(INVENTED.address + (random.u32() & 0xffff));
  const authenticator = Uint8Array.from({ length: 16 }, () => random.u32() & 255);
  const toReal = random.next() < 0.2;
  return {
    type: "udp",
    interface: agent.ports[0]?.interface,
    linkSource: `02:99:${hex(random)}:${hex(random)}:${hex(random)}:${hex(random)}` as Mac,
    source: homeAddress,
    sourcePort: 434,
    destination: careOfAddress,
    destinationPort: 434,
    ttl: 255,
    payload: encodeControl({
      name: "registration-request",
      flags: RequestFlag.T,
      lifetime: 10,
      homeAddress,
      homeAgent: toReal ? HOME_AGENT : toIpv4(0xcb007100 + (random.u32() & 255)),
      careOfAddress,
      identification: (BigInt(random.u32()) << 32n) | BigInt(random.u32()),
      extensions: [{ name: "mobile-home-authentication-extension", spi: 256, authenticator }],
    }),
  };
}

function hex(random: Random): string {
  return (random.u32() & 255).toString(16).padStart(2, "0");
}
