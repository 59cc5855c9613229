/**
 * Elements of an nftables map or set by netlink (nfnetlink, subsystem nftables): a transaction that is
 * done, whole or not at all, before the call that sends it returns.
 */

import { constants } from "node:os";
import { IoError, type NetfilterSocket } from "../packet-io.ts";
import {
  decodeMessages,
  encodeBody,
  encodeMessage,
  errorNumber,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  text,
} from "./message.ts";

const SUBSYSTEM = 10;
/** NFNL_MSG_BATCH_BEGIN, NFT_MSG_DELSETELEM and so on. */
const MESSAGE = {
  begin: 16,
  end: 17,
  add: (SUBSYSTEM << 8) | 12,
  remove: (SUBSYSTEM << 8) | 14,
} as const;
const FAMILY_IPV4 = 2;
/** NFTA_SET_ELEM_LIST_TABLE and so on. */
const LIST = { table: 1, set: 2, elements: 3 } as const;
/** NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_DATA. */
const ELEMENT = { key: 1, data: 2 } as const;
/** NFTA_LIST_ELEM, NFTA_DATA_VALUE. */
const ONLY = 1;
const NESTED = 0x8000;
/** Elements of one message, whose list may have 65,535 octets. */
const CHUNK = 500;

/** One element: its key, each field of it filled up to four octets, and its value; a set has none. */
export interface MapElement {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

export interface MapChange {
  readonly table: string;
  readonly map: string;
  readonly added: readonly MapElement[];
  readonly removed: readonly MapElement[];
}

/** IFNAMSIZ. */
const INTERFACE_NAME = 16;

/** The name of an interface as a field of a key. */
export function interfaceName(name: string): Uint8Array {
  const octets = new Uint8Array(INTERFACE_NAME);
  octets.set(text(name));
  return octets;
}

/** A key of several fields. */
export function concatenated(...fields: readonly Uint8Array[]): Uint8Array {
  return joined(fields.map((field) => encodeBody(field, [])));
}

/** Throws an `IoError` when any of it was refused; then nothing of it is done. */
export function changeMap(socket: NetfilterSocket, change: MapChange): void {
  const messages = messagesOf(change);
  const octets = messages.map((message, i) => encodeMessage({ ...message, sequence: i + 1 }));
  const what = `nft map ${change.table} ${change.map}`;
  const answers = socket.transact(joined(octets)).flatMap(decodeMessages);
  for (const answer of answers) {
    const errno = errorNumber(answer) ?? 0;
    if (errno === 0) continue;
    const names = Object.entries(constants.errno);
    throw new IoError(names.find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`, what);
  }
  const acknowledged = new Set(answers.map(({ sequence }) => sequence));
  const isWhole = messages.every(
    ({ flags }, i) => (flags & NLM_F_ACK) === 0 || acknowledged.has(i + 1),
  );
  if (!isWhole) throw new IoError("ENOBUFS", what);
}

function messagesOf({ table, map, added, removed }: MapChange) {
  const boundary = (type: number) => {
    return { type, flags: NLM_F_REQUEST, body: genericHeader(0, SUBSYSTEM) };
  };
  const change = (type: number, flags: number, elements: readonly Uint8Array[]) => {
    const body = encodeBody(genericHeader(FAMILY_IPV4, 0), [
      [LIST.table, text(table)],
      [LIST.set, text(map)],
      [
        LIST.elements | NESTED,
        attributes(...elements.map((element) => [ONLY | NESTED, element] as const)),
      ],
    ]);
    return { type, flags: NLM_F_REQUEST | NLM_F_ACK | flags, body };
  };
  return [
    boundary(MESSAGE.begin),
    ...chunks(removed).map((some) => change(MESSAGE.remove, 0, some.map(keyOnly))),
    ...chunks(added).map((some) => change(MESSAGE.add, NLM_F_CREATE, some.map(keyAndValue))),
    boundary(MESSAGE.end),
  ];
}

function keyOnly({ key }: MapElement): Uint8Array {
  return attributes([ELEMENT.key | NESTED, attributes([ONLY, key])]);
}

function keyAndValue({ key, value }: MapElement): Uint8Array {
  const name = [ELEMENT.key | NESTED, attributes([ONLY, key])] as const;
  if (value === undefined) return attributes(name);
  return attributes(name, [ELEMENT.data | NESTED, attributes([ONLY, value])]);
}

function attributes(...list: readonly (readonly [type: number, value: Uint8Array])[]) {
  return encodeBody(new Uint8Array(0), list);
}

/** struct nfgenmsg. */
function genericHeader(family: number, resource: number): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 255);
}

function chunks<T>(list: readonly T[]): T[][] {
  const count = Math.ceil(list.length / CHUNK);
  return Array.from({ length: count }, (_, i) => list.slice(i * CHUNK, (i + 1) * CHUNK));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
