/** Lists whose items are of several kinds or sizes. */

import type { Ipv4 } from "../../shared/base/address.ts";
import type { RouteRecord } from "../../shared/wire/control/route-records.ts";
import type { RouterAddress } from "../../shared/wire/icmp/router-address.ts";
import { type Choices, makeOctets } from "./arbitrary-values.ts";

const WORD = 4;

const makeIpv4 = (choices: Choices): Ipv4 => choices.below(2 ** 32) as Ipv4;

/** Entries of so many words (RFC 1256 §3). */
export function makeRouterAddresses(choices: Choices, words: number): RouterAddress[] {
  return Array.from({ length: choices.below(6) }, () => {
    const entry = { address: makeIpv4(choices), preference: choices.below(2 ** 32) | 0 };
    return words === 2 ? entry : { ...entry, more: makeOctets(choices, (words - 2) * WORD) };
  });
}

/** A mobile router, then prefixes and other routers, in about `size` octets (RFC 6521 §5.5). */
export function makeRouteRecords(choices: Choices, size: number): RouteRecord[] {
  const records: RouteRecord[] = [makeRouter(choices)];
  let hasPrefix = false;
  for (let left = size - 5; left > 45; left -= 45) {
    if (choices.below(3) === 0) records.push(makeRouter(choices));
    else {
      records.push(makePrefix(choices, hasPrefix ? choices.below(2) : 0));
      hasPrefix = true;
    }
  }
  return records;
}

function makeRouter(choices: Choices): RouteRecord {
  const [delta, info] = [choices.below(2), choices.below(64)];
  return { kind: "mobile-router", delta, info, mobileRouterHoa: makeIpv4(choices) };
}

function makePrefix(choices: Choices, delta: number): RouteRecord {
  const prefixLength = choices.below(33);
  const octets = delta === 1 ? 1 : Math.ceil(prefixLength / 8);
  const prefix = makeOctets(choices, octets);
  return { kind: "prefix", delta, prefixLength, prefix, realm: makeRealm(choices) };
}

/** Labels with their length in front, and indexes of one octet with the first bit set (§4.2). */
function makeRealm(choices: Choices): Uint8Array {
  const parts = Array.from({ length: choices.below(4) }, () => {
    if (choices.below(3) === 2) return [0x80 + choices.below(0x80)];
    const label = makeOctets(choices, 1 + choices.below(9));
    return [label.length, ...label];
  });
  return Uint8Array.from(parts.flat());
}
