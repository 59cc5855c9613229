/** ARP for the home address away from home: one answer to one asker. RFC 5944 §4.6. */

import { type Ipv4, UNSPECIFIED } from "../../../shared/base/address.ts";
import type { ArpReceived, SendArp } from "../../../shared/protocol/core.ts";
import type { Whereabouts } from "./whereabouts.ts";

/**
 * Away from home an ARP request for the home address is answered only when the serving foreign
 * agent sent it unicast, and then unicast. At home the kernel answers, here nothing is said.
 */
export function answerArp(
  event: ArpReceived,
  homeAddress: Ipv4,
  { attachment, mac: ownMac }: Pick<Whereabouts, "attachment" | "mac">,
): SendArp[] {
  const agent = attachment?.kind === "foreign-agent" ? attachment.agent : undefined;
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
