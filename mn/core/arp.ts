/** ARP for the home address away from home: one answer to one asker. RFC 5944 §4.6. */

import { type Ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import type { ArpReceived, SendArp } from "../../shared/protocol/core.ts";

/** The foreign agent registered with, or being registered with. */
export interface ServingAgent {
  readonly interface: string;
  readonly mac: Mac;
}

/**
 * Away from home an ARP request for the home address is answered only when the serving foreign
 * agent sent it unicast, and then unicast. At home the kernel answers, here nothing is said.
 */
export function answerArp(
  event: ArpReceived,
  homeAddress: Ipv4,
  ownMac: Mac | undefined,
  agent: ServingAgent | undefined,
): SendArp[] {
  if (event.operation !== "request" || event.targetAddress !== homeAddress) return [];
  if (homeAddress === UNSPECIFIED) return [];
  if (agent === undefined || ownMac === undefined) return [];
  if (event.interface !== agent.interface || event.linkSource !== agent.mac) return [];
  if (event.linkDestination !== ownMac) return [];
  return [
    {
      type: "send-arp",
      operation: "reply",
      senderMac: ownMac,
      senderAddress: homeAddress,
      targetMac: event.senderMac,
      targetAddress: event.senderAddress,
      link: { interface: event.interface, destination: event.linkSource },
    },
  ];
}
