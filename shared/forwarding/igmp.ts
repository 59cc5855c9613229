/** What a node says by IGMP about the groups that it listens to: RFC 1112, RFC 2236, RFC 3376. */

import { type Ipv4, isMulticast } from "../base/address.ts";
import { internetChecksum } from "../wire/checksum.ts";
import {
  headerLength,
  isFragment,
  protocolOf,
  readAddress,
  readU16,
  totalLength,
} from "./packet.ts";

export const PROTOCOL_IGMP = 2;
const V1_REPORT = 0x12;
const V2_REPORT = 0x16;
const V2_LEAVE = 0x17;
const V3_REPORT = 0x22;
/** A group record without sources and addresses (RFC 3376 §4.2.4). */
const RECORD = 8;
const MODE_IS_INCLUDE = 1;
const CHANGE_TO_INCLUDE = 3;
const BLOCK_OLD_SOURCES = 6;

export interface GroupChange {
  readonly group: Ipv4;
  /** Of whatever sources: those of RFC 3376 are not told apart. */
  readonly isMember: boolean;
}

/** The changes in a packet that is IGMP; none when it is malformed or says nothing of groups. */
export function groupChanges(bytes: Uint8Array, packet: number): GroupChange[] {
  const start = packet + headerLength(bytes, packet);
  const end = packet + totalLength(bytes, packet);
  if (protocolOf(bytes, packet) !== PROTOCOL_IGMP || isFragment(bytes, packet)) return [];
  if (end - start < RECORD || internetChecksum(bytes, start, end) !== 0) return [];
  const group = readAddress(bytes, start + 4);
  switch (bytes[start]) {
    case V1_REPORT:
    case V2_REPORT:
      return isMulticast(group) ? [{ group, isMember: true }] : [];
    case V2_LEAVE:
      return isMulticast(group) ? [{ group, isMember: false }] : [];
    case V3_REPORT:
      return groupRecords(bytes, start, end);
    default:
      return [];
  }
}

function groupRecords(bytes: Uint8Array, start: number, end: number): GroupChange[] {
  const changes: GroupChange[] = [];
  let at = start + RECORD;
  for (let left = readU16(bytes, start + 6); left > 0 && at + RECORD <= end; left--) {
    const sources = readU16(bytes, at + 2);
    const group = readAddress(bytes, at + 4);
    const type = bytes[at];
    const includes = type === MODE_IS_INCLUDE || type === CHANGE_TO_INCLUDE;
    // Including no source at all is how a group is left; blocking some leaves the others.
    const isChange = isMulticast(group) && type !== BLOCK_OLD_SOURCES;
    if (isChange) changes.push({ group, isMember: !includes || sources > 0 });
    at += RECORD + 4 * sources + 4 * (bytes[at + 1] ?? 0);
  }
  return changes;
}
