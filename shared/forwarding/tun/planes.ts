/**
 * Planes of visitors beside plane 0 (RFC 3024 Appendix A: two visitors of different home agents
 * with one private home address). Each has a TUN device and tables of its own while it has a
 * visitor; the tunnels are shared.
 */

import { type Ipv4, toIpv4 } from "../../base/address.ts";
import { assert } from "../../base/result.ts";
import type { KernelNetwork } from "../../linux/kernel-network.ts";
import type { PacketIo, TunDevice } from "../../linux/packet-io.ts";
import { MAX_PLANE, type Marks, planeMarks, planeOfDevice } from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";
import { realizePlane } from "../realize.ts";
import type { RealizeConfig } from "../realized.ts";
import type { ForwardingItem } from "../state.ts";
import type { DataPath } from "./data-path.ts";

export interface PlanesParts {
  readonly io: PacketIo;
  readonly network: Pick<KernelNetwork, "deleteLink" | "devices">;
  readonly marks: Marks;
  readonly objects: ObjectSet;
  /** It stays the same while there are planes. */
  readonly config: () => RealizeConfig;
}

/** 169.254.0.0/16 without its first and last 256 addresses (RFC 3927 §2.1). */
const FIRST_ALIAS = 0xa9fe0100;
const LAST_ALIAS = 0xa9fefeff;

const NEEDS_NFT = "visitors with one home address cannot be told apart: there is no nft";

/** The plane of an item, if it is a visitor of another one than 0. */
function planeOf(item: ForwardingItem | undefined): number {
  return item?.kind === "visitor" ? item.plane : 0;
}

export class Planes {
  readonly #parts: PlanesParts;
  readonly #visitors = new Map<number, number>();
  readonly #open = new Map<number, TunDevice>();
  readonly #aliases = new Map<string, Ipv4>();
  readonly #taken = new Set<Ipv4>();
  #nextAlias = FIRST_ALIAS;

  constructor(parts: PlanesParts) {
    this.#parts = parts;
  }

  /** Names of the devices that are open. */
  devices(): readonly string[] {
    return [...this.#open.keys()].map((plane) => this.#deviceOf(plane));
  }

  /** Another item is declared under this key: its plane comes before the other's goes. */
  swap(key: string, before: ForwardingItem | undefined, now: ForwardingItem | undefined): void {
    const [from, to] = [planeOf(before), planeOf(now)];
    if (to !== 0) this.#hold(to);
    if (from !== 0) this.#release(from);
    const alias = this.#aliases.get(key);
    if (to !== 0 && alias === undefined) this.#aliases.set(key, this.#newAlias());
  }

  /** The next hop by which the visitor of this key is reached; `undefined` in plane 0. */
  aliasOf(key: string, item: ForwardingItem): Ipv4 | undefined {
    return planeOf(item) === 0 ? undefined : this.#aliases.get(key);
  }

  /** The item of this key is of plane 0 now, or has gone. */
  forgetAlias(key: string): void {
    const alias = this.#aliases.get(key);
    if (alias !== undefined) this.#taken.delete(alias);
    this.#aliases.delete(key);
  }

  /** Opens the devices of new planes; what cannot be opened is tried again at the next call. */
  open(mtu: number, dataPath: DataPath | undefined): string[] {
    const failures: string[] = [];
    if (this.#visitors.size > 0 && !this.#parts.config().hasNft) failures.push(NEEDS_NFT);
    for (const plane of this.#visitors.keys()) {
      if (this.#open.has(plane) || dataPath === undefined) continue;
      try {
        const tun = this.#parts.io.openTun({ name: this.#deviceOf(plane), mtu });
        this.#open.set(plane, tun);
        dataPath.addPlane(plane, tun);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    return failures;
  }

  /** Removes the devices of planes that have no visitor any more, when nothing uses them. */
  async close(dataPath: DataPath | undefined): Promise<void> {
    for (const [plane, tun] of [...this.#open]) {
      if (this.#visitors.has(plane)) continue;
      dataPath?.removePlane(plane);
      tun.close();
      this.#open.delete(plane);
      await this.#parts.network.deleteLink(this.#deviceOf(plane));
    }
  }

  /** Removes the devices that an earlier run left and that no visitor wants. */
  async removeLeftovers(): Promise<void> {
    const { network, marks } = this.#parts;
    for (const device of await network.devices()) {
      const plane = planeOfDevice(marks, device) ?? 0;
      if (plane !== 0 && !this.#visitors.has(plane)) await network.deleteLink(device);
    }
  }

  #deviceOf(plane: number): string {
    return planeMarks(this.#parts.marks.table, plane).anchor;
  }

  #hold(plane: number): void {
    assert(Number.isInteger(plane) && plane > 0 && plane <= MAX_PLANE, `no plane ${plane}`);
    const count = this.#visitors.get(plane) ?? 0;
    const { objects, config } = this.#parts;
    if (count === 0) objects.hold(realizePlane(config(), plane));
    this.#visitors.set(plane, count + 1);
  }

  #release(plane: number): void {
    const left = (this.#visitors.get(plane) ?? 1) - 1;
    if (left > 0) {
      this.#visitors.set(plane, left);
      return;
    }
    const { objects, config } = this.#parts;
    this.#visitors.delete(plane);
    objects.release(realizePlane(config(), plane));
  }

  #newAlias(): Ipv4 {
    assert(this.#taken.size <= LAST_ALIAS - FIRST_ALIAS, "there are fewer visitors than aliases");
    while (this.#taken.has(toIpv4(this.#nextAlias))) this.#advance();
    const alias = toIpv4(this.#nextAlias);
    this.#taken.add(alias);
    this.#advance();
    return alias;
  }

  /** Round and round, so that an address rests before another visitor gets it. */
  #advance(): void {
    this.#nextAlias = this.#nextAlias === LAST_ALIAS ? FIRST_ALIAS : this.#nextAlias + 1;
  }
}
