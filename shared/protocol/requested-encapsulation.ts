import type { Encapsulation } from "../forwarding/state.ts";
import { RequestFlag } from "../wire/control.ts";

/**
 * M asks for minimal encapsulation, G for GRE, IP-in-IP otherwise (RFC 5944 §3.3). With both set
 * foreign and home agent must choose alike, and a reply cannot tell: both take GRE.
 */
export function requestedEncapsulation(flags: number): Encapsulation {
  if ((flags & RequestFlag.G) !== 0) return "gre";
  return (flags & RequestFlag.M) !== 0 ? "minimal" : "ipip";
}
