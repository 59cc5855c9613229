/**
 * Access points of radio links: a station that changes between access points of one network may keep
 * its carrier, and yet it may be on another link. They are known by nl80211, and where there is none
 * by the wireless events that come with rtnetlink.
 */

import { type Mac, macFromBytes, ZERO_MAC } from "../../base/address.ts";
import { decodeAttributes, fixedView, LITTLE_ENDIAN } from "./message.ts";

const IFLA_WIRELESS = 11;
/** `linux/wireless.h`: the address of the access point. */
const SIOCGIWAP = 0x8b15;
/** struct sockaddr, at the end of the event: family, then the address. */
const SOCKADDR = 16;
const FAMILY = 2;
const MAC = 6;

/** The access point that an RTM_NEWLINK tells of; zero: none any more. */
export function accessPointOf(body: Uint8Array): { index: number; mac: Mac } | undefined {
  const view = fixedView(body, 16);
  const event = view && decodeAttributes(body, 16).get(IFLA_WIRELESS);
  if (view === undefined || event === undefined || event.length < 4 + SOCKADDR) return undefined;
  const fields = new DataView(event.buffer, event.byteOffset, event.length);
  // Its length differs between kernels of 32 and 64 bits by padding before the address.
  const length = fields.getUint16(0, LITTLE_ENDIAN);
  const isAddress = fields.getUint16(2, LITTLE_ENDIAN) === SIOCGIWAP;
  if (!isAddress || length > event.length || length < 4 + SOCKADDR) return undefined;
  const at = length - SOCKADDR + FAMILY;
  const mac = macFromBytes(event.subarray(at, at + MAC), 0);
  return { index: view.getInt32(4, LITTLE_ENDIAN), mac };
}

export class AccessPoints {
  readonly #current = new Map<number, Mac>();
  readonly #changes = new Map<number, number>();

  /** Takes the body of an RTM_NEWLINK. */
  note(body: Uint8Array): void {
    const { index = 0, mac = ZERO_MAC } = accessPointOf(body) ?? {};
    if (mac !== ZERO_MAC) this.connected(index, mac);
  }

  /** The access point of an interface is this one. */
  connected(index: number, mac: Mac): void {
    const before = this.#current.get(index);
    this.#current.set(index, mac);
    if (before === undefined || before === mac) return;
    this.#changes.set(index, this.changes(index) + 1);
  }

  /** How often this interface has changed from one access point to another. */
  changes(index: number): number {
    return this.#changes.get(index) ?? 0;
  }
}
