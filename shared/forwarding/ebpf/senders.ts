/**
 * Fast mode: the visitors whose packets the programs take as they come by a link, each by link,
 * link-layer address and home address, as the nft table has them.
 */

import { type Ipv4, toIpv4 } from "../../base/address.ts";
import type { BpfMap } from "../../linux/bpf/map.ts";
import { readU32 } from "../../wire/field.ts";
import type { Sender } from "../tunnel-table.ts";
import { number, textOf, visitorKey } from "./layout.ts";

interface Declared {
  readonly sender: Sender;
  count: number;
}

export class Senders {
  readonly #map: BpfMap;
  readonly #declared = new Map<Ipv4, Map<string, Declared>>();
  /** Keys in the map by home address, those of an earlier run among them. */
  readonly #kept = new Map<Ipv4, Map<string, Uint8Array>>();
  readonly #changed = new Set<Ipv4>();
  #links: ReadonlyMap<string, number> = new Map();

  constructor(map: BpfMap) {
    this.#map = map;
    for (const [key] of map.entries()) {
      const address = toIpv4(readU32(key, 0));
      const known = this.#kept.get(address) ?? new Map<string, Uint8Array>();
      this.#kept.set(address, known.set(textOf(key), key));
    }
  }

  /** A visitor has come, or gone. */
  changed(address: Ipv4, sender: Sender, by: 1 | -1): void {
    const declared = this.#declared.get(address) ?? new Map<string, Declared>();
    this.#declared.set(address, declared);
    const name = `${sender.device} ${sender.mac}`;
    const one = declared.get(name) ?? { sender, count: 0 };
    one.count += by;
    if (one.count > 0) declared.set(name, one);
    else declared.delete(name);
    if (declared.size === 0) this.#declared.delete(address);
    this.#changed.add(address);
  }

  /** Its tunnel may be another one now, or none. */
  addressChanged(address: Ipv4): void {
    if (this.#declared.has(address)) this.#changed.add(address);
  }

  /** Interface numbers by name. */
  setLinks(links: ReadonlyMap<string, number>): void {
    this.#links = links;
    for (const address of this.#declared.keys()) this.#changed.add(address);
  }

  /** What an earlier run left and nobody has asked for goes with the next `stage`. */
  settle(): void {
    for (const address of this.#kept.keys()) this.#changed.add(address);
  }

  /** Stages what changed; `tunnelOf` gives the number of a visitor's tunnel, if it has one there. */
  stage(tunnelOf: (address: Ipv4) => number | undefined): void {
    for (const address of this.#changed) this.#stageAddress(address, tunnelOf(address));
    this.#changed.clear();
  }

  #stageAddress(address: Ipv4, tunnel: number | undefined): void {
    const wanted = new Map<string, Uint8Array>();
    const declared = tunnel === undefined ? undefined : this.#declared.get(address);
    for (const { sender } of declared?.values() ?? []) {
      const link = this.#links.get(sender.device);
      if (link === undefined) continue;
      const key = visitorKey(address, link, sender);
      wanted.set(textOf(key), key);
      this.#map.stage(key, number(tunnel ?? 0));
    }
    for (const [text, key] of this.#kept.get(address) ?? []) {
      if (!wanted.has(text)) this.#map.stage(key, undefined);
    }
    if (wanted.size > 0) this.#kept.set(address, wanted);
    else this.#kept.delete(address);
  }
}
