/**
 * The declared state as the driver holds it: each item with what it means in tunnel entries, wanted
 * kernel objects and sockets. Another state is taken up at once, before anything is awaited.
 */

import { type Carriers, isDevice } from "../carriers.ts";
import type { DriverEvents } from "../driver.ts";
import type { Mirror } from "../ebpf/mirror.ts";
import type { ObjectSet } from "../object-set.ts";
import { changedKeys } from "../persistent-map.ts";
import { realize } from "../realize.ts";
import type { RealizeConfig, Realized } from "../realized.ts";
import {
  type ForwardingItem,
  type ForwardingState,
  type HandoverItem,
  NO_FORWARDING,
  type OutgoingItem,
} from "../state.ts";
import { prefixOf, type TunnelEntry, type TunnelTable } from "../tunnel-table.ts";
import type { DataPath } from "./data-path.ts";
import type { Echoes } from "./echoes.ts";
import type { PathMtuRoutes } from "./path-mtu-routes.ts";
import type { Planes } from "./planes.ts";
import { endsOf } from "./tunnel-rows.ts";

export interface DeclaredItemsParts {
  readonly report: DriverEvents["report"];
  readonly config: () => RealizeConfig;
  readonly objects: ObjectSet;
  readonly table: TunnelTable;
  readonly planes: Planes;
  readonly carriers: Carriers;
  readonly echoes: Echoes;
  readonly pathMtu: PathMtuRoutes;
  readonly dataPath: () => DataPath | undefined;
  readonly mirror: () => Mirror | undefined;
}

/** Does the daemon keep packets to or from its address? */
function isHeld(item: ForwardingItem | undefined): item is HandoverItem | OutgoingItem {
  return item?.kind === "handover" || item?.kind === "outgoing";
}

const NOTHING: Realized = { objects: [], tunnels: [], deliveries: [] };

export class DeclaredItems {
  readonly #parts: DeclaredItemsParts;
  #state: ForwardingState = NO_FORWARDING;
  #isSwapping = false;

  constructor(parts: DeclaredItemsParts) {
    this.#parts = parts;
  }

  /**
   * Another state; what changed costs, no more. What this reports may lead back here: that changes
   * nothing.
   */
  swap(state: ForwardingState): void {
    if (this.#isSwapping) return;
    this.#isSwapping = true;
    const { planes, carriers, echoes } = this.#parts;
    const dataPath = this.#parts.dataPath();
    const mirror = this.#parts.mirror();
    const removed: TunnelEntry[] = [];
    for (const key of changedKeys(this.#state, state)) {
      const before = this.#state.get(key);
      const now = state.get(key);
      planes.swap(key, before, now);
      const left = this.#realize(key, before);
      carriers.swap(key, now);
      this.#exchange(this.#realize(key, now), left, removed);
      if (now === undefined || planes.aliasOf(key, now) === undefined) planes.forgetAlias(key);
      echoes.set(key, now);
      dataPath?.waiting.set(key, now);
      if (isHeld(before)) mirror?.addressChanged(before.address);
      if (isHeld(now)) mirror?.addressChanged(now.address);
    }
    this.#state = state;
    // At last, so that a tunnel which another key keeps does not end and begin again.
    this.#removeEntries(removed);
    this.turn();
    echoes.run();
    mirror?.flush();
    this.#isSwapping = false;
  }

  /** Items whose carrier is another one now. */
  turn(): void {
    this.#parts.carriers.settle((key, turn) => {
      const item = this.#state.get(key);
      const left = this.#realize(key, item);
      turn();
      const removed: TunnelEntry[] = [];
      this.#exchange(this.#realize(key, item), left, removed);
      this.#removeEntries(removed);
    });
  }

  #realize(key: string, item: ForwardingItem | undefined): Realized {
    const { config, planes, carriers } = this.#parts;
    if (item === undefined) return NOTHING;
    const choice = carriers.choiceOf(key);
    return realize(item, config(), {
      alias: planes.aliasOf(key, item),
      device: isDevice(choice) ? choice : undefined,
    });
  }

  /** `removed` takes the entries that are to be removed. */
  #exchange(made: Realized, left: Realized, removed: TunnelEntry[]): void {
    const { objects } = this.#parts;
    const dataPath = this.#parts.dataPath();
    // Holding before releasing: what both have never seems to be gone.
    objects.hold(made.objects);
    objects.release(left.objects);
    this.#addEntries(made.tunnels);
    removed.push(...left.tunnels);
    for (const delivery of left.deliveries) dataPath?.deliveries.remove(delivery);
    for (const delivery of made.deliveries) dataPath?.deliveries.add(delivery);
    if (left.listener !== undefined) dataPath?.homeGroups.remove(left.listener);
    if (made.listener !== undefined) dataPath?.homeGroups.add(made.listener);
    if (left.listener === undefined && made.listener === undefined) return;
    for (const listener of [left.listener, made.listener]) {
      if (listener !== undefined) this.#parts.mirror()?.addressChanged(listener.homeAddress);
    }
  }

  #addEntries(entries: readonly TunnelEntry[]): void {
    const { report, table } = this.#parts;
    const mirror = this.#parts.mirror();
    for (const entry of entries) {
      const tunnel = table.add(entry);
      mirror?.changed(entry, 1);
      if (tunnel !== undefined) report("tunnel-up", endsOf(tunnel));
    }
  }

  #removeEntries(entries: readonly TunnelEntry[]): void {
    const { report, table, pathMtu } = this.#parts;
    const mirror = this.#parts.mirror();
    for (const entry of entries) {
      const tunnel = table.remove(entry);
      mirror?.changed(entry, -1);
      if (tunnel !== undefined) mirror?.tunnelGone(tunnel);
      if (tunnel !== undefined) report("tunnel-down", endsOf(tunnel));
      // RFC 5944 §4.2.3: without a binding nothing is intercepted, narrow path or not.
      const isOut = entry.direction === "out" && entry.match === "destination";
      if (!isOut) continue;
      pathMtu.forgetWithin(prefixOf(entry), (address) => table.hasOut(address));
    }
  }
}
