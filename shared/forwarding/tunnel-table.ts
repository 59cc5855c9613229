/**
 * Which packets go into which tunnel, and which may come out of one. Lookups are one map access by
 * home address; a tunnel is shared by all home addresses with the same two ends.
 */

import type { Ipv4 } from "../base/address.ts";
import { assert } from "../base/result.ts";
import type { Encapsulation } from "./state.ts";

/** One home address in one direction of a tunnel. */
export interface TunnelEntry {
  /** `out`: encapsulate; `in`: accept after decapsulation. */
  readonly direction: "out" | "in";
  /** Which address of the inner header is the home address. */
  readonly match: "source" | "destination";
  readonly address: Ipv4;
  readonly local: Ipv4;
  readonly remote: Ipv4;
  readonly encapsulation: Encapsulation;
}

export interface Tunnel {
  readonly local: Ipv4;
  readonly remote: Ipv4;
  readonly encapsulation: Encapsulation;
  /** What fits through the path, once an error has told; until then infinite. */
  mtu: number;
  entries: number;
  homeAddresses: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
}

type ByAddress = Map<Ipv4, Tunnel[]>;
const NO_TUNNELS: readonly Tunnel[] = [];

function tunnelKey(entry: Pick<TunnelEntry, "local" | "remote" | "encapsulation">): string {
  return `${entry.local} ${entry.remote} ${entry.encapsulation}`;
}

export class TunnelTable {
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #locals = new Map<Ipv4, number>();
  readonly #out = { source: new Map() as ByAddress, destination: new Map() as ByAddress };
  readonly #in = { source: new Map() as ByAddress, destination: new Map() as ByAddress };

  /** The tunnel, when this is its first entry. */
  add(entry: TunnelEntry): Tunnel | undefined {
    const key = tunnelKey(entry);
    const known = this.#tunnels.get(key);
    const tunnel = known ?? createTunnel(entry);
    this.#tunnels.set(key, tunnel);
    tunnel.entries++;
    // Every visitor and every binding has exactly one entry that matches the inner destination.
    if (entry.match === "destination") tunnel.homeAddresses++;
    const byAddress = this.#mapFor(entry);
    const list = byAddress.get(entry.address);
    if (list === undefined) byAddress.set(entry.address, [tunnel]);
    else list.push(tunnel);
    this.#locals.set(entry.local, (this.#locals.get(entry.local) ?? 0) + 1);
    return known === undefined ? tunnel : undefined;
  }

  /** The tunnel, when this was its last entry. */
  remove(entry: TunnelEntry): Tunnel | undefined {
    const key = tunnelKey(entry);
    const tunnel = this.#tunnels.get(key);
    const byAddress = this.#mapFor(entry);
    const list = byAddress.get(entry.address);
    const at = tunnel === undefined ? -1 : (list?.indexOf(tunnel) ?? -1);
    assert(
      tunnel !== undefined && list !== undefined && at >= 0,
      "removed an unknown tunnel entry",
    );
    list.splice(at, 1);
    if (list.length === 0) byAddress.delete(entry.address);
    if (entry.match === "destination") tunnel.homeAddresses--;
    const left = (this.#locals.get(entry.local) ?? 1) - 1;
    if (left === 0) this.#locals.delete(entry.local);
    else this.#locals.set(entry.local, left);
    if (--tunnel.entries > 0) return undefined;
    this.#tunnels.delete(key);
    return tunnel;
  }

  /**
   * Where a packet goes. With simultaneous bindings of one home address a copy goes into each
   * (RFC 5944 §4.2.3).
   */
  outFor(source: Ipv4, destination: Ipv4): readonly Tunnel[] {
    return this.#out.destination.get(destination) ?? this.#out.source.get(source) ?? NO_TUNNELS;
  }

  /**
   * The tunnel by which this inner packet may come: to a visitor (RFC 5944 §4.2.2), or from a node
   * bound to the outer source as care-of address (RFC 3024 §4.3.2), with the agreed encapsulation.
   */
  inFor(
    remote: Ipv4,
    local: Ipv4,
    encapsulation: Encapsulation,
    source: Ipv4,
    destination: Ipv4,
  ): Tunnel | undefined {
    return (
      findTunnel(this.#in.destination.get(destination), remote, local, encapsulation) ??
      findTunnel(this.#in.source.get(source), remote, local, encapsulation)
    );
  }

  tunnels(): IterableIterator<Tunnel> {
    return this.#tunnels.values();
  }

  /** Is there a tunnel for packets to this home address? */
  hasOut(destination: Ipv4): boolean {
    return this.#out.destination.has(destination);
  }

  /** The tunnel between these ends. */
  find(local: Ipv4, remote: Ipv4, encapsulation: Encapsulation): Tunnel | undefined {
    return this.#tunnels.get(tunnelKey({ local, remote, encapsulation }));
  }

  /** Our own ends of all tunnels. */
  locals(): IterableIterator<Ipv4> {
    return this.#locals.keys();
  }

  #mapFor(entry: TunnelEntry): ByAddress {
    return (entry.direction === "out" ? this.#out : this.#in)[entry.match];
  }
}

function createTunnel({ local, remote, encapsulation }: TunnelEntry): Tunnel {
  return {
    local,
    remote,
    encapsulation,
    mtu: Number.POSITIVE_INFINITY,
    entries: 0,
    homeAddresses: 0,
    packetsIn: 0,
    packetsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}

function findTunnel(
  tunnels: readonly Tunnel[] | undefined,
  remote: Ipv4,
  local: Ipv4,
  encapsulation: Encapsulation,
): Tunnel | undefined {
  if (tunnels === undefined) return undefined;
  for (const tunnel of tunnels) {
    if (
      tunnel.remote === remote &&
      tunnel.local === local &&
      tunnel.encapsulation === encapsulation
    ) {
      return tunnel;
    }
  }
  return undefined;
}
