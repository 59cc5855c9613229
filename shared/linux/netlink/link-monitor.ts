/**
 * Keeps what the programs must know about the host: its interfaces, their addresses, and where the
 * default route points. A notification is only a reason to look again, so a lost one costs nothing.
 */

import type { Ipv4, Prefix } from "../../base/address.ts";
import { MAIN_TABLE } from "../../forwarding/kernel-objects.ts";
import { Radio } from "../nl80211/radio.ts";
import type { PacketIo } from "../packet-io.ts";
import { AccessPoints } from "./access-points.ts";
import { AddressNews } from "./address-news.ts";
import {
  fileSnapshot,
  type HostLink,
  type HostSnapshot,
  netlinkSnapshot,
} from "./host-snapshot.ts";
import type { NetlinkMessage } from "./message.ts";
import { decodeLink, decodeRoute, type LinkMessage, RTM, RTMGRP } from "./objects.ts";
import { Rtnetlink } from "./rtnetlink.ts";

/** How often to look where nothing notifies. */
const POLL_MS = 1000;
/** Changes that come together are looked at together. */
const SETTLE_MS = 5;

export class LinkMonitor {
  readonly #read: () => Promise<HostSnapshot>;
  readonly #close: () => void;
  readonly #handlers: ((interfaceName: string) => void)[] = [];
  #snapshot: HostSnapshot;
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #noted = 0;
  #isClosed = false;

  private constructor(
    snapshot: HostSnapshot,
    read: () => Promise<HostSnapshot>,
    close: () => void,
  ) {
    this.#snapshot = snapshot;
    this.#read = read;
    this.#close = close;
  }

  static async open(io: PacketIo): Promise<LinkMonitor> {
    if (!io.capabilities.has("netlink")) return LinkMonitor.#openPolling();
    const rtnetlink = Rtnetlink.open(io, RTMGRP.link | RTMGRP.address | RTMGRP.route);
    let monitor: LinkMonitor | undefined;
    // Listening before the first dump: what changes in between is looked at again.
    let isStale = false;
    const addresses = new AddressNews();
    const accessPoints = new AccessPoints();
    rtnetlink.onNotification((message) => {
      if (message.type === RTM.newLink) {
        accessPoints.note(message.body);
        const link = decodeLink(message.body);
        if (link !== undefined) monitor?.note(link, accessPoints.changes(link.index));
      }
      if (!isRelevant(message) || !addresses.isNews(message.type, message.body)) return;
      isStale = true;
      monitor?.refresh();
    });
    try {
      const radio = await followRadio(io, accessPoints, () => monitor?.refresh());
      const read = async () => withRoaming(await netlinkSnapshot(rtnetlink), accessPoints);
      monitor = new LinkMonitor(await read(), read, () => {
        rtnetlink.close();
        radio?.close();
      });
    } catch (error) {
      rtnetlink.close();
      throw error;
    }
    if (isStale) monitor.refresh();
    return monitor;
  }

  static #openPolling(): LinkMonitor {
    let timer: NodeJS.Timeout | undefined;
    const read = async () => fileSnapshot();
    const monitor = new LinkMonitor(fileSnapshot(), read, () => clearInterval(timer));
    timer = setInterval(() => monitor.refresh(), POLL_MS);
    return monitor;
  }

  link(name: string): HostLink | undefined {
    return this.#snapshot.links.get(name);
  }

  isLocal(address: Ipv4): boolean {
    for (const { addresses } of this.#snapshot.links.values()) {
      if (addresses.some((own) => own.address === address)) return true;
    }
    return false;
  }

  /** In the form that `program.ts` wants. */
  facts(): {
    readonly addresses: ReadonlyMap<string, readonly Prefix[]>;
    readonly defaultInterface: string | undefined;
  } {
    const { links, defaultInterface } = this.#snapshot;
    return {
      addresses: new Map([...links].map(([name, link]) => [name, link.addresses])),
      defaultInterface,
    };
  }

  /** Calls with the name of each interface that came, went or changed, once for each change. */
  onChange(handler: (interfaceName: string) => void): void {
    this.#handlers.push(handler);
  }

  /**
   * A carrier that goes or comes counts at once: a node that changes its link waits for nothing else.
   * The number of losses tells what is news from what has been read already. `changes`: how often the
   * access point was another one.
   */
  note({ name = "", index, isUp, isRunning, carrierLosses }: LinkMessage, changes: number): void {
    const known = this.#snapshot.links.get(name);
    if (known?.index !== index || carrierLosses === undefined) return;
    const losses = carrierLosses + changes;
    const up = isUp === true && isRunning === true;
    const isNews = up ? !known.up && losses === known.carrierLosses : losses > known.carrierLosses;
    if (!isNews) return;
    this.#noted++;
    const links = new Map(this.#snapshot.links).set(name, { ...known, up, carrierLosses: losses });
    this.#snapshot = { ...this.#snapshot, links };
    for (const handler of this.#handlers) handler(name);
  }

  /** Looks again soon. */
  refresh(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.#look(), SETTLE_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#close();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    if (this.#isReading) return this.refresh();
    this.#isReading = true;
    try {
      const noted = this.#noted;
      const now = await this.#read();
      if (this.#isClosed) return;
      // It may be older than what was noted meanwhile.
      if (noted !== this.#noted) return this.refresh();
      const before = this.#snapshot;
      this.#snapshot = now;
      for (const name of changedLinks(before, now)) {
        for (const handler of this.#handlers) handler(name);
      }
    } catch {
      // A dump that was interrupted by a change: that change has its own notification.
      this.refresh();
    } finally {
      this.#isReading = false;
    }
  }
}

/** `undefined`: there are no radios. */
async function followRadio(
  io: PacketIo,
  accessPoints: AccessPoints,
  changed: () => void,
): Promise<Radio | undefined> {
  const radio = await Radio.open(io);
  radio?.onEvent((event) => {
    if (event.kind !== "connected") return;
    accessPoints.connected(event.index, event.mac);
    changed();
  });
  try {
    // Where they are now: without it the first change would look like the first access point.
    for (const index of (await radio?.stations()) ?? []) {
      const peer = await radio?.accessPoint(index);
      if (peer !== undefined) accessPoints.connected(index, peer.mac);
    }
  } catch {
    // A radio that was taken away meanwhile.
  }
  return radio;
}

/** Another access point counts like a carrier that has gone and come. */
function withRoaming(snapshot: HostSnapshot, accessPoints: AccessPoints): HostSnapshot {
  const links = new Map<string, HostLink>();
  for (const [name, link] of snapshot.links) {
    const carrierLosses = link.carrierLosses + accessPoints.changes(link.index);
    links.set(name, { ...link, carrierLosses });
  }
  return { ...snapshot, links };
}

/** Routes matter only when they are default routes of the main table. */
function isRelevant(message: NetlinkMessage): boolean {
  if (message.type !== RTM.newRoute && message.type !== RTM.deleteRoute) return true;
  if (message.body[1] !== 0) return false;
  return decodeRoute(message.body)?.table === MAIN_TABLE;
}

function changedLinks(before: HostSnapshot, now: HostSnapshot): Set<string> {
  const changed = new Set<string>();
  for (const name of before.links.keys()) if (!now.links.has(name)) changed.add(name);
  for (const [name, link] of now.links) {
    const old = before.links.get(name);
    if (old === undefined || JSON.stringify(old) !== JSON.stringify(link)) changed.add(name);
  }
  if (before.defaultInterface !== now.defaultInterface) {
    for (const name of [before.defaultInterface, now.defaultInterface]) {
      if (name !== undefined) changed.add(name);
    }
  }
  return changed;
}
