/**
 * Programs at an interface by traffic control, for kernels before 6.6: a `clsact` qdisc, and in it
 * one filter of kind `bpf` with our own preference, whose verdict holds (direct action).
 */

import { IoError } from "../packet-io.ts";
import type { AttributeList } from "./attributes.ts";
import {
  encodeBody,
  fixedPart,
  LITTLE_ENDIAN,
  NLM_F_CREATE,
  NLM_F_EXCL,
  text,
  u32,
} from "./message.ts";
import type { Rtnetlink } from "./rtnetlink.ts";

const NEW_QDISC = 36;
const NEW_FILTER = 44;
const DELETE_FILTER = 45;
const CLSACT_PARENT = 0xfffffff1;
const CLSACT_HANDLE = 0xffff0000;
const PARENT = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const DIRECT_ACTION = 1;
const ETHERTYPE_IPV4 = 0x0800;
const HANDLE = 1;
/** struct tcmsg */
const FIXED = 20;

export type Hook = "ingress" | "egress";

export interface FilterPlace {
  readonly ifindex: number;
  readonly hook: Hook;
  /** 1 to 65535; the number by which the filter is known again. */
  readonly preference: number;
}

function message(ifindex: number, handle: number, parent: number, info: number): Uint8Array {
  return fixedPart(FIXED, (view) => {
    view.setInt32(4, ifindex, LITTLE_ENDIAN);
    view.setUint32(8, handle, LITTLE_ENDIAN);
    view.setUint32(12, parent, LITTLE_ENDIAN);
    view.setUint32(16, info, LITTLE_ENDIAN);
  });
}

/** Where the filter is: preference, and the protocol in network order. */
function filterMessage({ ifindex, hook, preference }: FilterPlace): Uint8Array {
  const protocol = LITTLE_ENDIAN
    ? ((ETHERTYPE_IPV4 & 0xff) << 8) | (ETHERTYPE_IPV4 >> 8)
    : ETHERTYPE_IPV4;
  return message(ifindex, HANDLE, PARENT[hook], preference * 0x10000 + protocol);
}

export function encodeClsact(ifindex: number): Uint8Array {
  const fixed = message(ifindex, CLSACT_HANDLE, CLSACT_PARENT, 0);
  return encodeBody(fixed, [[TCA_KIND, text("clsact")]]);
}

export function encodeFilter(place: FilterPlace, program: number, name: string): Uint8Array {
  const options: AttributeList = [
    [TCA_BPF_FD, u32(program)],
    [TCA_BPF_NAME, text(name)],
    [TCA_BPF_FLAGS, u32(DIRECT_ACTION)],
  ];
  return encodeBody(filterMessage(place), [
    [TCA_KIND, text("bpf")],
    [TCA_OPTIONS, encodeBody(new Uint8Array(0), options)],
  ]);
}

/** Puts the program there, in place of one that was; rejects with an `IoError`. */
export async function setFilter(
  rtnetlink: Rtnetlink,
  place: FilterPlace,
  program: number,
  name: string,
): Promise<void> {
  const what = `attaching to interface ${place.ifindex} by clsact`;
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  try {
    await rtnetlink.change(NEW_QDISC, flags, encodeClsact(place.ifindex), what);
  } catch (error) {
    if (!(error instanceof IoError) || error.code !== "EEXIST") throw error;
  }
  await rtnetlink.change(NEW_FILTER, NLM_F_CREATE, encodeFilter(place, program, name), what);
}

/** Takes the filter away; the qdisc stays, since others may use it. */
export async function removeFilter(rtnetlink: Rtnetlink, place: FilterPlace): Promise<void> {
  const body = encodeBody(filterMessage(place), [[TCA_KIND, text("bpf")]]);
  const what = `detaching from interface ${place.ifindex}`;
  await rtnetlink.change(DELETE_FILTER, 0, body, what).catch((error: unknown) => {
    if (!(error instanceof IoError)) throw error;
  });
}
