/**
 * Which packets go into which tunnel, and which may come out of one. Lookups are one map access by
 * home address; a tunnel is shared by all home addresses with the same two ends and the same form.
 */

import { type Ipv4, type Mac, type Prefix, UNSPECIFIED } from "../base/address.ts";
import { assert } from "../base/result.ts";
import type { Arrival } from "./decapsulate.ts";
import { overheadOf, type TunnelHeaders } from "./encapsulate.ts";

import { ABSENT } from "./gre.ts";
import { GreFlow } from "./gre-flow.ts";
import { OUTER_HEADER } from "./ipip.ts";
import { PrefixLists } from "./prefix-lists.ts";
import { type Encapsulation, formOf, HALF_BOUND, sameForm, type TunnelForm } from "./state.ts";
import { Tally } from "./tally.ts";
import { tunnelKey } from "./tunnel-key.ts";

/** A visitor on a link, as it is told from others there (RFC 3024 §5.1). */
export interface Sender {
  readonly device: string;
  readonly mac: Mac;
}

/** One home address, or one mobile network, in one direction of a tunnel. */
export interface TunnelEntry extends TunnelForm {
  /** `out`: encapsulate; `in`: accept after decapsulation. */
  readonly direction: "out" | "in";
  /** Which address of the inner header is the home address, or in the mobile network. */
  readonly match: "source" | "destination";
  readonly address: Ipv4;
  /** Prefix length of a mobile network that begins with the address; absent for a home address. */
  readonly length?: number | undefined;
  readonly local: Ipv4;
  readonly remote: Ipv4;
  /** `out` by source: whose packets it is about, as they come by a link. */
  readonly sender?: Sender | undefined;
  /** `in`: nothing but what is for this address may come. */
  readonly innerDestination?: Ipv4 | undefined;
  /** Of a visitor (state.ts); 0 when absent. */
  readonly plane?: number;
  /** `in`: it goes on as if the node had sent it on a link here (RFC 4068 §3.1). */
  readonly onward?: boolean;
  /**
   * Home address of a mobile router: packets go first into a tunnel of IP-in-IP from our end to it,
   * and that one goes through this (RFC 5177 §7).
   */
  readonly router?: Ipv4 | undefined;
  /** Octets that the headers of another tunnel add, through which this one goes on its way. */
  readonly beyond?: number | undefined;
  /** `in`: a device of the kernel's takes it, while the tunnel is carried by one. */
  readonly byDevice?: boolean;
}

/** A tunnel by which something may come, and the plane that it is for. */
export interface Acceptance {
  readonly tunnel: Tunnel;
  readonly plane: number;
  readonly innerDestination: Ipv4 | undefined;
  readonly onward: boolean;
  readonly byDevice: boolean;
}

/** No error from inside the tunnel that its senders must hear of. */
export const REACHABLE = -1;

/** A packet that waits for its turn, as it was decapsulated. */
export interface WaitingPacket {
  readonly bytes: Uint8Array;
  readonly plane: number;
}

export interface Tunnel extends TunnelHeaders {
  readonly form: TunnelForm;
  /** GRE key that must come, or `ABSENT`. */
  readonly keyIn: number;
  /** What comes out of it, in the order of its sequence numbers; only GRE has them. */
  readonly flow: GreFlow<WaitingPacket> | undefined;
  /** Octets that its headers add at most. */
  readonly overhead: number;
  /** What fits through the path, once an error has told; until then infinite. */
  mtu: number;
  /** Soft state (RFC 2003 §5): code of Destination Unreachable for its senders, or `REACHABLE`. */
  unreachable: number;
  /** One for all entries that accept alike. */
  readonly acceptances: Acceptance[];
  /** A device of the kernel's is up that takes what it may and sends what is routed to it. */
  isCarried: boolean;
  /** Entries `in` that the device does not take. */
  ownEntries: number;
  /** Echoes of ours go through it (tun/keepalives.ts, probes.ts); how many were answered. */
  hasEchoes: boolean;
  echoesAnswered: number;
  entries: number;
  homeAddresses: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** Why nothing may come out of a tunnel; the name of its counter. */
export type ArrivalDrop =
  | "tunnel-no-binding"
  | "tunnel-wrong-encapsulation"
  | "tunnel-wrong-key"
  | "tunnel-wrong-port"
  | "tunnel-half-bound";

type Directed<T> = Readonly<Record<"source" | "destination", PrefixLists<T>>>;
const NO_TUNNELS: readonly Tunnel[] = [];

/** The addresses that an entry is about. */
export function prefixOf({ address, length = 32 }: TunnelEntry): Prefix {
  return { address, length };
}

export class TunnelTable {
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #locals = new Tally<Ipv4>();
  readonly #udpLocals = new Tally<Ipv4>();
  readonly #minimalUdpLocals = new Tally<Ipv4>();
  readonly #overheads = new Tally<number>();
  readonly #byRemote = new PrefixLists<Tunnel>();
  /** Tunnels through which one to a mobile router goes, by its home address. */
  readonly #byRouter = new PrefixLists<Tunnel>();
  readonly #in = directed<Acceptance>();
  readonly #out = directed<Tunnel>();
  /** Of the planes beside plane 0. */
  readonly #outOf = new Map<number, Directed<Tunnel>>();

  /** The tunnel, when this is its first entry. */
  add(entry: TunnelEntry): Tunnel | undefined {
    const key = tunnelKey(entry);
    const known = this.#tunnels.get(key);
    const tunnel = known ?? createTunnel(entry, this.#flowOf(entry));
    if (known === undefined) {
      this.#tunnels.set(key, tunnel);
      this.#byRemote.add(host(tunnel.remote), tunnel);
      if (tunnel.router !== UNSPECIFIED) this.#byRouter.add(host(tunnel.router), tunnel);
      this.#locals.add(tunnel.local);
      for (const tally of this.#udpTallies(tunnel)) tally.add(tunnel.local);
      this.#overheads.add(tunnel.overhead);
    }
    tunnel.entries++;
    if (countsHomeAddress(entry)) tunnel.homeAddresses++;
    const { match, plane = 0 } = entry;
    const prefix = prefixOf(entry);
    if (entry.direction === "in") {
      if (entry.byDevice !== true) tunnel.ownEntries++;
      this.#in[match].add(prefix, acceptanceOf(tunnel, entry));
    } else this.#outFrom(plane)[match].add(prefix, tunnel);
    return known === undefined ? tunnel : undefined;
  }

  /** The tunnel, when this was its last entry. */
  remove(entry: TunnelEntry): Tunnel | undefined {
    const key = tunnelKey(entry);
    const tunnel = this.#tunnels.get(key);
    assert(tunnel !== undefined, "removed an entry of an unknown tunnel");
    const { match, plane = 0 } = entry;
    const prefix = prefixOf(entry);
    const { byDevice = false } = entry;
    const isIt = (one: Acceptance): boolean =>
      one.tunnel === tunnel && one.plane === plane && one.byDevice === byDevice;
    const isTunnel = (one: Tunnel): boolean => one === tunnel;
    if (entry.direction === "in") {
      if (!byDevice) tunnel.ownEntries--;
      this.#in[match].remove(prefix, isIt);
    } else this.#outFrom(plane)[match].remove(prefix, isTunnel);
    if (countsHomeAddress(entry)) tunnel.homeAddresses--;
    if (--tunnel.entries > 0) return undefined;
    this.#tunnels.delete(key);
    this.#byRemote.remove(host(tunnel.remote), isTunnel);
    if (tunnel.router !== UNSPECIFIED) this.#byRouter.remove(host(tunnel.router), isTunnel);
    this.#locals.remove(tunnel.local);
    for (const tally of this.#udpTallies(tunnel)) tally.remove(tunnel.local);
    this.#overheads.remove(tunnel.overhead);
    return tunnel;
  }

  /**
   * Where a packet from the anchor of a plane goes. With simultaneous bindings of one home address a copy goes into each
   * (RFC 5944 §4.2.3).
   */
  outFor(source: Ipv4, destination: Ipv4, plane = 0): readonly Tunnel[] {
    const out = plane === 0 ? this.#out : this.#outFrom(plane);
    return out.destination.get(destination) ?? out.source.get(source) ?? NO_TUNNELS;
  }

  /** Tunnels of this very address, for what is from or for it in plane 0. */
  outAt(match: "source" | "destination", address: Ipv4): readonly Tunnel[] {
    return this.#out[match].at(address) ?? NO_TUNNELS;
  }

  /** By what, from or for this very address may come. */
  inAt(match: "source" | "destination", address: Ipv4): readonly Acceptance[] {
    return this.#in[match].at(address) ?? [];
  }

  /**
   * The tunnel by which this inner packet may come: to a visitor (RFC 5944 §4.2.2), or from a node
   * bound to the outer source as care-of address (RFC 3024 §4.3.2), in the agreed form.
   */
  inFor(arrival: Arrival, source: Ipv4, destination: Ipv4): Acceptance | undefined {
    return (
      findTunnel(this.#in.destination.get(destination), arrival, destination) ??
      findTunnel(this.#in.source.get(source), arrival, destination)
    );
  }

  /**
   * Could this be the first keepalive of a half-bound tunnel? Its address must be the one that the
   * registration came from, whatever its port (RFC 3519 §4.6, §6.1.2).
   */
  isHalfBound(arrival: Arrival, source: Ipv4, destination: Ipv4): boolean {
    if (arrival.port === 0 || destination !== arrival.local) return false;
    return this.dropReason(arrival, source, destination) === "tunnel-half-bound";
  }

  /** Why `inFor` found none. */
  dropReason(arrival: Arrival, source: Ipv4, destination: Ipv4): ArrivalDrop {
    const found = [
      ...(this.#in.destination.get(destination) ?? []),
      ...(this.#in.source.get(source) ?? []),
    ].find(
      ({ tunnel, innerDestination }) =>
        tunnel.remote === arrival.remote &&
        tunnel.local === arrival.local &&
        tunnel.router === arrival.router &&
        (innerDestination === undefined || innerDestination === destination),
    );
    if (found === undefined) return "tunnel-no-binding";
    const { tunnel } = found;
    if (
      !isEncapsulatedAs(tunnel.encapsulation, arrival) ||
      (tunnel.port === 0) !== (arrival.port === 0)
    ) {
      return "tunnel-wrong-encapsulation";
    }
    if (tunnel.port === HALF_BOUND) return "tunnel-half-bound";
    return tunnel.port === arrival.port ? "tunnel-wrong-key" : "tunnel-wrong-port";
  }

  /**
   * Does what came by a tunnel hold another one, of the mobile router at this home address to our
   * end (RFC 5177 §7)?
   */
  isFromRouter({ remote, local }: Arrival, source: Ipv4, destination: Ipv4): boolean {
    if (destination !== local) return false;
    const tunnels = this.#byRouter.get(source) ?? NO_TUNNELS;
    return tunnels.some((tunnel) => tunnel.remote === remote && tunnel.local === local);
  }

  /** Do several tunnels lead to this address, each with a copy of what is for it (§4.2.3)? */
  hasCopies(destination: Ipv4, ofPlane: number): boolean {
    const found = this.#in.destination.get(destination);
    if (found === undefined || found.length < 2) return false;
    return found.filter(({ plane }) => plane === ofPlane).length > 1;
  }

  tunnels(): IterableIterator<Tunnel> {
    return this.#tunnels.values();
  }

  /** Is there a tunnel for packets to this home address? */
  hasOut(destination: Ipv4): boolean {
    return this.#out.destination.has(destination);
  }

  /** All tunnels to this address. */
  to(remote: Ipv4): readonly Tunnel[] {
    return this.#byRemote.get(remote) ?? NO_TUNNELS;
  }

  /** Our own ends of all tunnels. */
  locals(): IterableIterator<Ipv4> {
    return this.#locals.keys();
  }

  /** Our own ends of UDP tunnels, and those of them with minimal encapsulation. */
  udpEnds(): { readonly all: ReadonlySet<Ipv4>; readonly minimal: ReadonlySet<Ipv4> } {
    return {
      all: new Set(this.#udpLocals.keys()),
      minimal: new Set(this.#minimalUdpLocals.keys()),
    };
  }

  /** Octets that the headers of a tunnel add: each number once. */
  overheads(): IterableIterator<number> {
    return this.#overheads.keys();
  }

  /** Sequence numbers are those of the tunnel, also where another one goes through it. */
  #flowOf(entry: TunnelEntry): Tunnel["flow"] {
    if (entry.encapsulation !== "gre") return undefined;
    const alike = this.to(entry.remote).find(
      ({ local, form }) => local === entry.local && sameForm(form, entry),
    );
    return alike === undefined ? new GreFlow() : alike.flow;
  }

  #udpTallies({ port, encapsulation }: Tunnel): readonly Tally<Ipv4>[] {
    if (port === 0) return [];
    return encapsulation === "minimal"
      ? [this.#udpLocals, this.#minimalUdpLocals]
      : [this.#udpLocals];
  }

  #outFrom(plane: number): Directed<Tunnel> {
    if (plane === 0) return this.#out;
    const known = this.#outOf.get(plane) ?? directed<Tunnel>();
    this.#outOf.set(plane, known);
    return known;
  }
}

function directed<T>(): Directed<T> {
  return { source: new PrefixLists(), destination: new PrefixLists() };
}

function host(address: Ipv4): Prefix {
  return { address, length: 32 };
}

/** Every visitor and every binding has exactly one entry that matches the inner destination. */
function countsHomeAddress({ match, length }: TunnelEntry): boolean {
  return match === "destination" && length === undefined;
}

function createTunnel(entry: TunnelEntry, flow: Tunnel["flow"]): Tunnel {
  const { local, remote, encapsulation, greKeyIn = ABSENT, greKeyOut = ABSENT, udpPort } = entry;
  const { router = UNSPECIFIED, beyond } = entry;
  return {
    local,
    remote,
    encapsulation,
    keyIn: greKeyIn,
    keyOut: greKeyOut,
    port: udpPort ?? 0,
    router,
    form: formOf(entry),
    overhead: overheadOf(entry) + (router === UNSPECIFIED ? 0 : OUTER_HEADER) + (beyond ?? 0),
    mtu: Number.POSITIVE_INFINITY,
    unreachable: REACHABLE,
    flow,
    acceptances: [],
    isCarried: false,
    ownEntries: 0,
    hasEchoes: udpPort !== undefined,
    echoesAnswered: 0,
    entries: 0,
    homeAddresses: 0,
    packetsIn: 0,
    packetsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}

function acceptanceOf(tunnel: Tunnel, entry: TunnelEntry): Acceptance {
  const { plane = 0, innerDestination, onward = false, byDevice = false } = entry;
  const known = tunnel.acceptances.find(
    (one) =>
      one.plane === plane &&
      one.innerDestination === innerDestination &&
      one.onward === onward &&
      one.byDevice === byDevice,
  );
  const acceptance = known ?? { tunnel, plane, innerDestination, onward, byDevice };
  if (known === undefined) tunnel.acceptances.push(acceptance);
  return acceptance;
}

/** RFC 2004 §3: a fragment goes by IP-in-IP, where minimal encapsulation was agreed. */
export function isEncapsulatedAs(encapsulation: Encapsulation, arrival: Arrival): boolean {
  if (encapsulation === arrival.encapsulation) return true;
  return encapsulation === "minimal" && arrival.encapsulation === "ipip" && arrival.isFragment;
}

function findTunnel(
  acceptances: readonly Acceptance[] | undefined,
  arrival: Arrival,
  destination: Ipv4,
): Acceptance | undefined {
  if (acceptances === undefined) return undefined;
  for (const acceptance of acceptances) {
    const { tunnel, innerDestination } = acceptance;
    if (
      (innerDestination === undefined || innerDestination === destination) &&
      tunnel.remote === arrival.remote &&
      tunnel.local === arrival.local &&
      tunnel.port === arrival.port &&
      tunnel.router === arrival.router &&
      tunnel.keyIn === arrival.key &&
      isEncapsulatedAs(tunnel.encapsulation, arrival)
    ) {
      return acceptance;
    }
  }
  return undefined;
}
