/** What comes to UDP port 434: which of it is a request that the home agent has to judge. */

import {
  type Ipv4,
  isUsableUnicast,
  MOBILE_AGENTS,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import { isLeftOpen } from "../../shared/protocol/dynamic-home-agent.ts";
import { naiIn } from "../../shared/protocol/identity.ts";
import {
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  type RegistrationRequest,
  understanding,
} from "../../shared/wire/control.ts";
import type { HomeNetwork } from "./config.ts";
import type { HomeLinks } from "./home-link.ts";
import type { Directory, MobileNode } from "./nodes.ts";

/**
 * The extensions that are acted on here; and 36, the proof for the AAA server that the foreign agent
 * may have asked: here extension 32 decides (RFC 4721 §3.4).
 */
const UNDERSTOOD = understanding(
  new Set([...BASE_EXTENSIONS, 36, 48, 131, 132, 134, 136, 137, 139, 144, 148]),
);

/** A request under way: where it came from, what it says, and whom it is about. */
export interface Exchange {
  readonly event: UdpReceived;
  readonly decoded: DecodedControl<RegistrationRequest>;
  /** As decoded, but that what it leaves to the home agent is filled in. */
  readonly request: RegistrationRequest;
  readonly node: MobileNode;
  /** It has proved who it is, and had no binding before. */
  readonly isNew: boolean;
  /** It was sent to a broadcast address, limited or directed. */
  readonly broadcast: boolean;
}

export interface Surroundings {
  readonly counters: Counters;
  readonly directory: Directory;
  readonly homeLinks: HomeLinks;
  readonly homeNetworks: readonly HomeNetwork[];
  readonly isOwnAddress: (address: Ipv4) => boolean;
}

export type Reception =
  | { readonly kind: "request"; readonly exchange: Exchange }
  /** Not for the home agent at all. */
  | { readonly kind: "transit" }
  | { readonly kind: "discard"; readonly reason: string };

export function receive(event: UdpReceived, surroundings: Surroundings): Reception {
  const { counters, directory, homeLinks, homeNetworks, isOwnAddress } = surroundings;
  const { destination } = event;
  const broadcast = homeLinks.isBroadcast(destination, homeNetworks);
  // What is captured on a link may be on its way to somebody else.
  const forUs = broadcast || destination === MOBILE_AGENTS || isOwnAddress(destination);
  if (event.interface !== undefined && !forUs) return { kind: "transit" };
  if (!isUsableUnicast(event.source) || event.sourcePort === 0) return discard("unusable-source");
  const result = decodeControl(event.payload, UNDERSTOOD);
  if (!result.ok) return discard(`request-${result.error.code}`);
  const { message } = result.value;
  if (message.name !== "registration-request") return discard("unexpected-message");
  counters.add("reg-requests-received");
  if (message.lifetime === 0) counters.add("de-reg-requests-received");
  const node = directory.sender(message.homeAddress, naiIn(message.extensions));
  if (node === undefined) return discard("no-security-association");
  // On the home link it is captured too, with the link-layer address that the reply needs.
  const routedFromHome = event.interface === undefined && event.source === node.homeAddress;
  if (routedFromHome && homeLinks.isUp(node.network?.interface)) {
    return discard("captured-on-home-link");
  }
  const decoded = result.value as DecodedControl<RegistrationRequest>;
  // RFC 4433 §5.3.1: whom the request was sent to is the home agent.
  const isChosen = isLeftOpen(message.homeAgent) && !broadcast && isOwnAddress(destination);
  const homeAgent = isChosen ? destination : message.homeAgent;
  const homeAddress =
    message.homeAddress === UNSPECIFIED ? (node.homeAddress ?? UNSPECIFIED) : message.homeAddress;
  const isWhole = homeAddress === message.homeAddress && homeAgent === message.homeAgent;
  const request = isWhole ? message : { ...message, homeAddress, homeAgent };
  return { kind: "request", exchange: { event, decoded, request, node, isNew: false, broadcast } };
}

const discard = (reason: string) => ({ kind: "discard", reason }) as const;

/** The way to a node that spoke from its home address on its home link (RFC 5944 §3.8.3.1). */
export function linkToHome({ event, node }: Exchange): SendUdp["link"] {
  const home = node.network?.interface;
  if (home === undefined || event.interface !== home || event.linkSource === undefined) {
    return undefined;
  }
  if (event.source !== node.homeAddress) return undefined;
  return { interface: home, destination: event.linkSource };
}
