/**
 * The home links, and those of shared addresses: what addresses they have, and gratuitous ARP on
 * them (RFC 5944 §4.6). Proxy ARP is part of the declared forwarding state: it lasts as long as
 * the binding does.
 */

import {
  BROADCAST,
  BROADCAST_MAC,
  directedBroadcast,
  type Ipv4,
  type Mac,
  ZERO_MAC,
} from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import { Deadlines } from "../../shared/base/deadlines.ts";
import { after, type Instant, type Now } from "../../shared/base/time.ts";
import type { Effect, LinkChanged } from "../../shared/protocol/core.ts";
import type { HomeNetwork } from "./config.ts";

/** "A small number of times" (RFC 5944 §4.6), the first one included. */
const ANNOUNCEMENTS = 3;
const ANNOUNCEMENT_INTERVAL = 1000;
/** Milliseconds between two when many addresses move at once. */
const MOVE_PACE = 0.1;

interface Announcement {
  readonly interface: string;
  readonly homeAddress: Ipv4;
  /** `undefined`: the home agent's own, as it is when the packet leaves. */
  readonly mac: Mac | undefined;
  readonly left: number;
}

export class HomeLinks {
  readonly #counters: Counters;
  readonly #links = new Map<string, NonNullable<LinkChanged["link"]>>();
  /** One a mobile node: a newer announcement replaces the older one. */
  readonly #announcements = new Map<Ipv4, Announcement>();
  readonly #due = new Deadlines<Ipv4>();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  linkChanged({ interface: name, link }: LinkChanged, now: Now): void {
    if (link === undefined) this.#links.delete(name);
    else this.#links.set(name, link);
    let due = now.monotonic;
    for (const announcement of this.#announcements.values()) {
      if (announcement.interface !== name || announcement.left < ANNOUNCEMENTS) continue;
      this.#schedule(announcement, due);
      due = after(due, MOVE_PACE);
    }
  }

  /** Forgets the links that the configuration no longer names. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#links.keys()) if (!names.has(name)) this.#links.delete(name);
  }

  isUp(name: string | undefined): boolean {
    return name !== undefined && this.#links.get(name)?.up === true;
  }

  hasAddress(address: Ipv4): boolean {
    for (const { addresses } of this.#links.values()) {
      if (addresses.some((own) => own.address === address)) return true;
    }
    return false;
  }

  /** Limited broadcast, or directed to a home network or to a home link's prefix. */
  isBroadcast(address: Ipv4, networks: readonly HomeNetwork[]): boolean {
    if (address === BROADCAST) return true;
    if (networks.some(({ prefix }) => directedBroadcast(prefix) === address)) return true;
    for (const { addresses } of this.#links.values()) {
      if (addresses.some((own) => directedBroadcast(own) === address)) return true;
    }
    return false;
  }

  /** Tells the home link, now and a few times more, where a home address is to be found. */
  announce(name: string, homeAddress: Ipv4, mac: Mac | undefined, now: Now): Effect[] {
    this.#schedule({ interface: name, homeAddress, mac, left: ANNOUNCEMENTS }, now.monotonic);
    return this.tick(now);
  }

  /** An address has moved here from another machine: said as soon as the link is there. */
  takeOver(name: string, address: Ipv4, now: Now): void {
    const due = after(now.monotonic, ANNOUNCEMENT_INTERVAL);
    const what = { interface: name, homeAddress: address, mac: undefined };
    this.#schedule({ ...what, left: ANNOUNCEMENTS }, due);
  }

  /** A binding that ended by itself: nothing more is said about its home address. */
  cancel(homeAddress: Ipv4): void {
    this.#announcements.delete(homeAddress);
    this.#due.delete(homeAddress);
  }

  nextDeadline(): Instant | undefined {
    return this.#due.next();
  }

  tick(now: Now): Effect[] {
    return this.#due.takeDue(now.monotonic).flatMap((homeAddress) => {
      const announcement = this.#announcements.get(homeAddress);
      if (announcement === undefined) return [];
      const { left } = announcement;
      const next = after(now.monotonic, ANNOUNCEMENT_INTERVAL);
      if (left > 1) this.#schedule({ ...announcement, left: left - 1 }, next);
      else this.#announcements.delete(homeAddress);
      return this.#gratuitousArp(announcement);
    });
  }

  #schedule(announcement: Announcement, at: Instant): void {
    this.#announcements.set(announcement.homeAddress, announcement);
    this.#due.set(announcement.homeAddress, at);
  }

  /** RFC 5944 §4.6: sender and target are the home address; a broadcast on the link. */
  #gratuitousArp({ interface: name, homeAddress, mac }: Announcement): Effect[] {
    const link = this.#links.get(name);
    if (link?.up !== true) {
      this.#counters.add("gratuitous-arps-without-link");
      return [];
    }
    this.#counters.add("gratuitous-arps-sent");
    return [
      {
        type: "send-arp",
        operation: "request",
        senderMac: mac ?? link.mac,
        senderAddress: homeAddress,
        targetMac: ZERO_MAC,
        targetAddress: homeAddress,
        link: { interface: name, destination: BROADCAST_MAC },
      },
    ];
  }
}
