/** Asking for and granting IP in UDP, to get through a NAT. RFC 3519 §3.1, §3.2. */

import { UDP_TUNNEL_ENCAPSULATIONS, UDP_TUNNEL_REPLY_CODES } from "../codes.ts";
import { shortExtension } from "../extension-table.ts";
import { flags, named, u8, u16 } from "../field.ts";
import { octets } from "../variable-field.ts";

/** Bits of the UDP Tunnel Request's flags octet: force, through the FA. RFC 3519 §3.1. */
export const UdpTunnelRequestFlag = { F: 0x80, R: 0x40 } as const;

/** Bits of the UDP Tunnel Reply's 16-bit flags field: forced. RFC 3519 §3.2. */
export const UdpTunnelReplyFlag = { F: 0x8000 } as const;

const unnamed6 = [null, null, null, null, null, null];
const unnamed15 = [...unnamed6, ...unnamed6, null, null, null];

/**
 * Regular UDP Tunnel Request Extension: 8 octets. RFC 3519 §3.1. Reserved 1 and the bits behind R
 * are ignored. With a reserved 3 that is not 0 the receiver skips the extension (§3.1.3).
 */
const regularUdpTunnelRequest = shortExtension({
  type: 144,
  subtype: 0,
  name: "regular-udp-tunnel-request-extension",
  extension: "udp-tunnel-request-extension",
  rfc: "RFC 3519 §3.1",
  fields: {
    reserved1: u8,
    flags: flags(["F", "R", ...unnamed6]),
    encapsulation: named(u8, UDP_TUNNEL_ENCAPSULATIONS),
    reserved3: u16,
  },
});

/** UDP Tunnel Request Extension of any other sub-type. RFC 3519 §3.1. */
const udpTunnelRequest = shortExtension({
  type: 144,
  name: "udp-tunnel-request-extension",
  rfc: "RFC 3519 §3.1",
  fields: { data: octets() },
});

/**
 * Regular UDP Tunnel Reply Extension: 8 octets with an 8-bit length, although the type is below
 * 128. Keepalive interval: seconds; 0 leaves the mobile node its own. RFC 3519 §3.2.
 */
const regularUdpTunnelReply = shortExtension({
  type: 44,
  subtype: 0,
  name: "regular-udp-tunnel-reply-extension",
  extension: "udp-tunnel-reply-extension",
  rfc: "RFC 3519 §3.2",
  fields: {
    replyCode: named(u8, UDP_TUNNEL_REPLY_CODES),
    flags: flags(["F", ...unnamed15]),
    keepaliveInterval: u16,
  },
});

/** UDP Tunnel Reply Extension of any other sub-type. RFC 3519 §3.2. */
const udpTunnelReply = shortExtension({
  type: 44,
  name: "udp-tunnel-reply-extension",
  rfc: "RFC 3519 §3.2",
  fields: { data: octets() },
});

/** Extensions 144 and 44. RFC 3519 §3.1, §3.2. */
export const udpTunnelTables = [
  regularUdpTunnelRequest,
  udpTunnelRequest,
  regularUdpTunnelReply,
  udpTunnelReply,
] as const;
