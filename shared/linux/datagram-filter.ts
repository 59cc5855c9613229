/** Classic BPF for IP sockets: by UDP port and first octet of the payload, by firewall mark. */

import { encodeProgram, type Instruction } from "./link-filter.ts";
import type { RawUdpFilter } from "./packet-io.ts";

const LOAD_LENGTH = 0x80;
const LOAD_WORD = 0x20;
const LOAD_BYTE = 0x30;
const LOAD_HEADER_LENGTH = 0xb1;
const LOAD_BYTE_AT_X = 0x50;
const LOAD_HALF_AT_X = 0x48;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const RETURN = 0x06;
const UDP_HEADER = 8;
/** SKF_AD_OFF + SKF_AD_MARK. */
const MARK = 0xfffff000 + 20;
const DROP: Instruction = [RETURN, 0, 0, 0];
const ACCEPT: Instruction = [RETURN, 0, 0, 0x40000];

/** For a raw socket, whose packets begin with the IP header. One without payload is dropped. */
export function compileRawUdpFilter({ port, firstOctet }: RawUdpFilter): Uint8Array {
  return encodeProgram([
    [LOAD_HEADER_LENGTH, 0, 0, 0],
    [LOAD_HALF_AT_X, 0, 0, 2],
    [JUMP_EQUAL, 0, 3, port],
    [LOAD_BYTE_AT_X, 0, 0, UDP_HEADER],
    [JUMP_EQUAL, 0, 1, firstOctet],
    ACCEPT,
    DROP,
  ]);
}

/** For a raw socket: packets that the firewall has marked so. */
export function compileMarkFilter(mark: number): Uint8Array {
  return encodeProgram([[LOAD_WORD, 0, 0, MARK], [JUMP_EQUAL, 0, 1, mark], ACCEPT, DROP]);
}

/** For a UDP socket, whose packets begin with the UDP header: all but those with this octet. */
export function compileUdpFilter(exceptFirstOctet: number): Uint8Array {
  return encodeProgram([
    [LOAD_LENGTH, 0, 0, 0],
    [JUMP_GREATER, 0, 3, UDP_HEADER],
    [LOAD_BYTE, 0, 0, UDP_HEADER],
    [JUMP_EQUAL, 0, 1, exceptFirstOctet],
    DROP,
    ACCEPT,
  ]);
}
