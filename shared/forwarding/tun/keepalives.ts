/**
 * Keepalives of UDP tunnels, so that a NAT on the way keeps its mapping (RFC 3519 §4.9): an ICMP
 * Echo Request from the home address to the home agent, through the tunnel, when nothing else has
 * gone there for a while. It leaves by the data path like any other packet of the tunnel, so with
 * the same UDP source port.
 */

import type { Ipv4 } from "../../base/address.ts";
import { internetChecksum } from "../../wire/checksum.ts";
import type { PathNews } from "../driver.ts";
import {
  headerLength,
  IPV4_HEADER,
  isFragment,
  PROTOCOL_ICMP,
  protocolOf,
  readU16,
  sourceOf,
  totalLength,
  writeAddress,
  writeHeaderChecksum,
  writeU16,
} from "../packet.ts";
import { type ForwardingItem, sameForm, type TunnelForm } from "../state.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";

const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const TTL = 64;
/** Identifier of our echoes: what is answered to another is not ours to take away. */
const IDENTIFIER = 0x4d49;
/** Tells our echoes from a visitor's own with the same identifier. */
const MARK = Uint8Array.of(0x52, 0x46, 0x43, 0x33, 0x35, 0x31, 0x39, 0x4b);
const LENGTH = IPV4_HEADER + 8 + MARK.length;

/** The end of a UDP tunnel that is not the home agent's. */
interface End extends TunnelForm {
  readonly homeAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly careOfAddress: Ipv4;
  readonly plane: number;
}

interface Watched {
  readonly end: End;
  /** Seconds. */
  readonly interval: number;
  packetsOut: number;
  idleSince: number;
  /** The home agent does not know the way yet: there is no sense in waiting. */
  isAwaited: boolean;
  /** A node's own tunnel: it is to know when nothing comes back (§4.10). */
  readonly isTold: boolean;
  /** An echo of this tunnel has been answered: that none is means something. */
  isProven: boolean;
  /** A keepalive is out, and so often it has been sent in vain. */
  asked: { readonly at: number; readonly packetsIn: number; readonly times: number } | undefined;
}

/** Milliseconds between two looks at the tunnels: an interval is kept that precisely. */
const LOOK_INTERVAL_MS = 1000;
/** Milliseconds until a keepalive that is not answered is sent again, and how often it is sent. */
const ANSWER_MS = 2000;
const TRIES = 4;

export class Keepalives {
  readonly #table: Pick<TunnelTable, "to">;
  readonly #send: (tunnel: Tunnel, packet: Uint8Array, plane: number) => void;
  readonly #tell: (news: PathNews) => void;
  readonly #watched = new Map<string, Watched>();
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    table: Pick<TunnelTable, "to">,
    send: (tunnel: Tunnel, packet: Uint8Array, plane: number) => void,
    tell: (news: PathNews) => void,
  ) {
    this.#table = table;
    this.#send = send;
    this.#tell = tell;
  }

  /** Looks at the tunnels by itself, as long as there is one to look at. */
  run(): void {
    const isNeeded = this.#watched.size > 0;
    if (isNeeded === (this.#timer !== undefined)) return;
    this.close();
    if (isNeeded) this.#timer = setInterval(() => this.look(performance.now()), LOOK_INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What is forwarded under this key from now on; `now` in milliseconds of a steady clock. */
  set(key: string, item: ForwardingItem | undefined, now: number): void {
    const before = this.#watched.get(key);
    this.#watched.delete(key);
    if (item?.kind !== "visitor" && item?.kind !== "co-located") return;
    const { keepalive: interval, udpPort } = item;
    if (interval === undefined || udpPort === undefined) return;
    const end =
      item.kind === "visitor"
        ? item
        : { ...item, careOfAddress: item.path.careOfAddress, plane: 0 };
    const packetsOut = this.#tunnelOf(end)?.packetsOut ?? 0;
    const isAwaited = item.kind === "co-located" && item.awaitsKeepalive === true;
    const isProven = before?.isProven === true && sameForm(before.end, end);
    const isTold = item.kind === "co-located";
    const watched = { end, interval, packetsOut, idleSince: now, isAwaited, isTold, isProven };
    this.#watched.set(key, { ...watched, asked: undefined });
    if (isAwaited) this.look(now);
  }

  /** Sends what is due. All that goes into a tunnel keeps its mapping, a keepalive of another too. */
  look(now: number): void {
    for (const watched of this.#watched.values()) {
      const { end, interval } = watched;
      const tunnel = this.#tunnelOf(end);
      if (tunnel === undefined || this.#isAsking(watched, tunnel, now)) continue;
      watched.isAwaited &&= tunnel.packetsIn === 0;
      if (!watched.isAwaited && tunnel.packetsOut !== watched.packetsOut) {
        watched.packetsOut = tunnel.packetsOut;
        watched.idleSince = now;
      } else if (watched.isAwaited || now - watched.idleSince >= interval * 1000) {
        this.#ask(watched, tunnel, now, 1);
      }
    }
  }

  #ask(watched: Watched, tunnel: Tunnel, now: number, times: number): void {
    const { homeAddress, homeAgent, plane } = watched.end;
    watched.isProven ||= tunnel.echoesAnswered > 0;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#send(tunnel, echoRequest(homeAddress, homeAgent, this.#sequence), plane);
    watched.packetsOut = tunnel.packetsOut;
    watched.idleSince = now;
    const isWaiting = watched.isTold && watched.isProven;
    watched.asked = isWaiting ? { at: now, packetsIn: tunnel.packetsIn, times } : undefined;
  }

  /**
   * Keepalives go both ways: one without an answer is repeated, and after some in vain the node is
   * told, since a NAT may have forgotten its mapping (RFC 3519 §4.9, §4.10).
   */
  #isAsking(watched: Watched, tunnel: Tunnel, now: number): boolean {
    const { asked, end } = watched;
    if (asked === undefined) return false;
    if (tunnel.packetsIn !== asked.packetsIn) {
      watched.asked = undefined;
    } else if (now - asked.at >= ANSWER_MS) {
      if (asked.times < TRIES) {
        this.#ask(watched, tunnel, now, asked.times + 1);
      } else {
        watched.asked = undefined;
        const { careOfAddress, homeAgent } = end;
        this.#tell({ careOfAddress, homeAgent, isLost: true });
      }
    }
    return watched.asked !== undefined;
  }

  #tunnelOf(end: End): Tunnel | undefined {
    return this.#table
      .to(end.homeAgent)
      .find(({ local, form }) => local === end.careOfAddress && sameForm(form, end));
  }
}

/** One of our echoes. */
export function echoRequest(source: Ipv4, destination: Ipv4, sequence: number): Uint8Array {
  const packet = new Uint8Array(LENGTH);
  packet[0] = 0x45;
  writeU16(packet, 2, LENGTH);
  packet[8] = TTL;
  packet[9] = PROTOCOL_ICMP;
  writeAddress(packet, 12, source);
  writeAddress(packet, 16, destination);
  writeHeaderChecksum(packet, 0);
  packet[IPV4_HEADER] = ECHO_REQUEST;
  writeU16(packet, IPV4_HEADER + 4, IDENTIFIER);
  writeU16(packet, IPV4_HEADER + 6, sequence);
  packet.set(MARK, IPV4_HEADER + 8);
  writeU16(packet, IPV4_HEADER + 2, internetChecksum(packet, IPV4_HEADER));
  return packet;
}

/** Is this inner packet an Echo Request? What else it has is its sender's to choose. */
export function isKeepalive(bytes: Uint8Array, packet: number): boolean {
  if (protocolOf(bytes, packet) !== PROTOCOL_ICMP || isFragment(bytes, packet)) return false;
  return bytes[packet + headerLength(bytes, packet)] === ECHO_REQUEST;
}

/**
 * Is this inner packet the home agent's answer to an echo of ours? It bears the node's address, but
 * the node has asked for nothing. It is counted.
 */
export function takeAnswer(bytes: Uint8Array, packet: number, tunnel: Tunnel): boolean {
  if (!isAnswer(bytes, packet, tunnel.remote)) return false;
  tunnel.echoesAnswered++;
  return true;
}

function isAnswer(bytes: Uint8Array, packet: number, homeAgent: Ipv4): boolean {
  if (protocolOf(bytes, packet) !== PROTOCOL_ICMP || sourceOf(bytes, packet) !== homeAgent) {
    return false;
  }
  const icmp = packet + IPV4_HEADER;
  return (
    bytes[packet] === 0x45 &&
    totalLength(bytes, packet) === LENGTH &&
    bytes[icmp] === ECHO_REPLY &&
    readU16(bytes, icmp + 4) === IDENTIFIER &&
    MARK.every((octet, i) => bytes[icmp + 8 + i] === octet)
  );
}
