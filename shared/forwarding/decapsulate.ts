/** Taking a packet out of a tunnel of whatever form: RFC 2003, 2004, 2784, 2890, 3519. */

import { type Ipv4, UNSPECIFIED } from "../base/address.ts";
import { ABSENT, type GreFault, type GreFields, isGreChecked, readGreHeader } from "./gre.ts";
import { mergeCongestion } from "./ipip.ts";
import { type MinimalFault, minimalFault, restoreMinimal } from "./minimal.ts";
import {
  destinationOf,
  headerLength,
  isFragment,
  isIpv4,
  PROTOCOL_GRE,
  PROTOCOL_IPIP,
  PROTOCOL_MINIMAL,
  PROTOCOL_UDP,
  protocolOf,
  sourceOf,
  totalLength,
} from "./packet.ts";
import type { Encapsulation } from "./state.ts";
import {
  nextHeaderOf,
  sourcePortOf,
  type TunnelDataFault,
  tunnelDataFault,
  UDP_TUNNEL_HEADERS,
} from "./udp-tunnel.ts";

/** Why a packet does not leave a tunnel; the name of its counter. */
export type DecapsulationDrop =
  | "tunnel-malformed-outer"
  | "tunnel-malformed-inner"
  | "tunnel-inner-ttl-zero"
  | "tunnel-destination-is-entry"
  | "tunnel-next-header"
  | "tunnel-congestion-not-ect"
  | TunnelDataFault
  | GreFault
  | MinimalFault;

/**
 * What the headers of a tunnel packet said beside the inner packet: one object for one packet after
 * another.
 */
export class Arrival implements GreFields {
  remote: Ipv4 = UNSPECIFIED;
  local: Ipv4 = UNSPECIFIED;
  encapsulation: Encapsulation = "ipip";
  /** GRE key, or `ABSENT`. */
  key = ABSENT;
  /** GRE sequence number, or `ABSENT`. */
  sequence = ABSENT;
  /** The sender's UDP port; 0 without UDP. */
  port = 0;
  /** The inner packet is a fragment, for which IP-in-IP stands in for minimal encapsulation. */
  isFragment = false;
  /** Home address of the mobile router whose own tunnel was in this one, or `UNSPECIFIED`. */
  router: Ipv4 = UNSPECIFIED;
}

/**
 * Where the inner packet begins, its header restored, or why there is none. The octets of the outer
 * headers stay, unless minimal encapsulation used them for the inner one.
 */
export function decapsulate(
  bytes: Uint8Array,
  packet: number,
  length: number,
  into: Arrival,
): number | DecapsulationDrop {
  // A reassembled datagram was checked by the kernel; its fragment fields are clear.
  if (!isIpv4(bytes, packet, length)) return "tunnel-malformed-outer";
  let protocol = protocolOf(bytes, packet);
  let at = packet + headerLength(bytes, packet);
  const end = packet + totalLength(bytes, packet);
  into.remote = sourceOf(bytes, packet);
  into.local = destinationOf(bytes, packet);
  into.key = ABSENT;
  into.sequence = ABSENT;
  into.port = 0;
  into.router = UNSPECIFIED;
  if (protocol === PROTOCOL_UDP) {
    const fault = tunnelDataFault(bytes, packet);
    if (fault !== undefined) return fault;
    into.port = sourcePortOf(bytes, at);
    protocol = nextHeaderOf(bytes, at);
    at += UDP_TUNNEL_HEADERS;
  }
  let inner = at;
  if (protocol === PROTOCOL_IPIP) {
    into.encapsulation = "ipip";
  } else if (protocol === PROTOCOL_GRE) {
    into.encapsulation = "gre";
    const payload = readGreHeader(bytes, at, end, into);
    if (typeof payload !== "number") return payload;
    inner = payload;
  } else if (protocol === PROTOCOL_MINIMAL) {
    into.encapsulation = "minimal";
    const fault = minimalFault(bytes, at, end);
    if (fault !== undefined) return fault;
    inner = restoreMinimal(bytes, packet, at);
  } else {
    return into.port === 0 ? "tunnel-malformed-outer" : "tunnel-next-header";
  }
  if (!isIpv4(bytes, inner, end - inner)) return "tunnel-malformed-inner";
  // RFC 2784 §3.1: it would go round for ever.
  if (protocol === PROTOCOL_GRE && destinationOf(bytes, inner) === into.remote) {
    return "tunnel-destination-is-entry";
  }
  into.isFragment = isFragment(bytes, inner);
  return bytes[inner + 8] === 0 ? "tunnel-inner-ttl-zero" : inner;
}

/**
 * Takes a packet out of the tunnel, of IP-in-IP, that a mobile router has inside the tunnel it came
 * by (RFC 5177 §7); what that one's headers said stays, and its home address is added.
 */
export function decapsulateRouter(
  bytes: Uint8Array,
  packet: number,
  into: Arrival,
): number | DecapsulationDrop {
  const inner = packet + headerLength(bytes, packet);
  into.router = sourceOf(bytes, packet);
  if (!isIpv4(bytes, inner, packet + totalLength(bytes, packet) - inner)) {
    return "tunnel-malformed-inner";
  }
  if (bytes[inner + 8] === 0) return "tunnel-inner-ttl-zero";
  into.isFragment = isFragment(bytes, inner);
  return mergeCongestion(bytes, packet, inner) ?? inner;
}

/** RFC 6040: a mark of the outer header goes into the inner one, where there are two headers. */
export function carryCongestion(
  bytes: Uint8Array,
  packet: number,
  inner: number,
  { encapsulation }: Arrival,
): "tunnel-congestion-not-ect" | undefined {
  return encapsulation === "minimal" ? undefined : mergeCongestion(bytes, packet, inner);
}

/** Does a device of the kernel's drop it? Those of ours know no checksums (RFC 2784 §2.1). */
export function isUnfitForDevice(bytes: Uint8Array, packet: number, arrival: Arrival): boolean {
  if (arrival.encapsulation !== "gre") return false;
  return isGreChecked(bytes, packet + headerLength(bytes, packet));
}
