/**
 * Classic BPF for a raw socket of tunnel packets, of which the kernel's own devices take most: those
 * from the other ends of such tunnels do not come up, but for what no device takes or knows. It looks
 * for the sender in a tree, so that a thousand of them cost ten comparisons.
 */

import type { Ipv4 } from "../base/address.ts";
import { encodeProgram, type Instruction } from "./link-filter.ts";
import type { CarriedPackets } from "./packet-io.ts";

/** BPF_MAXINSNS is 4096. */
const MOST_REMOTES = 3500;
const MOST_BROADCASTS = 64;
/** Compared one after the other; a conditional jump reaches 255 instructions. */
const BLOCK = 64;

const LOAD_WORD = 0x20;
const LOAD_BYTE_AT_X = 0x50;
const LOAD_WORD_AT_X = 0x40;
/** X = 4 * (octet & 15): the length of an IPv4 header. */
const LOAD_HEADER_LENGTH = 0xb1;
const LOAD_X_FROM_MEMORY = 0x61;
const STORE = 0x02;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const SHIFT_LEFT = 0x64;
const ADD = 0x04;
const ADD_X = 0x0c;
const A_TO_X = 0x07;
const RETURN = 0x06;

const OUTER_SOURCE = 12;
const PROTOCOL = 9;
const DESTINATION = 16;
const ICMP = 1;
const FIRST_GROUP = 0xe0000000;
/** Flags in the first octet of a GRE header: a checksum, a key, a sequence number. */
const GRE = { checksum: 0x80, key: 0x20, sequence: 0x10 } as const;

const op = (code: number, k = 0, jumpTrue = 0, jumpFalse = 0): Instruction => [
  code,
  jumpTrue,
  jumpFalse,
  k,
];
const DROP = op(RETURN, 0);
const ACCEPT = op(RETURN, 0x40000);

/** With more of either than it takes everything comes up. */
export function compileCarriedFilter(packets: CarriedPackets): Uint8Array {
  const remotes = [...new Set(packets.remotes)].sort((a, b) => a - b);
  const isTooMuch = packets.broadcasts.length > MOST_BROADCASTS || remotes.length > MOST_REMOTES;
  if (isTooMuch || remotes.length === 0) return encodeProgram([ACCEPT]);
  const inner = [...(packets.encapsulation === "gre" ? AFTER_GRE : AFTER_IP), ...besides(packets)];
  return encodeProgram([op(LOAD_WORD, OUTER_SOURCE), ...search(remotes), ...inner]);
}

/** Goes on behind itself when A is one of them, and accepts when not. */
function search(remotes: readonly Ipv4[]): Instruction[] {
  if (remotes.length <= BLOCK) {
    const list = remotes.map((remote, i) => op(JUMP_EQUAL, remote, remotes.length - i, 0));
    return [...list, ACCEPT];
  }
  const half = remotes.length >> 1;
  const low = search(remotes.slice(0, half));
  const high = search(remotes.slice(half));
  return [
    op(JUMP_AT_LEAST, remotes[half] ?? 0, 0, 1),
    op(JUMP, low.length + 1),
    ...low,
    op(JUMP, high.length),
    ...high,
  ];
}

/** X is where the inner packet begins. */
const AFTER_IP: readonly Instruction[] = [op(LOAD_HEADER_LENGTH)];

/** A device drops what has a checksum (RFC 2784 §2.1): that comes up. */
const AFTER_GRE: readonly Instruction[] = [
  op(LOAD_HEADER_LENGTH),
  op(LOAD_BYTE_AT_X),
  op(JUMP_ANY_BIT, GRE.checksum, 0, 1),
  ACCEPT,
  // A key and a sequence number are four octets each.
  op(AND, GRE.key),
  op(SHIFT_RIGHT, 3),
  op(STORE, 0),
  op(LOAD_BYTE_AT_X),
  op(AND, GRE.sequence),
  op(SHIFT_RIGHT, 2),
  op(ADD_X),
  op(LOAD_X_FROM_MEMORY, 0),
  op(ADD_X),
  op(ADD, 4),
  op(A_TO_X),
];

/** Groups, broadcasts of home links, and answers to our own echoes. */
function besides({ broadcasts }: CarriedPackets): Instruction[] {
  return [
    op(LOAD_WORD_AT_X, DESTINATION),
    op(JUMP_AT_LEAST, FIRST_GROUP, 0, 1),
    ACCEPT,
    ...broadcasts.flatMap((address) => [op(JUMP_EQUAL, address, 0, 1), ACCEPT]),
    op(LOAD_BYTE_AT_X, PROTOCOL),
    op(JUMP_EQUAL, ICMP, 1, 0),
    DROP,
    op(LOAD_BYTE_AT_X, 0),
    op(AND, 15),
    op(SHIFT_LEFT, 2),
    op(ADD_X),
    op(A_TO_X),
    op(LOAD_BYTE_AT_X, 0),
    // Echo Reply.
    op(JUMP_EQUAL, 0, 0, 1),
    ACCEPT,
    DROP,
  ];
}
