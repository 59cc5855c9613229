/**
 * The virtual network: segments on which frames go by link-layer address, and paths between
 * routers by destination address. Every receiver has its own luck with every packet.
 */

import {
  BROADCAST_MAC,
  type Ipv4,
  isMulticast,
  type Mac,
  type Prefix,
} from "../../shared/base/address.ts";
import { type Random, uniform } from "../../shared/base/random.ts";
import type { Event, RouteIcmp, SendArp, SendIcmp, SendUdp } from "../../shared/protocol/core.ts";
import type { EventQueue } from "./queue.ts";

/** What goes by the destination address. */
export type Routed = SendUdp | RouteIcmp;
export type Packet = Routed | SendIcmp | SendArp;

/** Anything that hears frames or datagrams. */
export interface Station {
  readonly name: string;
  /** Is what arrives here protected by an authenticator, so that a forgery is a fair test? */
  readonly authenticates: boolean;
  receive(event: Event): void;
}

/** An address that a host was given on a segment, and the way out there. */
export interface Lease {
  readonly segment: string;
  readonly prefix: Prefix;
  readonly gateway: Ipv4;
}

/** A station's interface; a mobile one changes its segment. */
export interface Port {
  readonly station: Station;
  readonly interface: string;
  readonly mac: Mac;
  /** `undefined`: no carrier. */
  segment: string | undefined;
  /** Its address, of this segment or still of another one. */
  lease?: Lease | undefined;
  /** Those that its node has configured. */
  own?: readonly Lease[];
}

/** The addresses of a port that are of the segment on which it is: there it is reached from anywhere. */
export function reachableAt({ segment, lease, own = [] }: Port): Lease[] {
  return [...(lease === undefined ? [] : [lease]), ...own].filter(
    (each) => each.segment === segment,
  );
}

export function isReachedAt(port: Port, address: Ipv4): boolean {
  return reachableAt(port).some(({ prefix }) => prefix.address === address);
}

/** Probabilities, and milliseconds. */
export interface Weather {
  readonly loss: number;
  readonly duplicate: number;
  /** A copy held back for up to a second. */
  readonly reorder: number;
  /** Another copy up to a minute later. */
  readonly late: number;
  /** One bit turned over, only towards those who can tell. */
  readonly corrupt: number;
  readonly linkDelay: number;
  readonly pathDelay: number;
  /** In addition, uniform up to this. */
  readonly jitter: number;
}

export const FINE_WEATHER: Weather = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  late: 0,
  corrupt: 0,
  linkDelay: 1,
  pathDelay: 10,
  jitter: 1,
};

const HOPS = 3;
const HELD_BACK = 1000;
const LATE = 60_000;
const RECORDED = 16;

export class Network {
  #weather: Weather;
  /** Counts changes of weather. */
  #era = 0;
  readonly ports: Port[] = [];
  /** Who is reached at an address from anywhere. */
  readonly routes = new Map<Ipv4, Station>();
  /** `from>to`: nothing gets through in this direction. */
  readonly blocked = new Set<string>();
  readonly #queue: EventQueue;
  readonly #random: Random;
  /** What an eavesdropper wrote down last: to deliver it again, whether or not it arrived. */
  readonly #recorded: (() => void)[] = [];

  constructor(queue: EventQueue, random: Random, weather: Weather) {
    this.#queue = queue;
    this.#random = random;
    this.#weather = weather;
  }

  /** What is on its way in the old weather is lost: a late copy is a fault, too. */
  changeWeather(weather: Weather): void {
    this.#weather = weather;
    this.#era++;
  }

  /** The port with this link-layer address on a segment. */
  find(segment: string | undefined, mac: Mac): Port | undefined {
    if (segment === undefined) return undefined;
    return this.ports.find((port) => port.segment === segment && port.mac === mac);
  }

  /** A frame to everybody whom its link-layer destination means. */
  frame(from: Port, destination: Mac, packet: Exclude<Packet, RouteIcmp>): void {
    const group = destination === BROADCAST_MAC || isGroup(destination);
    for (const to of this.ports) {
      if (to === from || to.segment === undefined || to.segment !== from.segment) continue;
      if (!group && to.mac !== destination) continue;
      this.#transmit(from.station, to.station, this.#weather.linkDelay, packet, (copy) => {
        // Whoever moved away meanwhile does not hear it.
        if (to.segment === from.segment) to.station.receive(heardOnLink(copy, from, to));
      });
    }
  }

  /** A datagram that finds its way by its destination address. */
  route(from: Station, packet: Routed): void {
    const { destination } = packet;
    const port = this.at(destination);
    const to = this.routes.get(destination) ?? port?.station;
    if (to === undefined || isMulticast(destination)) return;
    this.#transmit(from, to, this.#weather.pathDelay, packet, (copy) => {
      // Whoever moved away meanwhile does not get it.
      if (port === this.at(destination)) to.receive(heardFromAfar(copy));
    });
  }

  /** The port that is reached at this address now. */
  at(address: Ipv4): Port | undefined {
    return this.ports.find((port) => isReachedAt(port, address));
  }

  /** Somebody sends again what he has heard. */
  replay(): void {
    this.#recorded[Math.floor(this.#random.next() * this.#recorded.length)]?.();
  }

  #transmit<P extends Packet>(
    from: Station,
    to: Station,
    delay: number,
    packet: P,
    deliver: (copy: P) => void,
  ): void {
    const weather = this.#weather;
    const era = this.#era;
    const random = this.#random;
    if (packet.type === "send-udp" || packet.type === "route-icmp") {
      if (this.#recorded.length >= RECORDED) this.#recorded.shift();
      this.#recorded.push(() => deliver(packet));
    }
    const happens = (probability: number): boolean => random.next() < probability;
    if (this.blocked.has(`${from.name}>${to.name}`) || happens(weather.loss)) return;
    const send = (extra: number): void => {
      const spoilt = to.authenticates && happens(weather.corrupt);
      const copy = spoilt ? this.#corrupted(packet) : packet;
      this.#queue.after(delay + random.next() * weather.jitter + extra, () => {
        if (this.#era === era) deliver(copy);
      });
    };
    send(happens(weather.reorder) ? uniform(random, 0, HELD_BACK) : 0);
    if (happens(weather.duplicate)) send(uniform(random, 0, weather.jitter));
    if (happens(weather.late)) send(uniform(random, HELD_BACK, LATE));
  }

  #corrupted<P extends Packet>(packet: P): P {
    if (packet.type !== "send-udp" || packet.payload.length === 0) return packet;
    const payload = packet.payload.slice();
    const at = Math.floor(this.#random.next() * payload.length);
    payload[at] = (payload[at] ?? 0) ^ (1 << Math.floor(this.#random.next() * 8));
    return { ...packet, payload };
  }
}

function isGroup(mac: Mac): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

function heardOnLink(packet: Exclude<Packet, RouteIcmp>, from: Port, to: Port): Event {
  const heard = { interface: to.interface, linkSource: from.mac };
  if (packet.type === "send-arp") {
    const { link, ...arp } = packet;
    return { ...arp, ...heard, type: "arp", linkDestination: link.destination };
  }
  const { link, ...rest } = packet;
  return rest.type === "send-udp"
    ? { ...rest, ...heard, type: "udp" }
    : { ...rest, ...heard, type: "icmp" };
}

function heardFromAfar(packet: Routed): Event {
  const afar = { ttl: packet.ttl - HOPS, interface: undefined, linkSource: undefined };
  if (packet.type === "route-icmp") return { ...packet, ...afar, type: "icmp" };
  const { link, device, ...rest } = packet;
  return { ...rest, ...afar, type: "udp" };
}
