/**
 * nl80211: what the kernel says of radios, from octets. `include/uapi/linux/nl80211.h`. What the
 * kernel sends is decoded without trust in its lengths, and decoding never throws.
 */

import { type Mac, macFromBytes, ZERO_MAC } from "../../base/address.ts";
import {
  type Attributes,
  decodeAttributes,
  encodeBody,
  LITTLE_ENDIAN,
  readText,
  readU8,
  readU32,
  u32,
} from "../netlink/message.ts";

/** struct genlmsghdr: command, version, two octets for nothing. */
const GENERIC_HEADER = 4;
const MAC_OCTETS = 6;

/** NL80211_CMD_*. */
export const CMD = {
  getInterface: 5,
  getStation: 17,
  getScan: 32,
  newScanResults: 34,
  connect: 46,
  roam: 47,
  disconnect: 48,
  setSignalWatch: 63,
  signalWatch: 64,
} as const;

/** NL80211_ATTR_*. */
const ATTRIBUTE = {
  interfaceIndex: 3,
  interfaceType: 5,
  mac: 6,
  stationInfo: 21,
  scanEntry: 47,
  statusCode: 72,
  signalWatch: 94,
} as const;

/** NL80211_ATTR_CQM_*. */
const WATCH = { threshold: 1, hysteresis: 2, event: 3, level: 9 } as const;
/** NL80211_CQM_RSSI_THRESHOLD_EVENT_*. */
const WATCH_EVENT = { low: 0, high: 1 } as const;
/** NL80211_STA_INFO_*. */
const STATION = { signal: 7, averageSignal: 13 } as const;
/** NL80211_BSS_*. */
const BSS = { mac: 1, elements: 6, signalMbm: 7, status: 9, age: 10 } as const;
const BSS_STATUS_ASSOCIATED = 1;
/** NL80211_IFTYPE_STATION. */
const TYPE_STATION = 2;
/** IEEE 802.11 §9.4.2.2. */
const ELEMENT_SSID = 0;

/** CTRL_CMD_GETFAMILY and CTRL_ATTR_* (`linux/genetlink.h`). */
const CONTROL = { getFamily: 3, familyId: 1, familyName: 2, groups: 7, groupName: 1, groupId: 2 };

/** A request of generic netlink. */
export function genericRequest(
  command: number,
  attributes: readonly (readonly [type: number, value: Uint8Array])[],
): Uint8Array {
  return encodeBody(Uint8Array.of(command, 1, 0, 0), attributes);
}

export function familyRequest(name: string): Uint8Array {
  return genericRequest(CONTROL.getFamily, [[CONTROL.familyName, encodeText(name)]]);
}

export interface Family {
  readonly id: number;
  readonly groups: ReadonlyMap<string, number>;
}

export function decodeFamily(body: Uint8Array): Family | undefined {
  const attributes = decodeAttributes(body, GENERIC_HEADER);
  const id = attributes.get(CONTROL.familyId);
  if (id === undefined || id.length < 2) return undefined;
  const groups = new Map<string, number>();
  for (const entry of decodeAttributes(attributes.get(CONTROL.groups) ?? NOTHING, 0).values()) {
    const group = decodeAttributes(entry, 0);
    const name = readText(group.get(CONTROL.groupName));
    const number = readU32(group.get(CONTROL.groupId));
    if (name !== undefined && number !== undefined) groups.set(name, number);
  }
  return { id: new DataView(id.buffer, id.byteOffset).getUint16(0, LITTLE_ENDIAN), groups };
}

/** A request about one interface. */
export function interfaceRequest(command: number, index: number): Uint8Array {
  return genericRequest(command, [[ATTRIBUTE.interfaceIndex, u32(index)]]);
}

/** Be told when the signal (dBm) passes the threshold, by `hysteresis` dB. */
export function signalWatchRequest(
  index: number,
  threshold: number,
  hysteresis: number,
): Uint8Array {
  const watch = encodeBody(NOTHING, [
    [WATCH.threshold, u32(threshold >>> 0)],
    [WATCH.hysteresis, u32(hysteresis)],
  ]);
  return genericRequest(CMD.setSignalWatch, [
    [ATTRIBUTE.interfaceIndex, u32(index)],
    [ATTRIBUTE.signalWatch, watch],
  ]);
}

export type WirelessEvent =
  /** Connected to an access point, to another one than before perhaps. */
  | { readonly kind: "connected"; readonly index: number; readonly mac: Mac }
  | { readonly kind: "disconnected"; readonly index: number }
  /** `level` in dBm, where the kernel tells it (Linux 4.13). */
  | {
      readonly kind: "signal";
      readonly index: number;
      readonly isLow: boolean;
      readonly level: number | undefined;
    }
  | { readonly kind: "scanned"; readonly index: number };

/** `undefined`: something else, or broken. */
export function decodeEvent(body: Uint8Array): WirelessEvent | undefined {
  const attributes = decodeAttributes(body, GENERIC_HEADER);
  const index = readU32(attributes.get(ATTRIBUTE.interfaceIndex));
  if (index === undefined) return undefined;
  switch (readU8(body)) {
    case CMD.connect:
    case CMD.roam: {
      const status = attributes.get(ATTRIBUTE.statusCode);
      const mac = readMac(attributes.get(ATTRIBUTE.mac));
      if (status?.some((octet) => octet !== 0) === true || mac === undefined) return undefined;
      return { kind: "connected", index, mac };
    }
    case CMD.disconnect:
      return { kind: "disconnected", index };
    case CMD.newScanResults:
      return { kind: "scanned", index };
    case CMD.signalWatch: {
      const watch = decodeAttributes(attributes.get(ATTRIBUTE.signalWatch) ?? NOTHING, 0);
      const event = readU32(watch.get(WATCH.event));
      if (event !== WATCH_EVENT.low && event !== WATCH_EVENT.high) return undefined;
      const level = readSigned(watch.get(WATCH.level));
      return { kind: "signal", index, isLow: event === WATCH_EVENT.low, level };
    }
    default:
      return undefined;
  }
}

/** The index of an interface that is a station; `undefined`: it is something else. */
export function decodeStationInterface(body: Uint8Array): number | undefined {
  const attributes = decodeAttributes(body, GENERIC_HEADER);
  const isStation = readU32(attributes.get(ATTRIBUTE.interfaceType)) === TYPE_STATION;
  return isStation ? readU32(attributes.get(ATTRIBUTE.interfaceIndex)) : undefined;
}

export interface Peer {
  readonly mac: Mac;
  /** dBm, the average where there is one. */
  readonly signal: number | undefined;
}

/** The other end of a station's link: its access point. */
export function decodePeer(body: Uint8Array): Peer | undefined {
  const attributes = decodeAttributes(body, GENERIC_HEADER);
  const mac = readMac(attributes.get(ATTRIBUTE.mac));
  if (mac === undefined) return undefined;
  const info = decodeAttributes(attributes.get(ATTRIBUTE.stationInfo) ?? NOTHING, 0);
  const octet = readU8(info.get(STATION.averageSignal)) ?? readU8(info.get(STATION.signal));
  return { mac, signal: octet === undefined ? undefined : (octet << 24) >> 24 };
}

/** An access point that a scan has found. */
export interface Found {
  readonly mac: Mac;
  /** Name of its network, as hexadecimal octets. */
  readonly network: string;
  /** dBm. */
  readonly signal: number;
  readonly isOurs: boolean;
  /** Milliseconds since it was heard. */
  readonly age: number;
}

export function decodeFound(body: Uint8Array): Found | undefined {
  const attributes = decodeAttributes(body, GENERIC_HEADER);
  const entry: Attributes = decodeAttributes(attributes.get(ATTRIBUTE.scanEntry) ?? NOTHING, 0);
  const mac = readMac(entry.get(BSS.mac));
  const signal = readSigned(entry.get(BSS.signalMbm));
  if (mac === undefined || signal === undefined) return undefined;
  return {
    mac,
    network: networkName(entry.get(BSS.elements) ?? NOTHING),
    signal: signal / 100,
    isOurs: readU32(entry.get(BSS.status)) === BSS_STATUS_ASSOCIATED,
    age: readU32(entry.get(BSS.age)) ?? 0,
  };
}

function networkName(elements: Uint8Array): string {
  for (let at = 0; at + 2 <= elements.length; ) {
    const [element, length = 0] = elements.subarray(at, at + 2);
    if (at + 2 + length > elements.length) break;
    const value = elements.subarray(at + 2, at + 2 + length);
    if (element === ELEMENT_SSID) return hexOf(value);
    at += 2 + length;
  }
  return "";
}

const NOTHING = new Uint8Array(0);

function hexOf(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

function encodeText(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

function readMac(value: Uint8Array | undefined): Mac | undefined {
  if (value === undefined || value.length < MAC_OCTETS) return undefined;
  const mac = macFromBytes(value, 0);
  return mac === ZERO_MAC ? undefined : mac;
}

function readSigned(value: Uint8Array | undefined): number | undefined {
  const number = readU32(value);
  return number === undefined ? undefined : number | 0;
}
