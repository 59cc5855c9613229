/** Attributes of rtnetlink messages that stand for values of ours. */

import { type Ipv4, toIpv4 } from "../../base/address.ts";

export type AttributeList = (readonly [type: number, value: Uint8Array])[];

export function addressBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export function readIpv4(value: Uint8Array | undefined): Ipv4 | undefined {
  if (value?.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = value;
  return toIpv4((a << 24) | (b << 16) | (c << 8) | d);
}

/** Adds an attribute when there is a value for it. */
export function put<T>(
  list: AttributeList,
  type: number,
  value: T | undefined,
  encode: (value: T) => Uint8Array,
): void {
  if (value !== undefined) list.push([type, encode(value)]);
}

/** The number of a table that does not fit the octet of the fixed part. */
export const TABLE_UNSPEC = 0;
