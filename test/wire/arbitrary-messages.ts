/** Extensions and messages, made from the tables of a space. */

import {
  type AnyExtension,
  type CompiledExtension,
  type ExtensionSpace,
  extensionLength,
  IGNORED_OCTETS,
  writeExtension,
} from "../../shared/wire/extension.ts";
import type { CompiledLayout, Slot } from "../../shared/wire/layout.ts";
import {
  type AnyMessage,
  type CompiledMessage,
  encodeMessage,
  type MessageSpace,
} from "../../shared/wire/message.ts";
import { type Choices, makeOctets, makeValues, pick } from "./arbitrary-values.ts";

/** Octets of the largest UDP datagram's payload (RFC 768, RFC 791). */
const LARGEST = 65507;

const LONGEST_HEADER = 4;

const TYPES = Array.from({ length: 256 }, (_, type) => type);

/** Types of no table that may be stepped over. */
export function unknownTypes({ byType, skips }: ExtensionSpace): readonly number[] {
  return TYPES.filter((type) => byType[type] === undefined && skips(type));
}

/** Types of no table that spoil a message. */
export function mandatoryTypes({ byType, skips }: ExtensionSpace): readonly number[] {
  return TYPES.filter((type) => byType[type] === undefined && !skips(type));
}

/** Every table of a space, and the one for unknown types where there are such. */
export function extensionKinds(space: ExtensionSpace): readonly CompiledExtension[] {
  const known = [...space.byName.values()].filter(({ table }) => table.type >= 0);
  return unknownTypes(space).length > 0 ? [...known, space.unknown] : known;
}

export function messageKinds(space: MessageSpace): readonly CompiledMessage[] {
  return [...space.byName.values()];
}

/** Most octets of an extension, header included. */
export function mostOctets({ table, rule, layout }: CompiledExtension): number {
  if (table.onlyLength !== undefined) return rule.uncounted + table.onlyLength * rule.unit;
  if (rule.octets === 0) return layout.least;
  return rule.uncounted + (2 ** (8 * rule.octets) - 1) * rule.unit;
}

/** Times that something may come out as what it must not be. */
const TRIES = 20;

export function makeExtension(
  choices: Choices,
  space: ExtensionSpace,
  kind: CompiledExtension,
): AnyExtension {
  const { layout, rule, table } = kind;
  for (let tries = 0; tries < TRIES; tries++) {
    const fixed = kind === space.unknown ? { type: pick(choices, unknownTypes(space)) } : {};
    const numbers = { ...fixed, ...apart(choices, space.byType[table.type], kind) };
    const values = makeValues(choices, layout, mostOctets(kind), rule.unit, numbers);
    const extension = { name: table.name, ...values };
    if (!mayBeMisprint(space, kind, extension)) return extension;
  }
  throw new Error(`no ${table.name} that is not taken for another form`);
}

/** Can it be taken for a form that was printed by mistake, with what may stand behind it? */
function mayBeMisprint(
  space: ExtensionSpace,
  kind: CompiledExtension,
  extension: AnyExtension,
): boolean {
  const tables = space.byType[kind.table.type] ?? [];
  const printed = tables.filter(({ table }) => table.onlyLength !== undefined);
  if (printed.length === 0 || printed.includes(kind)) return false;
  const bytes = new Uint8Array(extensionLength(space, extension) + LONGEST_HEADER);
  writeExtension(space, extension, bytes, 0);
  return printed.some((each) => each.claims(bytes, 0));
}

/**
 * Numbers for a table that takes any sub-type or vendor, so that none of the particular tables in
 * front of it claims the octets.
 */
function apart<K extends Kind>(
  choices: Choices,
  tables: readonly K[] = [],
  kind: K,
): Record<string, number> {
  const earlier = tables.slice(0, Math.max(0, tables.indexOf(kind)));
  const telling = kind.layout.slots
    .map((slot) => ({ slot, taken: constantsAt(earlier, slot) }))
    .filter(({ slot, taken }) => isFreeNumber(slot) && taken.length > 0);
  if (telling.length === 0) return {};
  const different = choices.below(telling.length);
  return Object.fromEntries(
    telling.slice(0, different + 1).map(({ slot, taken }, i) => {
      if (i < different) return [slot.name, pick(choices, taken)];
      return [slot.name, otherNumber(choices, slot, taken)];
    }),
  );
}

const isFreeNumber = ({ field: { shows, derived, size } }: Slot): boolean =>
  shows.kind === "number" && derived !== true && size !== undefined;

interface Kind {
  readonly layout: CompiledLayout;
}

function constantsAt(kinds: readonly Kind[], { offset }: Slot): number[] {
  return kinds.flatMap(({ layout }) =>
    layout.slots.flatMap(({ field, offset: other }) =>
      offset !== undefined && other === offset && field.constant !== undefined
        ? [field.constant]
        : [],
    ),
  );
}

function otherNumber(choices: Choices, { field }: Slot, taken: readonly number[]): number {
  const range = 2 ** (8 * (field.size ?? 1));
  let number = choices.below(range);
  while (taken.includes(number)) number = (number + 1) % range;
  return number;
}

function makeExtensions(choices: Choices, space: ExtensionSpace): AnyExtension[] {
  const kinds = extensionKinds(space);
  if (kinds.length === 0) return [];
  return Array.from({ length: choices.below(6) }, () =>
    makeExtension(choices, space, pick(choices, kinds)),
  );
}

/** Octets that no table of the space begins with. */
function ignoredRest(choices: Choices, space: ExtensionSpace): AnyExtension {
  const data = makeOctets(choices, 1 + choices.below(20));
  data[0] = pick(choices, mandatoryTypes(space));
  return { name: IGNORED_OCTETS, data } as AnyExtension;
}

/** A message that its table's check accepts. */
export function makeMessage(
  choices: Choices,
  space: MessageSpace,
  kind: CompiledMessage,
  first: readonly AnyExtension[] = [],
): AnyMessage {
  const { table, layout } = kind;
  const extensions = [...first];
  if (table.extensions !== undefined) {
    extensions.push(...makeExtensions(choices, table.extensions));
    if (table.ignoresRest === true && choices.below(4) === 1) {
      extensions.push(ignoredRest(choices, table.extensions));
    }
  }
  const values = makeValues(
    choices,
    layout,
    LARGEST,
    1,
    apart(choices, space.byType[table.type], kind),
  );
  let message = { name: table.name, ...values, extensions };
  // What the check complains about becomes the plainest that it may be.
  for (let tries = 0; tries < TRIES; tries++) {
    const error = table.check?.(message, encodeMessage(space, message));
    if (error === undefined) return message;
    const slot = layout.slots.find(({ jsonName }) => jsonName === error.field);
    if (slot !== undefined && !slot.field.derived) message = { ...message, [slot.name]: 0 };
    else message = { ...message, ...onceMore(layout.slots, message) };
  }
  throw new Error(
    `no valid ${table.name}: ${JSON.stringify(table.check?.(message, new Uint8Array()))}`,
  );
}

/** The same with an address that was missing. */
function onceMore(slots: readonly Slot[], message: AnyMessage): Record<string, unknown> {
  const list = slots.find(({ field }) => field.shows.kind === "router-addresses");
  if (list === undefined) return {};
  const words = (message as unknown as Record<string, number>)[list.field.needs?.[1] ?? ""] ?? 2;
  const entry = { address: 1, preference: -1 };
  const more = new Uint8Array((words - 2) * 4);
  return { [list.name]: [words === 2 ? entry : { ...entry, more }] };
}
