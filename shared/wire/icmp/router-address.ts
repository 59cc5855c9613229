/** The addresses of a Router Advertisement: entries whose size the message tells (RFC 1256 §3). */

import type { Ipv4 } from "../../base/address.ts";
import { assert } from "../../base/result.ts";
import { copyOf, type Field, ipv4Field, octetsOf, readU32, toHex, writeU32 } from "../field.ts";

export interface RouterAddress {
  readonly address: Ipv4;
  /** Signed 32 bits; higher is preferred. */
  readonly preference: number;
  /** What stands behind these two where the entries are longer than two words; ignored. */
  readonly more?: Uint8Array;
}

const WORD = 4;
/** Words of an address and its preference. */
const LEAST_WORDS = 2;

/** Entries as `numAddrs` and `addrEntrySize` (in words of 4 octets) say. */
export const routerAddressesField: Field<readonly RouterAddress[]> = {
  shows: { kind: "router-addresses" },
  size: undefined,
  least: 0,
  most: 255 * 255 * WORD,
  needs: ["numAddrs", "addrEntrySize"],
  measure: (_bytes, at, end, count = 0, words = 0) => {
    const octets = count * words * WORD;
    return words >= LEAST_WORDS && at + octets <= end ? octets : -1;
  },
  requires: (count = 0, words = 0) => (words < LEAST_WORDS ? 0 : count * words * WORD),
  complaint: (_left, _count, words = 0) => `entries of ${words} words, less than an address takes`,
  read: (bytes, at, _end, count = 0, words = 0) => {
    const addresses: RouterAddress[] = [];
    for (let i = 0, offset = at; i < count; i++, offset += words * WORD) {
      const address = ipv4Field.read(bytes, offset, offset + WORD);
      const preference = readU32(bytes, offset + WORD) | 0;
      if (words === LEAST_WORDS) addresses.push({ address, preference });
      else {
        const more = copyOf(bytes, offset + LEAST_WORDS * WORD, offset + words * WORD);
        addresses.push({ address, preference, more });
      }
    }
    return addresses;
  },
  write: (bytes, at, addresses, _count = 0, words = 0) => {
    for (let i = 0, offset = at; i < addresses.length; i++, offset += words * WORD) {
      const entry = addresses[i];
      assert(entry !== undefined, "an address");
      ipv4Field.write(bytes, offset, entry.address);
      writeU32(bytes, offset + WORD, entry.preference >>> 0);
      if (words === LEAST_WORDS) continue;
      const more = octetsOf((words - LEAST_WORDS) * WORD);
      more.write(bytes, offset + LEAST_WORDS * WORD, entry.more ?? EMPTY);
    }
  },
  length: (addresses) =>
    addresses.reduce((sum, { more }) => sum + LEAST_WORDS * WORD + (more?.length ?? 0), 0),
  json: (addresses) =>
    addresses.map(({ address, preference, more }) => ({
      address: ipv4Field.json(address),
      preference,
      ...(more === undefined ? {} : { more: toHex(more) }),
    })),
};

const EMPTY = new Uint8Array();
