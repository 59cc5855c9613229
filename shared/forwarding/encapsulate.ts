/** Putting a packet into a tunnel of whatever form: RFC 2003, 2004, 2784, 2890, 3519. */

import { type Ipv4, UNSPECIFIED } from "../base/address.ts";
import { ABSENT, greHeaderLength, writeGreHeader } from "./gre.ts";
import { type DfPolicy, OUTER_HEADER, type TunnelEnds, writeOuterHeader } from "./ipip.ts";
import { encapsulateMinimal } from "./minimal.ts";
import { isFragment, PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_UDP, totalLength } from "./packet.ts";
import type { Encapsulation, TunnelForm } from "./state.ts";
import { UDP_TUNNEL_HEADERS, writeTunnelData } from "./udp-tunnel.ts";

/** A tunnel as its headers are written: a `TunnelForm` with numbers for what is absent. */
export interface TunnelHeaders extends TunnelEnds {
  readonly encapsulation: Encapsulation;
  /** GRE key to send, or `ABSENT`. */
  readonly keyOut: number;
  /** The other end's UDP port; 0 without UDP. */
  readonly port: number;
  /** Home address of the mobile router to which a tunnel in this one goes, or `UNSPECIFIED`. */
  readonly router: Ipv4;
}

/**
 * Octets that a tunnel of this form adds to a packet at most. Minimal encapsulation counts as
 * IP-in-IP, which its fragments need.
 */
export function overheadOf({ encapsulation, greKeyOut, udpPort }: TunnelForm): number {
  const gre = encapsulation === "gre" ? greHeaderLength(greKeyOut ?? ABSENT) : 0;
  return OUTER_HEADER + gre + (udpPort === undefined ? 0 : UDP_TUNNEL_HEADERS);
}

/**
 * Encapsulates for the mobile router first, if there is one (RFC 5177 §7), and then for the tunnel
 * itself, each in place; returns where the packet begins now.
 */
export function encapsulate(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelHeaders,
  df: DfPolicy,
  identification: number,
): number {
  const { local, router } = tunnel;
  if (router === UNSPECIFIED) return encapsulateOnce(bytes, packet, tunnel, df, identification);
  writeOuterHeader(bytes, packet, { local, remote: router }, df, identification);
  return encapsulateOnce(bytes, packet - OUTER_HEADER, tunnel, df, identification);
}

/**
 * Encapsulates the packet in place, into the room before it, which no form exceeds; returns where
 * it begins now. RFC 2004 §3: a fragment goes by IP-in-IP, where minimal encapsulation was agreed.
 */
function encapsulateOnce(
  bytes: Uint8Array,
  packet: number,
  tunnel: TunnelHeaders,
  df: DfPolicy,
  identification: number,
): number {
  const { encapsulation, port } = tunnel;
  if (encapsulation === "ipip" && port === 0) {
    writeOuterHeader(bytes, packet, tunnel, df, identification);
    return packet - OUTER_HEADER;
  }
  if (encapsulation === "minimal" && !isFragment(bytes, packet)) {
    return encapsulateMinimal(bytes, packet, tunnel);
  }
  let start = packet;
  let protocol = PROTOCOL_IPIP;
  if (encapsulation === "gre") {
    start = writeGreHeader(bytes, packet, tunnel.keyOut);
    protocol = PROTOCOL_GRE;
  }
  if (port !== 0) {
    const length = totalLength(bytes, packet) + packet - start;
    start = writeTunnelData(bytes, start, length, protocol, port);
    protocol = PROTOCOL_UDP;
  }
  start -= OUTER_HEADER;
  writeOuterHeader(bytes, packet, tunnel, df, identification, packet - start, protocol);
  return start;
}
