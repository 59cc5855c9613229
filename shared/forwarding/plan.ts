/**
 * The smallest ordered list of operations from what the kernel has to what it should have. Adding
 * comes before removing, so nothing that both states need is ever missing in between.
 */

import { isSameObject, type KernelObject, objectKey } from "./kernel-objects.ts";

export interface Operation {
  readonly action: "add" | "replace" | "remove";
  readonly object: KernelObject;
}

/** With the key of the object as it was given, so that no text of its own is kept beside it. */
export interface Planned extends Operation {
  readonly key: string;
}

/**
 * Order of making; removing goes backwards. `ip_forward` comes first because writing it resets the
 * forwarding setting of every interface; a rule comes last, when the table it points to is full.
 */
export function rankOf(object: KernelObject): number {
  switch (object.kind) {
    case "sysctl":
      return object.path === "net/ipv4/ip_forward" ? 0 : 1;
    case "address":
      return 2;
    case "exclusive-address":
      // When the anchor has it already, so that no socket ever loses its address.
      return 3;
    case "neighbor":
      return 4;
    case "route":
      // A route through a gateway or with a source address may need the others first.
      return object.gateway === undefined ? 5 : 6;
    case "proxy-neighbor":
      return 7;
    case "visitor":
    case "passage":
      return 8;
    case "rule":
      return 9;
  }
}

function byRank(a: Operation, b: Operation): number {
  return rankOf(a.object) - rankOf(b.object);
}

/** The plan for one key: nothing when it is there as it should be. */
function operationFor(
  key: string,
  current: KernelObject | undefined,
  desired: KernelObject | undefined,
): Planned | undefined {
  if (desired === undefined) {
    return current === undefined ? undefined : { action: "remove", object: current, key };
  }
  if (current === undefined) return { action: "add", object: desired, key };
  return isSameObject(current, desired) ? undefined : { action: "replace", object: desired, key };
}

function ordered(operations: readonly Planned[]): Planned[] {
  const making = operations.filter((operation) => operation.action !== "remove");
  const removing = operations.filter((operation) => operation.action === "remove");
  return [...making.sort(byRank), ...removing.reverse().sort((a, b) => byRank(b, a))];
}

/** Plans for some keys only; everything else stays as it is. */
export function planKeys(
  keys: Iterable<string>,
  current: ReadonlyMap<string, KernelObject>,
  desired: { get(key: string): KernelObject | undefined },
): Planned[] {
  const operations: Planned[] = [];
  for (const key of keys) {
    const operation = operationFor(key, current.get(key), desired.get(key));
    if (operation !== undefined) operations.push(operation);
  }
  return ordered(operations);
}

export function plan(
  current: Iterable<KernelObject>,
  desired: Iterable<KernelObject>,
): Operation[] {
  const before = new Map([...current].map((object) => [objectKey(object), object]));
  const after = new Map([...desired].map((object) => [objectKey(object), object]));
  return planKeys(new Set([...before.keys(), ...after.keys()]), before, after);
}
