/** The mobile networks of a binding: what the journal keeps of them, and which are given out. */

import { formatPrefix, type Prefix, parsePrefix } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";

/** A mobile network that is forwarded to the node of a binding (RFC 5177 §6.2.1). */
export interface BoundNetwork {
  readonly prefix: Prefix;
  /** It is from a pool, and goes back there with the binding (RFC 6626 §3.2). */
  readonly isAllocated: boolean;
}

/** The prefixes that bindings have from the pools; several bindings of one node share theirs. */
export class AllocatedNetworks {
  readonly #counts = new Map<string, number>();

  has(prefix: Prefix): boolean {
    return this.#counts.has(formatPrefix(prefix));
  }

  swap(before: readonly BoundNetwork[], after: readonly BoundNetwork[]): void {
    this.#count(after, 1);
    this.#count(before, -1);
  }

  #count(networks: readonly BoundNetwork[], by: number): void {
    for (const { prefix, isAllocated } of networks) {
      if (!isAllocated) continue;
      const key = formatPrefix(prefix);
      const count = (this.#counts.get(key) ?? 0) + by;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    }
  }
}

const KEYS = [
  ["networks", false],
  ["allocated_networks", true],
] as const;

/** In a journal record; nothing for a binding that has none. */
export function networkRecord(networks: readonly BoundNetwork[]): JsonObject {
  const entries = KEYS.map(([key, isAllocated]) => {
    const own = networks.filter((network) => network.isAllocated === isAllocated);
    return [key, own.map(({ prefix }) => formatPrefix(prefix))] as const;
  });
  return Object.fromEntries(entries.filter(([, prefixes]) => prefixes.length > 0));
}

const NONE: readonly BoundNetwork[] = [];

export function restoreNetworks(record: JsonObject): readonly BoundNetwork[] {
  if (KEYS.every(([key]) => record[key] === undefined)) return NONE;
  return KEYS.flatMap(([key, isAllocated]) => prefixesIn(record[key], isAllocated));
}

function prefixesIn(value: Json | undefined, isAllocated: boolean): BoundNetwork[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((text) => {
    const prefix = parsePrefix(String(text));
    return prefix === undefined ? [] : [{ prefix, isAllocated }];
  });
}
