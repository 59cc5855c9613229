/**
 * Stations behind the ports of bridges: what the kernel's forwarding databases learn, and what they
 * lose with a port.
 */

import { type Mac, macFromBytes } from "../../base/address.ts";
import type { PacketIo } from "../packet-io.ts";
import { readLinkKinds } from "./link-kinds.ts";
import { decodeAttributes, fixedPart, fixedView, LITTLE_ENDIAN, readU32 } from "./message.ts";
import { decodeLink, RTM, RTMGRP } from "./objects.ts";
import { Rtnetlink } from "./rtnetlink.ts";

const NDMSG = 12;
const IFINFO = 16;
const AF_BRIDGE = 7;
const NDA_LLADDR = 2;
const NDA_MASTER = 9;
const IFLA_MASTER = 10;
/** A port's own address, or one that somebody has written there. */
const NUD_NOARP_OR_PERMANENT = 0xc0;

/** Interfaces by their indexes. */
export interface LearnedStation {
  readonly bridge: number;
  readonly port: number;
  readonly mac: Mac;
}

/** An entry that a bridge has learned from a frame; `undefined`: anything else. */
export function decodeLearned(body: Uint8Array): LearnedStation | undefined {
  const view = fixedView(body, NDMSG);
  if (view === undefined || view.getUint8(0) !== AF_BRIDGE) return undefined;
  if ((view.getUint16(8, LITTLE_ENDIAN) & NUD_NOARP_OR_PERMANENT) !== 0) return undefined;
  const attributes = decodeAttributes(body, NDMSG);
  const bridge = readU32(attributes.get(NDA_MASTER));
  const address = attributes.get(NDA_LLADDR);
  if (bridge === undefined || address?.length !== 6) return undefined;
  return { bridge, port: view.getInt32(4, LITTLE_ENDIAN), mac: macFromBytes(address, 0) };
}

export class BridgeStations {
  readonly #rtnetlink: Rtnetlink;
  /** Their ports are being looked at. */
  readonly #lost = new Set<Mac>();

  /** `onNews`: a station has sent its first frame, or has gone with its port. */
  constructor(
    io: PacketIo,
    bridges: ReadonlySet<number>,
    onNews: (news: "arrived" | "left", mac: Mac) => void,
  ) {
    this.#rtnetlink = Rtnetlink.open(io, RTMGRP.neighbor);
    this.#rtnetlink.onNotification(({ type, body }) => {
      if (type !== RTM.newNeighbor && type !== RTM.deleteNeighbor) return;
      const station = decodeLearned(body);
      if (station === undefined || !bridges.has(station.bridge)) return;
      const { mac } = station;
      this.#lost.delete(mac);
      if (type === RTM.newNeighbor) {
        onNews("arrived", mac);
        return;
      }
      this.#lost.add(mac);
      void this.#isServed(station).then((isServed) => {
        if (this.#lost.delete(mac) && !isServed) onNews("left", mac);
      });
    });
  }

  /** Which interfaces are bridges, by name. */
  static async bridges(io: PacketIo): Promise<ReadonlyMap<string, number>> {
    const rtnetlink = Rtnetlink.open(io);
    try {
      const kinds = await readLinkKinds(rtnetlink);
      return new Map(
        kinds.filter(({ isBridge }) => isBridge).map(({ name, index }) => [name, index]),
      );
    } finally {
      rtnetlink.close();
    }
  }

  close(): void {
    this.#rtnetlink.close();
  }

  /**
   * An entry goes, too, when its station has been silent for minutes; then the port is as it was,
   * and so may be the station.
   */
  async #isServed({ bridge, port }: LearnedStation): Promise<boolean> {
    const request = fixedPart(IFINFO, (view) => view.setInt32(4, port, LITTLE_ENDIAN));
    try {
      const body = await this.#rtnetlink.get(RTM.getLink, request, "port of a bridge");
      if (body === undefined) return false;
      const isUp = decodeLink(body)?.isRunning === true;
      return isUp && readU32(decodeAttributes(body, IFINFO).get(IFLA_MASTER)) === bridge;
    } catch {
      return false; // ENODEV: the port is gone
    }
  }
}
