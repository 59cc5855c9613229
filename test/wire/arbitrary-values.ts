/** Values of fields and layouts, made from the tables: everything that may stand there. */

import type { Field, Needed } from "../../shared/wire/field.ts";
import type { CompiledLayout, Slot, Values } from "../../shared/wire/layout.ts";
import { makeRouteRecords, makeRouterAddresses } from "./arbitrary-lists.ts";
import { makeText } from "./arbitrary-text.ts";

/** Where choices come from: a seeded generator, or a tape that fast-check shrinks. */
export interface Choices {
  /** 0 to `count` - 1; 0 is the plainest choice. `count` is at most 2 ** 32. */
  below(count: number): number;
}

/** The choices of a tape; behind its end always the plainest. */
export function choicesOf(tape: readonly number[]): Choices {
  let at = 0;
  return { below: (count) => (tape[at++] ?? 0) % count };
}

/** One of several, the first being the plainest. */
export function pick<T>(choices: Choices, list: readonly T[]): T {
  return list[choices.below(list.length)] as T;
}

/** Octets that a variable field may take, and what the whole must be a multiple of. */
interface Room {
  /** Octets that stand before the field. */
  readonly before: number;
  /** Most octets of the field. */
  readonly most: number;
  readonly unit: number;
}

const NOTHING = new Uint8Array();
const FAR = 2 ** 40;
const COMMON = 40;

/** Octets, sometimes the fewest, sometimes the most, rarely more than a few. */
function makeSize(choices: Choices, least: number, most: number): number {
  if (most <= least) return least;
  switch (choices.below(16)) {
    case 0:
      return least;
    case 1:
      return most <= 255 || choices.below(16) === 1 ? most : 255;
    case 2:
      return least + choices.below(Math.min(most, 600) - least + 1);
    default:
      return least + choices.below(Math.min(most - least, COMMON) + 1);
  }
}

export function makeOctets(choices: Choices, size: number): Uint8Array {
  const octets = new Uint8Array(size);
  // Beyond a few, which octets they are tells nothing more.
  const tail = choices.below(256);
  for (let i = 0; i < size; i++) octets[i] = i < COMMON ? choices.below(256) : tail ^ (i & 0xff);
  return octets;
}

function makeNumber(choices: Choices, { bits, size, names }: Field<unknown>): number | bigint {
  const width = bits ?? (size ?? 0) * 8;
  if (width === 64) {
    return (BigInt(choices.below(2 ** 32)) << 32n) | BigInt(choices.below(2 ** 32));
  }
  const most = 2 ** width - 1;
  const meant = names === undefined ? [] : Object.keys(names).map(Number);
  switch (choices.below(6)) {
    case 0:
      return 0;
    case 1:
      return most;
    case 2:
    case 3:
      return meant.length > 0 ? Math.min(most, pick(choices, meant)) : choices.below(most + 1);
    default:
      return choices.below(most + 1);
  }
}

/** The value of a field; `needed` is what it depends on, `undefined` what follows from it. */
function makeField(
  choices: Choices,
  field: Field<unknown>,
  room: Room,
  needed: readonly (number | undefined)[],
): unknown {
  const { shows } = field;
  const known = needed.every((each) => each !== undefined) ? (needed as Needed) : undefined;
  const size = sizeOf(choices, field, room, known);
  switch (shows.kind) {
    case "number":
    case "flags":
      return makeNumber(choices, field);
    case "address":
      return choices.below(2 ** 32);
    case "octets":
      return makeOctets(choices, size);
    case "text":
      return makeText(choices, size, field.least);
    case "list": {
      const count = Math.min(255, Math.floor(size / (shows.item.size ?? 1)));
      return Array.from({ length: count }, () => makeField(choices, shows.item, room, []));
    }
    case "optional":
      return size === 0 ? undefined : makeField(choices, shows.of, room, []);
    case "router-addresses":
      return makeRouterAddresses(choices, needed[1] ?? 2);
    case "route-records":
      return makeRouteRecords(choices, size);
  }
}

function sizeOf(
  choices: Choices,
  field: Field<unknown>,
  { before, most, unit }: Room,
  needed: Needed | undefined,
): number {
  if (field.size !== undefined || field.bits !== undefined) return field.size ?? 0;
  if (field.needs !== undefined && needed !== undefined) {
    return Math.max(0, field.measure?.(NOTHING, 0, FAR, ...needed) ?? 0);
  }
  const size = makeSize(choices, field.least, Math.min(most, field.most));
  const beyond = (before + size) % unit;
  if (beyond === 0) return size;
  return size - beyond >= field.least ? size - beyond : size - beyond + unit;
}

/** The sizes of entries that RFC 1256 §3 and its successors would have, in words. */
const ENTRY_WORDS = [2, 3, 4, 5];

function isEntrySize(slots: readonly Slot[], name: string): boolean {
  return slots.some(
    ({ field }) => field.shows.kind === "router-addresses" && field.needs?.[1] === name,
  );
}

/**
 * The values of a layout that takes at most `most` octets, a multiple of `unit`. `fixed` names
 * values that are chosen already.
 */
export function makeValues(
  choices: Choices,
  layout: CompiledLayout,
  most: number,
  unit: number,
  fixed: Values = {},
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let before = layout.prefix;
  let spare = most - layout.least;
  for (const { name, field, offset } of layout.slots) {
    if (field.derived) continue;
    const needed = (field.needs ?? []).map((need) => {
      const value = values[need];
      return typeof value === "number" ? value : undefined;
    });
    const room = { before, most: field.least + spare, unit };
    if (name in fixed) values[name] = fixed[name];
    else if (isEntrySize(layout.slots, name)) values[name] = pick(choices, ENTRY_WORDS);
    else values[name] = makeField(choices, field, room, needed);
    const isFixed = offset !== undefined && (field.size !== undefined || field.bits !== undefined);
    if (isFixed) continue;
    const taken = field.length(values[name]);
    before += taken;
    spare -= taken - field.least;
  }
  return values;
}
