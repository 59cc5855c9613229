/** ICMP errors about relayed requests, as reply codes 80 to 95: RFC 5944 §3.7.3. */

import { type Ipv4, toIpv4 } from "../../../shared/base/address.ts";
import { internetChecksum } from "../../../shared/wire/checksum.ts";
import { MOBILE_IP_PORT } from "../../../shared/wire/control.ts";
import { readU16, readU32 } from "../../../shared/wire/field.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";

const ICMP_UNREACHABLE = 3;
const ICMP_TIME_EXCEEDED = 11;
const ICMP_PARAMETER_PROBLEM = 12;
const UDP_PROTOCOL = 17;
/** Where Home Address and Identification stand in a Registration Request. */
const HOME_ADDRESS_AT = 4;
const IDENTIFICATION_AT = 16;

export interface UnreachableHomeAgent {
  readonly code: number;
  readonly careOfAddress: Ipv4;
  readonly homeAgent: Ipv4;
  /** The request itself, when the error quotes enough of it. */
  readonly request: { readonly homeAddress: Ipv4; readonly identification: bigint } | undefined;
}

function codeOf(type: number, code: number): number {
  if (type !== ICMP_UNREACHABLE) return ReplyCode.faHomeAgentUnreachable;
  if (code === 0 || code === 6) return ReplyCode.faHomeNetworkUnreachable;
  if (code === 1 || code === 7) return ReplyCode.faHomeAgentHostUnreachable;
  return code === 3 ? ReplyCode.faHomeAgentPortUnreachable : ReplyCode.faHomeAgentUnreachable;
}

/** Reads an ICMP error that quotes a relayed request; `undefined` when it is none. */
export function readUnreachable(icmp: Uint8Array): UnreachableHomeAgent | undefined {
  const type = icmp[0] ?? 0;
  const isError = [ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM].includes(type);
  if (!isError || icmp.length < 8 + 28 || internetChecksum(icmp) !== 0) return undefined;
  const ip = icmp.subarray(8);
  const headerLength = ((ip[0] ?? 0) & 0x0f) * 4;
  if ((ip[0] ?? 0) >> 4 !== 4 || headerLength < 20 || ip.length < headerLength + 8) {
    return undefined;
  }
  const udp = ip.subarray(headerLength);
  if (ip[9] !== UDP_PROTOCOL || readU16(udp, 2) !== MOBILE_IP_PORT) return undefined;
  const payload = udp.subarray(8);
  const quoted = payload.length >= IDENTIFICATION_AT + 8 && payload[0] === 1;
  return {
    code: codeOf(type, icmp[1] ?? 0),
    careOfAddress: toIpv4(readU32(ip, 12)),
    homeAgent: toIpv4(readU32(ip, 16)),
    request: quoted
      ? {
          homeAddress: toIpv4(readU32(payload, HOME_ADDRESS_AT)),
          identification:
            (BigInt(readU32(payload, IDENTIFICATION_AT)) << 32n) |
            BigInt(readU32(payload, IDENTIFICATION_AT + 4)),
        }
      : undefined,
  };
}
