/**
 * Takes an address away from the interfaces that the system gave it to, with the routes that are
 * nothing without it, and gives everything back in the end. What was taken is kept in a small file,
 * so that it can be given back after the process was killed.
 */

import { formatIpv4, formatPrefix, type Ipv4, parseIpv4, prefixContains } from "../base/address.ts";
import type { AddressObject, Marks, RouteObject } from "../forwarding/kernel-objects.ts";
import { readKept, writeKept } from "./kept-file.ts";
import type { KernelNetwork, NetworkObject, SystemObjects } from "./kernel-network.ts";
import { IoError } from "./packet-io.ts";

type Taken = AddressObject | RouteObject;

export interface TakeoverParts {
  readonly network: KernelNetwork;
  readonly marks: Marks;
  /** Where what was taken is kept; without it it lives as long as the process. */
  readonly file: string | undefined;
  readonly note: (message: string) => void;
}

/** The interface is gone or down: the system's own configuration would be gone too. */
const LOST_WITH_LINK: ReadonlySet<string> = new Set(["ENODEV", "ENETDOWN"]);
/** Distinct things that may have to be given back for one address. */
const MAX_TAKEN = 64;

export class AddressTakeover {
  readonly #parts: TakeoverParts;
  readonly #taken = new Map<Ipv4, readonly Taken[]>();
  /** `device address` of what was taken in this run: a second time is told, a third is not. */
  readonly #times = new Map<string, number>();

  constructor(parts: TakeoverParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier run left. */
  load(): void {
    const saved = readKept(this.#parts.file);
    if (typeof saved !== "object" || saved === null) return;
    for (const [text, objects] of Object.entries(saved)) {
      const address = parseIpv4(text);
      if (address === undefined || !Array.isArray(objects)) continue;
      this.#taken.set(address, objects.filter(isTaken).slice(0, MAX_TAKEN));
    }
  }

  /** The addresses of which something is to be given back. */
  addresses(): readonly Ipv4[] {
    return [...this.#taken.keys()];
  }

  /** The interfaces that have the address, the anchor aside. */
  async holders(address: Ipv4): Promise<string[]> {
    const { network, marks } = this.#parts;
    const { addresses } = await network.readSystem(marks);
    return addresses.filter(({ prefix }) => prefix.address === address).map(({ device }) => device);
  }

  /** Rejects with an `IoError`; what was done until then is known and will be given back. */
  async take(address: Ipv4): Promise<void> {
    const { network, marks } = this.#parts;
    const system = await network.readSystem(marks);
    const found = system.addresses.filter(({ prefix }) => prefix.address === address);
    const routes = found.flatMap((held) => dependentRoutes(held, system));
    if (found.length === 0) return;
    this.#remember(address, [...found, ...routes]);
    for (const held of found) {
      await network.execute({ action: "remove", object: held }, marks);
      this.#tell(held);
    }
    for (const object of routes) await network.execute({ action: "remove", object }, marks);
    // With a first address of a network the kernel may drop the others, with the last address of an
    // interface every route: what is no part of this is made again.
    const devices = new Set(found.map(({ device }) => device));
    const taken = new Set<Taken>([...found, ...routes]);
    for (const object of [...system.addresses, ...system.routes].sort(byDependence)) {
      if (devices.has(object.device) && !taken.has(object)) await this.#make(object);
    }
  }

  /** Rejects with an `IoError`; what could not be given back stays kept. */
  async giveBack(address: Ipv4): Promise<void> {
    const left: Taken[] = [];
    let failure: unknown;
    for (const object of [...(this.#taken.get(address) ?? [])].sort(byDependence)) {
      try {
        await this.#make(object);
      } catch (error) {
        failure = error;
        left.push(object);
      }
    }
    if (left.length === 0) this.#taken.delete(address);
    else this.#taken.set(address, left);
    this.#save();
    if (failure !== undefined) throw failure;
  }

  async #make(object: NetworkObject): Promise<void> {
    const { network, marks } = this.#parts;
    try {
      await network.execute({ action: "add", object }, marks);
    } catch (error) {
      // EEXIST: the kernel made it with the address, or somebody has made another.
      const isFine =
        error instanceof IoError && (error.code === "EEXIST" || LOST_WITH_LINK.has(error.code));
      if (!isFine) throw error;
    }
  }

  /** Known and on disk before anything is taken. */
  #remember(address: Ipv4, objects: readonly Taken[]): void {
    const known = new Map(
      [...(this.#taken.get(address) ?? []), ...objects].map((object) => [
        JSON.stringify(object),
        object,
      ]),
    );
    this.#taken.set(address, [...known.values()].slice(0, MAX_TAKEN));
    this.#save();
  }

  #save(): void {
    const entries = [...this.#taken].map(([address, objects]) => [formatIpv4(address), objects]);
    writeKept(this.#parts.file, entries.length === 0 ? undefined : Object.fromEntries(entries));
  }

  #tell({ device, prefix }: AddressObject): void {
    const what = `${formatPrefix(prefix)} from ${device}`;
    const times = (this.#times.get(what) ?? 0) + 1;
    this.#times.set(what, times);
    if (times === 1) this.#parts.note(`took ${what}; it is put back at the end`);
    else if (times === 2) {
      this.#parts.note(`took ${what} again: something put it back, and may go on doing so`);
    }
  }
}

/**
 * The network that the address connects to, what has the address as its source, and what goes by a
 * router that no other address of the interface connects to.
 */
function dependentRoutes(held: AddressObject, { addresses, routes }: SystemObjects): RouteObject[] {
  const { address } = held.prefix;
  const others = addresses.filter(
    (other) => other.device === held.device && other.prefix.address !== address,
  );
  return routes.filter(({ device, source, gateway }) => {
    if (device !== held.device) return false;
    if (source !== undefined || gateway === undefined) return source === address;
    const isHere = prefixContains(held.prefix, gateway);
    return isHere && !others.some(({ prefix }) => prefixContains(prefix, gateway));
  });
}

/** An address first, then what it connects to, then what goes by a router there. */
function byDependence(a: Taken, b: Taken): number {
  const rank = (object: Taken): number => {
    if (object.kind === "address") return 0;
    return object.gateway === undefined ? 1 : 2;
  };
  return rank(a) - rank(b);
}

function isPrefix(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "address" in value && typeof value.address === "number" && "length" in value;
}

/** From a file that this program wrote. */
function isTaken(value: unknown): value is Taken {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (!("device" in value) || typeof value.device !== "string") return false;
  if (value.kind === "address") return "prefix" in value && isPrefix(value.prefix);
  if (value.kind !== "route" || !("protocol" in value)) return false;
  return "destination" in value && isPrefix(value.destination);
}
