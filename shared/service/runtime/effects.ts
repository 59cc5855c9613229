/** Carries out one effect of a core: onto a link, into a socket, to the watchers and the log. */

import type { Counters } from "../../base/counters.ts";
import {
  buildArpPacket,
  buildIcmpPacket,
  buildUdpPacket,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
} from "../../linux/frames.ts";
import type { Effect, RouteIcmp, SendArp, SendIcmp, SendUdp } from "../../protocol/core.ts";
import type { Announcer } from "./announcer.ts";
import type { Commands } from "./commands.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Names } from "./names.ts";
import type { Network } from "./network.ts";
import type { Log } from "./parts.ts";

export interface Outlets {
  readonly network: Pick<Network, "links" | "sockets">;
  readonly commands: Commands;
  readonly names: Names;
  readonly counters: Counters;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly forwarder: Pick<Forwarder, "inForce">;
}

type Packet = SendUdp | SendIcmp | RouteIcmp | SendArp;

function send(outlets: Outlets, effect: Packet): string | undefined {
  const { links, sockets } = outlets.network;
  if (effect.type === "route-icmp") return sockets.route(buildIcmpPacket(effect));
  if (effect.type === "send-arp") {
    return links.send(effect.link, ETHERTYPE_ARP, buildArpPacket(effect));
  }
  if (effect.type === "send-icmp") {
    return links.send(effect.link, ETHERTYPE_IPV4, buildIcmpPacket(effect));
  }
  if (effect.link === undefined) return sockets.send(effect);
  return links.send(effect.link, ETHERTYPE_IPV4, buildUdpPacket(effect));
}

/** A failed send is counted and logged at debug level: the protocol's own retries repair it. */
function sendOrCount(outlets: Outlets, effect: Packet): void {
  const error = send(outlets, effect);
  if (error === undefined) return;
  outlets.counters.add(`send-failed-${error}`);
  outlets.log.write("debug", `${effect.type} failed: ${error}`, {
    interface: effect.type === "route-icmp" ? null : (effect.link?.interface ?? null),
  });
}

/** What is to be forwarded by then has been declared. */
export function carryOut(outlets: Outlets, effect: Effect): void {
  switch (effect.type) {
    case "send-udp":
    case "send-icmp":
    case "route-icmp":
    case "send-arp":
      if (!("onceInForce" in effect)) sendOrCount(outlets, effect);
      else void outlets.forwarder.inForce().then(() => sendOrCount(outlets, effect));
      return;
    case "report":
      if (outlets.announcer.isHeard(effect.level)) {
        outlets.announcer.tell(effect.level, effect.event, effect.fields);
      }
      return;
    case "answer":
      outlets.commands.answer(effect);
      return;
    case "resolve":
      outlets.names.resolve(effect.name);
      return;
    case "persist":
      // The outbox has written it already.
      return;
  }
}
