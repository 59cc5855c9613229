/**
 * ICMP errors from inside a tunnel: what they are about, and what the original sender is told.
 * RFC 2003 §4, §5; RFC 2004 §5 and RFC 3519 §4.2 want the same. Pure.
 */

import { type Ipv4, UNSPECIFIED } from "../base/address.ts";
import { internetChecksum } from "../wire/checksum.ts";
import type { TunnelHeaders } from "./encapsulate.ts";
import { ABSENT, type GreFields, readGreHeader } from "./gre.ts";
import {
  DESTINATION_UNREACHABLE,
  FRAGMENTATION_NEEDED,
  HOST_UNREACHABLE,
  ICMP_HEADER,
  type IcmpError,
  LEAST_PAYLOAD,
  NETWORK_UNREACHABLE,
  PARAMETER_PROBLEM,
  REDIRECT,
  SOURCE_QUENCH,
  TIME_EXCEEDED,
} from "./icmp-error.ts";
import { minimalFault, restoreMinimal } from "./minimal.ts";
import {
  destinationOf,
  headerLength,
  IPV4_HEADER,
  isFragment,
  isIpv4,
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_IPIP,
  PROTOCOL_MINIMAL,
  PROTOCOL_UDP,
  protocolOf,
  readU16,
  sourceOf,
  totalLength,
} from "./packet.ts";
import type { Encapsulation } from "./state.ts";
import {
  destinationPortOf,
  nextHeaderOf,
  sourcePortOf,
  TUNNEL_PORT,
  UDP_TUNNEL_HEADERS,
} from "./udp-tunnel.ts";

export interface TunnelError {
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU of `fragmentation needed`, never below the smallest that is believed. */
  readonly pathMtu: number;
  /** Octet of the outer header that a Parameter Problem is about. */
  readonly pointer: number;
  /** Ends of the tunnel, as the quoted packet has them. */
  readonly local: Ipv4;
  readonly remote: Ipv4;
  /** `undefined` where the quote ends before it says. */
  readonly encapsulation: Encapsulation | undefined;
  /** GRE key that the quoted packet bore, or `ABSENT`. */
  readonly key: number;
  /** UDP destination port of the quoted packet; 0 without UDP. */
  readonly port: number;
  /** The quoted inner packet, its header restored, when enough of it is there to be relayed. */
  readonly inner: Uint8Array | undefined;
}

/** As the kernel's `min_pmtu`: a forged error must not shrink packets to nothing. */
const SMALLEST_PATH_MTU = 552;
/** Types that carry the length of their quote in words (RFC 4884 §4). */
const WITH_LENGTH: ReadonlySet<number> = new Set([
  DESTINATION_UNREACHABLE,
  TIME_EXCEEDED,
  PARAMETER_PROBLEM,
]);
const TYPES: ReadonlySet<number> = new Set([...WITH_LENGTH, SOURCE_QUENCH, REDIRECT]);

/**
 * Reads an ICMP packet, IP header included; `undefined` when it is no well-formed error about a
 * packet of a tunnel. Whether that tunnel exists is for the caller to say.
 */
export function readTunnelError(
  bytes: Uint8Array,
  packet: number,
  length: number,
): TunnelError | undefined {
  if (!isIpv4(bytes, packet, length) || protocolOf(bytes, packet) !== PROTOCOL_ICMP) {
    return undefined;
  }
  const icmp = packet + headerLength(bytes, packet);
  const whole = packet + totalLength(bytes, packet);
  const quoted = icmp + ICMP_HEADER;
  if (quoted + IPV4_HEADER > whole || internetChecksum(bytes, icmp, whole) !== 0) return undefined;
  const type = bytes[icmp] ?? 0;
  if (!TYPES.has(type)) return undefined;
  const words = WITH_LENGTH.has(type) ? (bytes[icmp + 5] ?? 0) : 0;
  const end = words === 0 ? whole : Math.min(whole, quoted + words * 4);
  const found = readQuote(bytes.slice(quoted, end));
  if (found === undefined) return undefined;
  const pathMtu = Math.max(readU16(bytes, icmp + 6), SMALLEST_PATH_MTU);
  return { type, code: bytes[icmp + 1] ?? 0, pathMtu, pointer: bytes[icmp + 4] ?? 0, ...found };
}

const ENCAPSULATIONS: Readonly<Record<number, Encapsulation>> = {
  [PROTOCOL_IPIP]: "ipip",
  [PROTOCOL_GRE]: "gre",
  [PROTOCOL_MINIMAL]: "minimal",
};

/** What the quoted tunnel packet says, as far as it goes; the octets are the reader's own. */
function readQuote(quote: Uint8Array) {
  const header = headerLength(quote, 0);
  if ((quote[0] ?? 0) >>> 4 !== 4 || header < IPV4_HEADER || header > quote.length)
    return undefined;
  const ends = { local: sourceOf(quote, 0), remote: destinationOf(quote, 0) };
  let protocol = protocolOf(quote, 0);
  let at = header;
  let port = 0;
  if (protocol === PROTOCOL_UDP) {
    if (at + 4 > quote.length || sourcePortOf(quote, at) !== TUNNEL_PORT) return undefined;
    port = destinationPortOf(quote, at);
    protocol = at + UDP_TUNNEL_HEADERS > quote.length ? 0 : nextHeaderOf(quote, at);
    at += UDP_TUNNEL_HEADERS;
  }
  const encapsulation = ENCAPSULATIONS[protocol];
  if (encapsulation === undefined && port === 0) return undefined;
  const gre: GreFields = { key: ABSENT, sequence: ABSENT };
  const inner = encapsulation === undefined ? undefined : innerOf(quote, at, encapsulation, gre);
  return { ...ends, encapsulation, key: gre.key, port, inner };
}

function innerOf(
  quote: Uint8Array,
  at: number,
  encapsulation: Encapsulation,
  gre: GreFields,
): Uint8Array | undefined {
  let start: number = at;
  if (encapsulation === "gre") {
    const payload = readGreHeader(quote, at, quote.length, gre);
    if (typeof payload !== "number") return undefined;
    start = payload;
  } else if (encapsulation === "minimal") {
    if (minimalFault(quote, at, quote.length) !== undefined) return undefined;
    start = restoreMinimal(quote, 0, at);
  }
  return enoughOf(quote.subarray(start));
}

/** A quoted packet, if there is enough of it for an error. */
function enoughOf(packet: Uint8Array): Uint8Array | undefined {
  const header = headerLength(packet, 0);
  const isWhole = header >= IPV4_HEADER && header + LEAST_PAYLOAD <= packet.length;
  return isWhole && (packet[0] ?? 0) >>> 4 === 4 ? packet : undefined;
}

/**
 * The error as it is for the tunnel to a mobile router inside the one that it came from
 * (RFC 5177 §7), if the quote is of such a packet.
 */
export function errorForRouter(
  error: TunnelError,
  { local, router }: Pick<TunnelHeaders, "local" | "router">,
): TunnelError | undefined {
  const { inner } = error;
  if (router === UNSPECIFIED || inner === undefined) return undefined;
  const isFrom = sourceOf(inner, 0) === local && destinationOf(inner, 0) === router;
  if (!isFrom || protocolOf(inner, 0) !== PROTOCOL_IPIP) return undefined;
  return { ...error, inner: enoughOf(inner.subarray(headerLength(inner, 0))) };
}

/** A tunnel as far as errors from inside it go. */
export interface ErrorTunnel {
  readonly local: Ipv4;
  readonly encapsulation: Encapsulation;
  readonly keyOut: number;
  readonly port: number;
  readonly overhead: number;
}

/** May this error be about that tunnel, whose remote end is right? */
export function isAbout(error: TunnelError, tunnel: ErrorTunnel): boolean {
  if (error.local !== tunnel.local || error.port !== tunnel.port) return false;
  if (error.encapsulation === undefined) return true;
  if (error.encapsulation !== tunnel.encapsulation) {
    const isOfFragment = error.inner === undefined || isFragment(error.inner, 0);
    return tunnel.encapsulation === "minimal" && error.encapsulation === "ipip" && isOfFragment;
  }
  return tunnel.encapsulation !== "gre" || error.key === tunnel.keyOut;
}

export function isTooBig({ type, code }: TunnelError): boolean {
  return type === DESTINATION_UNREACHABLE && code === FRAGMENTATION_NEEDED;
}

/** Destination Unreachable codes that are about a network, and about a host (RFC 1812 §5.2.7.1). */
const ABOUT_NETWORK: ReadonlySet<number> = new Set([0, 6, 9, 11]);
const ABOUT_HOST: ReadonlySet<number> = new Set([1, 7, 8, 10, 12, 13]);
const PROTOCOL_UNREACHABLE = 2;

/**
 * What the original sender is told, if anything. With `extends` the tunnel extends our own network
 * to the destination: then it is a host that cannot be reached, not a network (RFC 2003 §4.1).
 *
 * Not relayed: Port Unreachable, Source Route Failed, Source Quench and Redirect (§4.1 to §4.3).
 */
export function relayOf(
  error: TunnelError,
  tunnel: ErrorTunnel,
  extendsNetwork: boolean,
): IcmpError | undefined {
  const { type, code, pointer } = error;
  const unreachable = (to: number): IcmpError => ({ type: DESTINATION_UNREACHABLE, code: to });
  // §4.4: nobody outside the tunnel can mend a loop inside it.
  if (type === TIME_EXCEEDED) return unreachable(HOST_UNREACHABLE);
  if (type === PARAMETER_PROBLEM) {
    return isCopied(pointer, error) ? { type, code, pointer } : undefined;
  }
  if (type !== DESTINATION_UNREACHABLE) return undefined;
  if (code === FRAGMENTATION_NEEDED) {
    return { ...unreachable(code), mtu: error.pathMtu - tunnel.overhead };
  }
  if (ABOUT_HOST.has(code)) return unreachable(HOST_UNREACHABLE);
  if (!ABOUT_NETWORK.has(code) && code !== PROTOCOL_UNREACHABLE) return undefined;
  return unreachable(extendsNetwork ? HOST_UNREACHABLE : NETWORK_UNREACHABLE);
}

/** Is this octet of the outer header one of the inner header's? RFC 2003 §4.5. */
function isCopied(pointer: number, { encapsulation }: TunnelError): boolean {
  const isTypeOfService = pointer === 1;
  if (encapsulation !== "minimal") return isTypeOfService;
  const isLifetimeOrFragment = pointer >= 4 && pointer <= 8;
  return isTypeOfService || isLifetimeOrFragment || pointer >= IPV4_HEADER;
}
