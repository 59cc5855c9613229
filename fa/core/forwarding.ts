/** Whether what the machine is to forward is what it does already. */

import type { ForwardingItem } from "../../shared/forwarding/state.ts";

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
