/**
 * Soft state of tunnels whose path is narrower than the uplink (RFC 2003 §5.1): a route to each
 * inner destination that needs it, with the tunnel's MTU, so that the kernel answers or fragments.
 * It is forgotten after ten minutes, when the path may have become wider (RFC 1191 §6.3).
 */

import { type Ipv4, networkOf, type Prefix, prefixContains } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import {
  MAIN_TABLE,
  type Marks,
  objectKey,
  planeMarks,
  type RouteObject,
} from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";

const LIFETIME_MS = 600_000;
const MAX_ROUTES = 1024;
/** Above the route that a binding has anyway. */
const PRECEDENCE = 1;

export class PathMtuRoutes {
  readonly #marks: Marks;
  readonly #objects: ObjectSet;
  readonly #counters: Counters;
  readonly #onChange: () => void;
  readonly #routes = new Map<
    string,
    { readonly route: RouteObject; readonly plane: number; readonly timer: NodeJS.Timeout }
  >();

  constructor(marks: Marks, objects: ObjectSet, counters: Counters, onChange: () => void) {
    this.#marks = marks;
    this.#objects = objects;
    this.#counters = counters;
    this.#onChange = onChange;
  }

  narrow(destination: Ipv4, mtu: number, plane: number): void {
    const key = keyOf(destination, plane);
    if (this.#routes.get(key)?.route.mtu === mtu) return;
    if (this.#routes.size >= MAX_ROUTES && !this.#routes.has(key)) {
      this.#counters.add("tunnel-path-mtu-full");
      return;
    }
    this.#drop(key);
    const { anchor, table } = planeMarks(this.#marks.table, plane);
    const whole: RouteObject = {
      kind: "route",
      table,
      destination: { address: destination, length: 32 },
      device: anchor,
      scope: "link",
    };
    // What the usual route depends on this one must not outlive.
    const route = { ...(this.#usual(whole) ?? whole), destination: whole.destination };
    const narrow: RouteObject = { ...route, mtu, precedence: PRECEDENCE };
    const timer = setTimeout(() => this.forget(destination, plane), LIFETIME_MS).unref();
    this.#objects.hold([narrow]);
    this.#routes.set(key, { route: narrow, plane, timer });
    this.#onChange();
  }

  /** The route that holds without this one: to the destination or to the network it is in. */
  #usual(route: RouteObject): RouteObject | undefined {
    for (let length = 32; length > 0; length--) {
      const destination = networkOf({ ...route.destination, length });
      for (const table of [route.table, MAIN_TABLE]) {
        const usual = this.#objects.get(objectKey({ ...route, table, destination }));
        if (usual?.kind === "route" && usual.device === route.device) return usual;
      }
    }
    return undefined;
  }

  /** Forgets what lies in a prefix and is no longer reached by a tunnel of plane 0. */
  forgetWithin(prefix: Prefix, isTunnelled: (destination: Ipv4) => boolean): void {
    for (const { route, plane } of [...this.#routes.values()]) {
      const { address } = route.destination;
      const isGone = plane === 0 && prefixContains(prefix, address) && !isTunnelled(address);
      if (isGone) this.forget(address);
    }
  }

  /** The destination is no longer reached by a tunnel, or its time is over. */
  forget(destination: Ipv4, plane = 0): void {
    if (this.#drop(keyOf(destination, plane))) this.#onChange();
  }

  clear(): void {
    for (const key of [...this.#routes.keys()]) this.#drop(key);
  }

  #drop(key: string): boolean {
    const known = this.#routes.get(key);
    if (known === undefined) return false;
    clearTimeout(known.timer);
    this.#objects.release([known.route]);
    return this.#routes.delete(key);
  }
}

function keyOf(destination: Ipv4, plane: number): string {
  return `${plane} ${destination}`;
}
