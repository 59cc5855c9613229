/**
 * Which groups is this host a member of on the anchor? It answers an IGMP query as on any link, and its
 * report goes through the reverse tunnel to the home agent (RFC 5944 §4.4), with the home address as
 * source. Nobody else asks: what a home agent knew of a registration that has ended, or before it was
 * started anew, it knows no more.
 */

import { type Ipv4, ipv4 } from "../../base/address.ts";
import { internetChecksum } from "../../wire/checksum.ts";
import { PROTOCOL_IGMP } from "../igmp.ts";
import { writeAddress, writeHeaderChecksum, writeU16 } from "../packet.ts";
import type { ForwardingItem } from "../state.ts";

/** Milliseconds after which the kernel is asked: routes are in place, and once more for good measure. */
const FIRST_MS = 200;
const SECOND_MS = 1200;
/** RFC 3376 §8.2: the Query Interval. */
const INTERVAL_MS = 125_000;

const ALL_SYSTEMS = ipv4("224.0.0.1");
const QUERY = 0x11;
/** Milliseconds: nobody else answers on this link. */
const RESPONSE_MS = 100;
/** With the Router Alert option (RFC 2113), as RFC 3376 §4 has it. */
const HEADER = 24;
const ROUTER_ALERT = 0x94040000;

export class GroupQueries {
  /** The home agent, by the key of the item that joins groups through it. */
  readonly #joining = new Map<string, Ipv4>();
  readonly #ask: (query: Uint8Array) => void;
  #timers: NodeJS.Timeout[] = [];
  #isNew = false;

  constructor(ask: (query: Uint8Array) => void) {
    this.#ask = ask;
  }

  set(key: string, item: ForwardingItem | undefined): void {
    const homeAgent = joinsBy(item);
    if (homeAgent === this.#joining.get(key)) return;
    this.#isNew ||= homeAgent !== undefined;
    if (homeAgent === undefined) this.#joining.delete(key);
    else this.#joining.set(key, homeAgent);
  }

  /** After all of them are set. */
  run(): void {
    if (this.#joining.size === 0) this.close();
    if (!this.#isNew) return;
    this.close();
    const ask = (): void => {
      for (const homeAgent of new Set(this.#joining.values()))
        this.#ask(generalQuery(homeAgent, RESPONSE_MS));
    };
    const timers = [FIRST_MS, SECOND_MS].map((delay) => setTimeout(ask, delay));
    this.#timers = [...timers, setInterval(ask, INTERVAL_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  close(): void {
    this.#isNew = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}

function joinsBy(item: ForwardingItem | undefined): Ipv4 | undefined {
  if (item?.kind === "visiting") return item.groups?.joins ? item.groups.homeAgent : undefined;
  if (item?.kind !== "co-located" || item.isPassive === true) return undefined;
  return item.groups?.joins ? item.homeAgent : undefined;
}

/**
 * A General Query of version 3 (RFC 3376 §4.1): hosts of any version answer it, within so many
 * milliseconds.
 */
export function generalQuery(source: Ipv4, response: number): Uint8Array {
  const packet = new Uint8Array(HEADER + 12);
  packet.set([0x46, 0xc0]);
  writeU16(packet, 2, packet.length);
  packet.set([1, PROTOCOL_IGMP], 8);
  writeAddress(packet, 12, source);
  writeAddress(packet, 16, ALL_SYSTEMS);
  new DataView(packet.buffer).setUint32(20, ROUTER_ALERT);
  writeHeaderChecksum(packet, 0);
  packet.set([QUERY, response / 100], HEADER); // tenths of a second
  writeU16(packet, HEADER + 2, internetChecksum(packet, HEADER, packet.length));
  return packet;
}
