/** The radios of this network namespace: what they are connected to, and when that changes. */

import { Rtnetlink } from "../netlink/rtnetlink.ts";
import type { PacketIo } from "../packet-io.ts";
import {
  CMD,
  decodeEvent,
  decodeFamily,
  decodeFound,
  decodePeer,
  decodeStationInterface,
  type Family,
  type Found,
  familyRequest,
  genericRequest,
  interfaceRequest,
  type Peer,
  signalWatchRequest,
  type WirelessEvent,
} from "./messages.ts";

/** GENL_ID_CTRL: who knows the other families. */
const CONTROLLER = 16;
const GROUPS = ["mlme", "scan"];

export class Radio {
  readonly #netlink: Rtnetlink;
  readonly #family: Family;

  private constructor(netlink: Rtnetlink, family: Family) {
    this.#netlink = netlink;
    this.#family = family;
  }

  /** `undefined`: this kernel has no radios (now). */
  static async open(io: PacketIo): Promise<Radio | undefined> {
    const family = await findFamily(io);
    if (family === undefined) return undefined;
    const groups = GROUPS.flatMap((name) => family.groups.get(name) ?? []);
    return new Radio(Rtnetlink.openGeneric(io, groups), family);
  }

  onEvent(handler: (event: WirelessEvent) => void): void {
    this.#netlink.onNotification(({ type, body }) => {
      const event = type === this.#family.id ? decodeEvent(body) : undefined;
      if (event !== undefined) handler(event);
    });
  }

  /** Indexes of the interfaces that are stations. */
  async stations(): Promise<readonly number[]> {
    const bodies = await this.#netlink.dump(this.#family.id, genericRequest(CMD.getInterface, []));
    return bodies.flatMap((body) => decodeStationInterface(body) ?? []);
  }

  /** The access point of a station, if it has one. */
  async accessPoint(index: number): Promise<Peer | undefined> {
    const request = interfaceRequest(CMD.getStation, index);
    const bodies = await this.#netlink.dump(this.#family.id, request);
    return bodies.map(decodePeer).find((peer) => peer !== undefined);
  }

  /** What the last scans have found. */
  async found(index: number): Promise<readonly Found[]> {
    const request = interfaceRequest(CMD.getScan, index);
    const bodies = await this.#netlink.dump(this.#family.id, request);
    return bodies.flatMap((body) => decodeFound(body) ?? []);
  }

  /** Asks for `signal` events: below `threshold` dBm, and above it again. */
  async watchSignal(index: number, threshold: number, hysteresis: number): Promise<void> {
    const request = signalWatchRequest(index, threshold, hysteresis);
    await this.#netlink.change(this.#family.id, 0, request, "signal threshold");
  }

  close(): void {
    this.#netlink.close();
  }
}

async function findFamily(io: PacketIo): Promise<Family | undefined> {
  let netlink: Rtnetlink | undefined;
  try {
    netlink = Rtnetlink.openGeneric(io);
    const body = await netlink.get(CONTROLLER, familyRequest("nl80211"), "nl80211");
    return body === undefined ? undefined : decodeFamily(body);
  } catch {
    return undefined; // no generic netlink, or ENOENT: no module for radios is loaded
  } finally {
    netlink?.close();
  }
}
