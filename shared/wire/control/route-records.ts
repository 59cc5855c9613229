/** The information structures of a prefix advertisement. RFC 6521 §5.5. */

import type { Ipv4 } from "../../base/address.ts";
import { assert, type Json } from "../../base/result.ts";
import { copyOf, type Field, ipv4Field, toHex } from "../field.ts";

/** A mobile router; the prefixes behind it are its own (M = 1). */
export interface MobileRouterRecord {
  readonly kind: "mobile-router";
  /** D: sent 0, ignored here. */
  readonly delta: number;
  /** 0: nothing in particular; 1: outbound connections only. */
  readonly info: number;
  readonly mobileRouterHoa: Ipv4;
}

/** A network prefix of the last mobile router (M = 0). */
export interface PrefixRecord {
  readonly kind: "prefix";
  /** D: 1 when the prefix is one octet that differs from the last whole one (§4.1). */
  readonly delta: number;
  /** Bits, 0 to 32. */
  readonly prefixLength: number;
  /** As sent: `prefixLength` bits rounded up to octets, or with D the one octet. */
  readonly prefix: Uint8Array;
  /** As sent, labels and indexes of the dictionary (§4.2), without the 0 at its end. */
  readonly realm: Uint8Array;
}

export type RouteRecord = MobileRouterRecord | PrefixRecord;

const D = 0x80;
const M = 0x40;
const LOW_BITS = 0x3f;
const ADDRESS = 4;
const LONGEST_PREFIX = 32;
/** Set in an octet of a realm: an index, one octet; else the length of the label behind it. */
const INDEX = 0x80;

/** Octets of the Prefix field. RFC 6521 §4.1, §5.5. */
function prefixOctets(delta: number, prefixLength: number): number {
  return delta === 1 ? 1 : Math.ceil(prefixLength / 8);
}

/** The offset of the 0 that ends the realm at `at`, or -1 when there is none below `end`. */
function realmEnd(bytes: Uint8Array, at: number, end: number): number {
  let offset = at;
  while (offset < end) {
    const octet = bytes[offset] ?? 0;
    if (octet === 0) return offset;
    offset += octet >= INDEX ? 1 : 1 + octet;
  }
  return -1;
}

/** The offset behind the record at `at`, or -1 when it does not fit below `end`. */
function recordEnd(bytes: Uint8Array, at: number, end: number): number {
  const head = bytes[at] ?? 0;
  if ((head & M) !== 0) return at + 1 + ADDRESS <= end ? at + 1 + ADDRESS : -1;
  const prefixLength = head & LOW_BITS;
  if (prefixLength > LONGEST_PREFIX) return -1;
  const stop = realmEnd(bytes, at + 1 + prefixOctets(head >>> 7, prefixLength), end);
  return stop < 0 ? -1 : stop + 1;
}

/**
 * Octets of all records, or -1: each must fit, the first must be a mobile router's, and the first
 * prefix a whole one, for there is nothing yet that it could differ from. Linear in the octets.
 */
function measure(bytes: Uint8Array, at: number, end: number): number {
  if (((bytes[at] ?? 0) & M) === 0) return -1;
  let hasPrefix = false;
  let offset = at;
  while (offset < end) {
    const head = bytes[offset] ?? 0;
    if ((head & M) === 0) {
      if (!hasPrefix && (head & D) !== 0) return -1;
      hasPrefix = true;
    }
    offset = recordEnd(bytes, offset, end);
    if (offset < 0) return -1;
  }
  return end - at;
}

function readRecord(bytes: Uint8Array, at: number, end: number): RouteRecord {
  const head = bytes[at] ?? 0;
  const delta = head >>> 7;
  if ((head & M) !== 0) {
    const mobileRouterHoa = ipv4Field.read(bytes, at + 1, end);
    return { kind: "mobile-router", delta, info: head & LOW_BITS, mobileRouterHoa };
  }
  const prefixLength = head & LOW_BITS;
  const realmAt = at + 1 + prefixOctets(delta, prefixLength);
  const prefix = copyOf(bytes, at + 1, realmAt);
  return { kind: "prefix", delta, prefixLength, prefix, realm: copyOf(bytes, realmAt, end - 1) };
}

/** Writes one record and returns the offset behind it. */
function writeRecord(bytes: Uint8Array, at: number, record: RouteRecord): number {
  const { delta } = record;
  assert(delta === 0 || delta === 1, `${delta} does not fit into 1 bits`);
  if (record.kind === "mobile-router") {
    const { info, mobileRouterHoa } = record;
    assert(info >= 0 && info <= LOW_BITS, `${info} does not fit into 6 bits`);
    bytes[at] = (delta << 7) | M | info;
    ipv4Field.write(bytes, at + 1, mobileRouterHoa);
    return at + 1 + ADDRESS;
  }
  const { prefixLength, prefix, realm } = record;
  assert(prefixLength >= 0 && prefixLength <= LONGEST_PREFIX, `a prefix of ${prefixLength} bits`);
  assert(prefix.length === prefixOctets(delta, prefixLength), "a prefix in its octets");
  bytes[at] = (delta << 7) | prefixLength;
  bytes.set(prefix, at + 1);
  const realmAt = at + 1 + prefix.length;
  const stop = realmAt + realm.length;
  bytes.set(realm, realmAt);
  bytes[stop] = 0;
  assert(realmEnd(bytes, realmAt, stop + 1) === stop, "a realm of whole labels");
  return stop + 1;
}

function recordLength(record: RouteRecord): number {
  if (record.kind === "mobile-router") return 1 + ADDRESS;
  return 1 + record.prefix.length + record.realm.length + 1;
}

function recordJson(record: RouteRecord): Json {
  const flags = { D: record.delta === 1, M: record.kind === "mobile-router" };
  if (record.kind === "mobile-router") {
    const { info, mobileRouterHoa } = record;
    return { flags, info, mobile_router_hoa: ipv4Field.json(mobileRouterHoa) };
  }
  const { prefixLength, prefix, realm } = record;
  return { flags, plen: prefixLength, prefix: toHex(prefix), realm: toHex(realm) };
}

/** All that is left, as records. */
export const routeRecords: Field<readonly RouteRecord[]> = {
  shows: { kind: "route-records" },
  size: undefined,
  least: 1 + ADDRESS,
  most: Number.POSITIVE_INFINITY,
  measure,
  complaint: () => "the octets are no mobile router's address and prefixes behind it",
  read: (bytes, at, end) => {
    const records: RouteRecord[] = [];
    for (let offset = at; offset < end; ) {
      const stop = recordEnd(bytes, offset, end);
      records.push(readRecord(bytes, offset, stop));
      offset = stop;
    }
    return records;
  },
  write: (bytes, at, records) => {
    let offset = at;
    for (const record of records) offset = writeRecord(bytes, offset, record);
    assert(measure(bytes, at, offset) >= 0, "a mobile router and a whole prefix come first");
  },
  length: (records) => records.reduce((sum, record) => sum + recordLength(record), 0),
  json: (records) => records.map(recordJson),
};
