/** MIP Tunnel Data: what a mobile node behind a NAT sends and gets. RFC 3519 §3.3. */

import { UDP_TUNNEL_ENCAPSULATIONS } from "../codes.ts";
import { constant, named, u8, u16 } from "../field.ts";
import type { MessageValue } from "../message.ts";
import { octets } from "../variable-field.ts";

/**
 * MIP Tunnel Data Message. RFC 3519 §3.3. Next Header: an IP protocol number; one that is not the
 * binding's is dropped. Reserved: sent 0, ignored. It carries a packet and no extensions.
 */
export const tunnelData = {
  type: 4,
  name: "tunnel-data",
  rfc: "RFC 3519 §3.3",
  fields: {
    type: constant(u8, 4),
    nextHeader: named(u8, headersOnly(UDP_TUNNEL_ENCAPSULATIONS)),
    reserved: u16,
    tunnelledPacket: octets(),
  },
  extensions: undefined,
} as const;

/** Without 0, which asks for no encapsulation in particular and heads no packet. */
function headersOnly({ 4: ip, 47: gre, 55: minimal }: typeof UDP_TUNNEL_ENCAPSULATIONS) {
  return { 4: ip, 47: gre, 55: minimal };
}

export type TunnelData = MessageValue<typeof tunnelData>;
