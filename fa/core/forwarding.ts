/** What the machine is to forward for a visitor, and whether that is what it does already. */

import { type ForwardingItem, formOf } from "../../shared/forwarding/state.ts";
import type { Visitor } from "./visitors.ts";

export function forwardingOf(visitor: Visitor): ForwardingItem {
  return {
    kind: "visitor",
    homeAddress: visitor.homeAddress,
    interface: visitor.interface,
    mac: visitor.mac,
    homeAgent: visitor.homeAgent,
    careOfAddress: visitor.careOfAddress,
    reverse: visitor.reverse,
    delivery: visitor.delivery,
    plane: visitor.plane,
    keepalive: visitor.keepalive,
    ...formOf(visitor),
  };
}

/** Items are plain values: the same fields with the same content say the same. */
export function isSameItem(a: ForwardingItem | undefined, b: ForwardingItem | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && isSameValue(a, b));
}

function isSameValue(a: object, b: object): boolean {
  const [before, after] = [Object.entries(a), Object.entries(b)];
  const values: { readonly [key: string]: unknown } = { ...b };
  return (
    before.length === after.length &&
    before.every(([key, value]) => {
      const other = values[key];
      const areObjects = typeof value === "object" && typeof other === "object";
      return value === other || (areObjects && isSameValue(value ?? {}, other ?? {}));
    })
  );
}
