/**
 * Point-to-point tunnel devices by rtnetlink: ipip and gre, IPv4 between two known ends. Never the
 * `external` kind (see shared/forwarding/tunnel-device.ts).
 */

import { deviceNumber, type Marks } from "../../forwarding/kernel-objects.ts";
import { deviceText, type TunnelDevice, type TunnelEnds } from "../../forwarding/tunnel-device.ts";
import { GONE } from "../kernel-network.ts";
import { IoError, type PacketIo } from "../packet-io.ts";
import { type AttributeList, addressBytes, put, readIpv4 } from "./attributes.ts";
import {
  decodeAttributes,
  encodeBody,
  NLM_F_CREATE,
  NLM_F_EXCL,
  readText,
  readU8,
  text,
  u8,
  u32,
} from "./message.ts";
import { AF_INET6, decodeLink, encodeLink, RTM } from "./objects.ts";
import { Rtnetlink } from "./rtnetlink.ts";

const IFLA = { name: 3, mtu: 4, linkInfo: 18, familySettings: 26, group: 27 } as const;
const INFO = { kind: 1, data: 2 } as const;
const IPIP = { local: 2, remote: 3, ttl: 4, tos: 5, protocol: 9, pmtudisc: 10 } as const;
const GRE = {
  ...{ flagsIn: 2, flagsOut: 3, keyIn: 4, keyOut: 5 },
  ...{ local: 6, remote: 7, ttl: 8, tos: 9, pmtudisc: 10 },
} as const;
const PROTOCOL_IPIP = 4;
const KEY_PRESENT = 0x2000;
const TTL = 64;
/** As that of the packet inside, its ECN bits by RFC 6040 or near it. */
const INHERIT = 1;
/** A device of IPv6 would send its router solicitations through the tunnel. */
const NO_IPV6_ADDRESS = encodeBody(new Uint8Array(0), [
  [AF_INET6, encodeBody(new Uint8Array(0), [[8, u8(1)]])],
]);
/** Devices of one group are deleted at once, which takes no longer than one. */
const GROUP = 0x6d697034;

export class TunnelLinks {
  readonly #rtnetlink: Rtnetlink;

  constructor(io: PacketIo) {
    this.#rtnetlink = Rtnetlink.open(io);
  }

  close(): void {
    this.#rtnetlink.close();
  }

  /** Makes a device and sets it up; rejects with an `IoError` (EEXIST, EOPNOTSUPP). */
  async make(device: TunnelDevice, mtu: number): Promise<void> {
    const what = `add ${deviceText(device)}`;
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    await this.#rtnetlink.change(RTM.newLink, flags, encodeTunnel(device, mtu), what);
    const { name } = device;
    const settings = encodeBody(new Uint8Array(16), [
      [IFLA.name, text(name)],
      [IFLA.familySettings, NO_IPV6_ADDRESS],
    ]);
    // Where there is no IPv6 there is nothing to be set.
    await this.#rtnetlink.change(RTM.newLink, 0, settings, what).catch(() => undefined);
    const up = encodeLink({ index: 0, name, isUp: true });
    await this.#rtnetlink.change(RTM.newLink, 0, up, `link set ${name} up`);
  }

  /** Those that bear the marks; `undefined` for one that is not as we make them. */
  async read(marks: Marks): Promise<ReadonlyMap<string, TunnelDevice | undefined>> {
    const found = new Map<string, TunnelDevice | undefined>();
    for (const body of await this.#rtnetlink.dump(RTM.getLink, new Uint8Array(16))) {
      const name = decodeLink(body)?.name ?? "";
      const number = deviceNumber(marks, name);
      if (number !== undefined) found.set(name, decodeTunnel(body, name, number));
    }
    return found;
  }

  /**
   * Deletes devices; one that is gone is no failure. The kernel waits for all processors once, about
   * 20 ms, however many they are.
   */
  async delete(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    let isAny = false;
    for (const name of names) {
      const body = encodeBody(new Uint8Array(16), [
        [IFLA.name, text(name)],
        [IFLA.group, u32(GROUP)],
      ]);
      try {
        await this.#rtnetlink.change(RTM.newLink, 0, body, `link set ${name} group ${GROUP}`);
        isAny = true;
      } catch (error) {
        if (!(error instanceof IoError && GONE.has(error.code))) throw error;
      }
    }
    if (!isAny) return;
    const body = encodeBody(new Uint8Array(16), [[IFLA.group, u32(GROUP)]]);
    await this.#rtnetlink.change(RTM.deleteLink, 0, body, `link delete group ${GROUP}`);
  }
}

/** The body of the request that makes a device. */
export function encodeTunnel({ name, ends, df }: TunnelDevice, mtu: number): Uint8Array {
  const isGre = ends.encapsulation === "gre";
  const data = isGre ? greData(ends, df) : ipipData(ends);
  const info: AttributeList = [
    [INFO.kind, text(ends.encapsulation)],
    [INFO.data, encodeBody(new Uint8Array(0), data)],
  ];
  return encodeBody(new Uint8Array(16), [
    [IFLA.name, text(name)],
    [IFLA.mtu, u32(mtu)],
    [IFLA.linkInfo, encodeBody(new Uint8Array(0), info)],
  ]);
}

function ipipData({ local, remote }: TunnelEnds): AttributeList {
  return [
    [IPIP.local, addressBytes(local)],
    [IPIP.remote, addressBytes(remote)],
    [IPIP.ttl, u8(TTL)],
    [IPIP.tos, u8(INHERIT)],
    [IPIP.protocol, u8(PROTOCOL_IPIP)],
    [IPIP.pmtudisc, u8(1)],
  ];
}

function greData(ends: TunnelEnds, df: TunnelDevice["df"]): AttributeList {
  const { local, remote, greKeyIn, greKeyOut } = ends;
  const list: AttributeList = [
    [GRE.local, addressBytes(local)],
    [GRE.remote, addressBytes(remote)],
    [GRE.ttl, u8(TTL)],
    [GRE.tos, u8(INHERIT)],
    [GRE.pmtudisc, u8(df === "set" ? 1 : 0)],
  ];
  if (greKeyIn !== undefined) list.push([GRE.flagsIn, u16(KEY_PRESENT)]);
  put(list, GRE.keyIn, greKeyIn, addressBytes);
  if (greKeyOut !== undefined) list.push([GRE.flagsOut, u16(KEY_PRESENT)]);
  put(list, GRE.keyOut, greKeyOut, addressBytes);
  return list;
}

/** In network byte order, like the keys. */
function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

/** A device as the kernel tells of it; `undefined`: it is not as we make them. */
export function decodeTunnel(
  body: Uint8Array,
  name: string,
  number: number,
): TunnelDevice | undefined {
  const info = decodeAttributes(decodeAttributes(body, 16).get(IFLA.linkInfo) ?? NOTHING, 0);
  const data = decodeAttributes(info.get(INFO.data) ?? NOTHING, 0);
  const encapsulation = readText(info.get(INFO.kind));
  if (encapsulation !== "ipip" && encapsulation !== "gre") return undefined;
  const at = encapsulation === "ipip" ? IPIP : GRE;
  const local = readIpv4(data.get(at.local));
  const remote = readIpv4(data.get(at.remote));
  const isOurs = readU8(data.get(at.ttl)) === TTL && readU8(data.get(at.tos)) === INHERIT;
  if (!isOurs || local === undefined || remote === undefined) return undefined;
  const key = (flags: number, value: number): number | undefined =>
    encapsulation === "gre" && hasKey(data.get(flags)) ? readIpv4(data.get(value)) : undefined;
  const ends: TunnelEnds = {
    encapsulation,
    local,
    remote,
    udpPort: undefined,
    greKeyIn: key(GRE.flagsIn, GRE.keyIn),
    greKeyOut: key(GRE.flagsOut, GRE.keyOut),
  };
  return { name, number, ends, df: readU8(data.get(at.pmtudisc)) === 0 ? "copy" : "set" };
}

const NOTHING = new Uint8Array(0);

function hasKey(flags: Uint8Array | undefined): boolean {
  return (((flags?.[0] ?? 0) << 8) & KEY_PRESENT) !== 0;
}
