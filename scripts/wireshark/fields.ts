/** The fields of a table as calls of the engine's constructors. */

import type { Field } from "../../shared/wire/field.ts";
import { type Slot, snakeCase } from "../../shared/wire/layout.ts";
import { luaString } from "./lua.ts";
import type { Meanings } from "./meanings.ts";

/** One line a field; `table` is the name of the message or extension. */
export function luaFields(
  slots: readonly Slot[],
  table: string,
  meanings: Meanings,
): readonly string[] {
  return slots.map((slot) => `  ${slotText(slot, `${table}.${slot.jsonName}`, meanings)},`);
}

function slotText({ jsonName, field, shared }: Slot, user: string, meanings: Meanings): string {
  const name = luaString(jsonName);
  if (shared === undefined) return fieldText(name, field, user, meanings);
  const { shows, bits = 0 } = field;
  const place = `${name}, ${shared.octets}, ${shared.shift}`;
  if (shows.kind !== "flags") return `bits(${place}, ${bits}${meaningText(field, user, meanings)})`;
  const letters = shows.letters.map((letter) => letter ?? "-").join(" ");
  return `flags(${place}, ${luaString(letters)})`;
}

function fieldText(name: string, field: Field<unknown>, user: string, meanings: Meanings): string {
  const { shows, size, least, needs = [] } = field;
  const needed = needs.map((need) => luaString(snakeCase(need))).join(", ");
  switch (shows.kind) {
    case "number":
      if (field.constant !== undefined) return `constant(${name}, ${size}, ${field.constant})`;
      return `number(${name}, ${size}${meaningText(field, user, meanings)})`;
    case "address":
      return `address(${name})`;
    case "octets":
      return size === undefined ? `rest(${name}, ${least})` : `octets(${name}, ${size})`;
    case "text":
      return `text(${name}, ${least})`;
    case "list": {
      const item = fieldText(name, shows.item, user, meanings);
      return needed === "" ? `list(${item}, ${least})` : `counted(${item}, ${needed})`;
    }
    case "optional": {
      const item = fieldText(name, shows.of, user, meanings);
      return `optional(${item}, ${needed}, { ${conditionBits(field).join(", ")} })`;
    }
    case "router-addresses":
      return `router_addresses(${name}, ${needed})`;
    case "route-records":
      return `route_records(${name}, ${least})`;
    default:
      throw new Error(`no Lua for a field of kind ${(shows as { kind: string }).kind}`);
  }
}

function meaningText({ names }: Field<unknown>, user: string, meanings: Meanings): string {
  if (names === undefined || Object.keys(names).length === 0) return "";
  return `, ${meanings.reference(names, user)}`;
}

const NO_OCTETS = new Uint8Array();
const ROOM = 1 << 16;

/** The bits any of which makes an optional field stand there, found by asking it. */
function conditionBits({ measure }: Field<unknown>): readonly number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter(
    (value) => (measure?.(NO_OCTETS, 0, ROOM, value) ?? 0) > 0,
  );
}
