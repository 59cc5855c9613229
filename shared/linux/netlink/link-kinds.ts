/** What kind of link each interface is, as far as a program at its ingress must know. */

import { decodeAttributes, fixedView, LITTLE_ENDIAN, readText } from "./message.ts";
import { RTM } from "./objects.ts";
import type { Rtnetlink } from "./rtnetlink.ts";

const IFINFO = 16;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;

export interface LinkKind {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_*: 1 is Ethernet and what looks like it. */
  readonly type: number;
  /** A port of a bridge or of a bond, or in a VRF. */
  readonly hasMaster: boolean;
  readonly isBridge: boolean;
}

export function decodeLinkKind(body: Uint8Array): LinkKind | undefined {
  const fixed = fixedView(body, IFINFO);
  const attributes = decodeAttributes(body, IFINFO);
  const name = readText(attributes.get(IFLA_IFNAME));
  const info = attributes.get(IFLA_LINKINFO);
  if (fixed === undefined || name === undefined) return undefined;
  return {
    index: fixed.getInt32(4, LITTLE_ENDIAN),
    name,
    type: fixed.getUint16(2, LITTLE_ENDIAN),
    hasMaster: attributes.has(IFLA_MASTER),
    isBridge:
      info !== undefined && readText(decodeAttributes(info, 0).get(IFLA_INFO_KIND)) === "bridge",
  };
}

export async function readLinkKinds(rtnetlink: Rtnetlink): Promise<readonly LinkKind[]> {
  const bodies = await rtnetlink.dump(RTM.getLink, new Uint8Array(IFINFO));
  return bodies.flatMap((body) => decodeLinkKind(body) ?? []);
}
