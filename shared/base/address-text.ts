/** Texts of addresses that many records have in common. */

import { formatIpv4, type Ipv4 } from "./address.ts";

/** Of how many addresses the texts are remembered. */
const MAX_TEXTS = 64;
const texts = new Map<Ipv4, string>();

/** As `formatIpv4`. Few agents serve many nodes: in their records an agent is always the same text. */
export function addressText(address: Ipv4): string {
  const known = texts.get(address);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  const text = formatIpv4(address);
  texts.set(address, text);
  return text;
}
