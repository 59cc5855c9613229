/** What an ICMP error says about the path of a tunnel (RFC 1191, RFC 2003 §5.1). Pure. */

import type { Ipv4 } from "../base/address.ts";
import { internetChecksum } from "../wire/checksum.ts";
import {
  destinationOf,
  isIpv4,
  OUTER_HEADER,
  PROTOCOL_IPIP,
  sourceOf,
  totalLength,
} from "./ipip.ts";

export interface TooBig {
  readonly local: Ipv4;
  readonly remote: Ipv4;
  /** What is left for the inner packet. */
  readonly tunnelMtu: number;
}

const ICMP_HEADER = 8;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
/** As the kernel's `min_pmtu`: a forged error must not shrink packets to nothing. */
const SMALLEST_PATH_MTU = 552;

/**
 * Reads an ICMP packet, IP header included; `undefined` when it is not a well-formed `fragmentation
 * needed` about an IP-in-IP packet. Whether that tunnel exists is for the caller to say.
 */
export function readTooBig(bytes: Uint8Array, packet: number, length: number): TooBig | undefined {
  if (!isIpv4(bytes, packet, length)) return undefined;
  const icmp = packet + ((bytes[packet] ?? 0) & 15) * 4;
  const end = packet + totalLength(bytes, packet);
  const quoted = icmp + ICMP_HEADER;
  if (quoted + OUTER_HEADER > end || internetChecksum(bytes, icmp, end) !== 0) return undefined;
  if (bytes[icmp] !== UNREACHABLE || bytes[icmp + 1] !== FRAGMENTATION_NEEDED) return undefined;
  // The quote is cut short, so only its header is there for certain.
  if ((bytes[quoted] ?? 0) >>> 4 !== 4 || bytes[quoted + 9] !== PROTOCOL_IPIP) return undefined;
  const pathMtu = ((bytes[icmp + 6] ?? 0) << 8) | (bytes[icmp + 7] ?? 0);
  return {
    local: sourceOf(bytes, quoted),
    remote: destinationOf(bytes, quoted),
    tunnelMtu: Math.max(pathMtu, SMALLEST_PATH_MTU) - OUTER_HEADER,
  };
}
