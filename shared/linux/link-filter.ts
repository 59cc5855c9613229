/**
 * Classic BPF for a `LinkFilter`: the kernel drops what a link socket does not want before it costs
 * anything. Also dropped: frames this host sends, frames to other stations that a promiscuous
 * interface lets in, VLAN-tagged frames (they belong to the VLAN's own interface), and fragments,
 * whose later parts have no ports to look at.
 */

import { LITTLE_ENDIAN } from "./kernel-call.ts";
import type { LinkFilter } from "./packet-io.ts";

export type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];
/** Ends of the program: jumps name them until the addresses are known. */
type Target = number | "accept" | "drop" | "next-rule";
interface Draft {
  readonly code: number;
  readonly k: number;
  readonly onTrue?: Target;
  readonly onFalse?: Target;
}

const LOAD_BYTE = 0x30;
const LOAD_HALF = 0x28;
const LOAD_WORD = 0x20;
/** X = 4 * (octet & 15): the length of an IPv4 header. */
const LOAD_HEADER_LENGTH = 0xb1;
const LOAD_BYTE_AT_X = 0x50;
const LOAD_HALF_AT_X = 0x48;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

/** SKF_AD_OFF: beyond it are what the kernel knows about the packet. */
const ANCILLARY = 0xfffff000;
const PACKET_TYPE = ANCILLARY + 4;
const VLAN_TAG_PRESENT = ANCILLARY + 48;
/** PACKET_HOST, PACKET_BROADCAST and PACKET_MULTICAST are 0 to 2. */
const LAST_RECEIVED_TYPE = 2;
const ETHER_TYPE = 12;
const IP = 14;
const WHOLE_PACKET = 0x40000;

/** Falls through to the next instruction unless told otherwise. */
function jump(code: number, k: number, targets: { onTrue?: Target; onFalse?: Target }): Draft {
  return { code, k, ...targets };
}

function udpRule(port: number): Draft[] {
  return [
    jump(JUMP_EQUAL, 17, { onFalse: "next-rule" }),
    { code: LOAD_HALF_AT_X, k: IP + 2 },
    jump(JUMP_EQUAL, port, { onTrue: "accept", onFalse: "drop" }),
  ];
}

function icmpRule(types: readonly number[]): Draft[] {
  return [
    jump(JUMP_EQUAL, 1, { onFalse: "next-rule" }),
    { code: LOAD_BYTE_AT_X, k: IP },
    ...types.map((type) => jump(JUMP_EQUAL, type, { onTrue: "accept" })),
    { code: RETURN, k: 0 },
  ];
}

/** Each rule begins with the protocol in A; "next-rule" is where the rule ends. */
function ipRules(filter: LinkFilter): Draft[] {
  const rules = [
    ...(filter.udpPort === undefined ? [] : [udpRule(filter.udpPort)]),
    ...(filter.icmpTypes === undefined ? [] : [icmpRule(filter.icmpTypes)]),
  ];
  const drafts: Draft[] = [];
  for (const rule of rules) {
    const end = drafts.length + rule.length;
    for (const draft of rule) {
      const skip = end - drafts.length - 1;
      drafts.push(draft.onFalse === "next-rule" ? { ...draft, onFalse: skip } : draft);
    }
  }
  return drafts;
}

/** PACKET_BROADCAST is 1, PACKET_MULTICAST 2. */
function heardDrafts(heard: NonNullable<LinkFilter["heard"]>): Draft[] {
  const last = heard === "groups" ? 2 : 1;
  return [
    { code: LOAD_WORD, k: PACKET_TYPE },
    jump(JUMP_EQUAL, 0, { onTrue: "drop" }),
    jump(JUMP_GREATER, last, { onTrue: "drop" }),
    { code: LOAD_WORD, k: VLAN_TAG_PRESENT },
    jump(JUMP_EQUAL, 0, { onFalse: "drop" }),
    { code: LOAD_HALF, k: ETHER_TYPE },
    jump(JUMP_EQUAL, 0x0800, { onTrue: "accept" }),
    { code: RETURN, k: 0 },
    { code: RETURN, k: WHOLE_PACKET },
  ];
}

function drafts(filter: LinkFilter): Draft[] {
  if (filter.heard !== undefined) return heardDrafts(filter.heard);
  const program: Draft[] = [
    { code: LOAD_WORD, k: PACKET_TYPE },
    jump(JUMP_GREATER, LAST_RECEIVED_TYPE, { onTrue: "drop" }),
    { code: LOAD_WORD, k: VLAN_TAG_PRESENT },
    jump(JUMP_EQUAL, 0, { onFalse: "drop" }),
    { code: LOAD_HALF, k: ETHER_TYPE },
  ];
  if (filter.arp === true) program.push(jump(JUMP_EQUAL, 0x0806, { onTrue: "accept" }));
  program.push(
    jump(JUMP_EQUAL, 0x0800, { onFalse: "drop" }),
    // Version 4 with a header of at least five words.
    { code: LOAD_BYTE, k: IP },
    jump(JUMP_AT_LEAST, 0x45, { onFalse: "drop" }),
    jump(JUMP_GREATER, 0x4f, { onTrue: "drop" }),
    // More fragments, or an offset.
    { code: LOAD_HALF, k: IP + 6 },
    jump(JUMP_ANY_BIT, 0x3fff, { onTrue: "drop" }),
    { code: LOAD_HEADER_LENGTH, k: IP },
    { code: LOAD_BYTE, k: IP + 9 },
    ...ipRules(filter),
    { code: RETURN, k: 0 },
    { code: RETURN, k: WHOLE_PACKET },
  );
  return program;
}

/** The last instruction accepts, the one before it drops; jumps count from the next instruction. */
function assemble(program: readonly Draft[]): Instruction[] {
  const distance = (target: Target | undefined, at: number): number => {
    if (typeof target === "number") return target;
    if (target === "accept") return program.length - 1 - at - 1;
    if (target === "drop") return program.length - 2 - at - 1;
    return 0;
  };
  return program.map(({ code, k, onTrue, onFalse }, at) => [
    code,
    distance(onTrue, at),
    distance(onFalse, at),
    k,
  ]);
}

export function compileLinkFilter(filter: LinkFilter): Uint8Array {
  return encodeProgram(assemble(drafts(filter)));
}

/** A program as struct sock_filter[]. */
export function encodeProgram(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, jumpTrue, jumpFalse, k], i) => {
    view.setUint16(i * 8, code, LITTLE_ENDIAN);
    view.setUint8(i * 8 + 2, jumpTrue);
    view.setUint8(i * 8 + 3, jumpFalse);
    view.setUint32(i * 8 + 4, k, LITTLE_ENDIAN);
  });
  return bytes;
}
