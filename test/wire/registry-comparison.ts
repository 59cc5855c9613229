/** What differs between a table and its entry in the registry, in words. */

import type { CompiledExtension } from "../../shared/wire/extension.ts";
import type { CompiledLayout, Slot } from "../../shared/wire/layout.ts";
import type { CompiledMessage } from "../../shared/wire/message.ts";
import { type Entry, type LayoutField, layoutFields } from "./registry.ts";

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
/** `x` is how the figures of flags draw a bit without a use. */
const isReserved = (name: string): boolean => /^(reserved|rsvd|x)\d*$/.test(plain(name));

/** The fields of a table, flags bit by bit. */
function tableFields({ slots }: CompiledLayout): readonly LayoutField[] {
  return slots.flatMap(({ field, name }) => {
    if (field.shows.kind !== "flags") return [{ name, bits: field.bits ?? (field.size ?? 0) * 8 }];
    return field.shows.letters.map((letter) => ({ name: letter ?? "reserved", bits: 1 }));
  });
}

/** Reserved bits side by side are one field. */
function joined(fields: readonly LayoutField[]): readonly string[] {
  const list: LayoutField[] = [];
  for (const { name, bits } of fields) {
    const last = list.at(-1);
    if (!isReserved(name)) list.push({ name: plain(name), bits });
    else if (last?.name === "reserved") list[list.length - 1] = { ...last, bits: last.bits + bits };
    else list.push({ name: "reserved", bits });
  }
  return list.map(({ name, bits }) => `${name} ${bits}`);
}

/** Names and widths, in order, as far as the registry's are of fixed width. */
export function fieldDifferences(
  what: string,
  layout: CompiledLayout,
  expected: readonly LayoutField[],
): string[] {
  const theirs = joined(expected);
  const ours = joined(tableFields(layout)).slice(0, theirs.length);
  return theirs.flatMap((wanted, i) =>
    ours[i] === wanted ? [] : [`${what}: field ${i} is ${ours[i]}, not ${wanted}`],
  );
}

function rfcDifference(what: string, rfc: string, entry: Entry): string[] {
  if (entry.rfc === null || `${rfc} `.match(`RFC ${entry.rfc}[ ,]`)) return [];
  return [`${what}: cites ${rfc}, not RFC ${entry.rfc}`];
}

export function messageDifferences(
  what: string,
  { table, layout }: CompiledMessage,
  entry: Entry,
): string[] {
  const { min_length: least, max_length: most } = entry;
  return [
    ...rfcDifference(what, table.rfc, entry),
    ...(layout.least === least ? [] : [`${what}: at least ${layout.least} octets, not ${least}`]),
    ...(most === null || layout.prefix === most
      ? []
      : [`${what}: a fixed part of ${layout.prefix} octets, not ${most}`]),
    ...fieldDifferences(what, layout, layoutFields(entry.layout)),
  ];
}

/** The least and most values of an extension's length field. */
export function lengthLimits({ layout, rule }: CompiledExtension): readonly [number, number] {
  const room = 2 ** (8 * rule.octets) - 1;
  const inUnits = (octets: number): number => (octets - rule.uncounted) / rule.unit;
  const least = Math.ceil(inUnits(layout.least));
  if (inUnits(layout.most) <= room) return [least, inUnits(layout.most)];
  const last: Slot | undefined = layout.slots.at(-1);
  const step = last?.field.shows.kind === "list" ? (last.field.shows.item.size ?? 1) : rule.unit;
  return [least, room - ((room - least) % Math.max(1, step / rule.unit))];
}

/** The octets of header and sub-type that all layouts of a form begin with. */
const HEADERS: Readonly<Record<string, string>> = {
  short: "Type (8), Length (8), ",
  long: "Type (8), Subtype (8), Length (16), ",
};

/** The layout of a sub-type's entry: its own, behind the header, or that of the extension. */
export function subtypeLayout(entry: Entry, extension: Entry, form: string): string {
  if (/extension$/.test(entry.layout) || /^as the/.test(entry.layout)) return extension.layout;
  return (HEADERS[form] ?? "") + entry.layout;
}

export function extensionDifferences(
  what: string,
  kind: CompiledExtension,
  entry: Entry,
  layout = entry.layout,
): string[] {
  const [least, most] = lengthLimits(kind);
  const { min_length: theirLeast, max_length: theirMost } = entry;
  const isSame = theirLeast === null || (least === theirLeast && most === theirMost);
  return [
    ...rfcDifference(what, kind.table.rfc, entry),
    ...(isSame ? [] : [`${what}: length ${least} to ${most}, not ${theirLeast} to ${theirMost}`]),
    ...fieldDifferences(
      what,
      kind.layout,
      layoutFields(layout).map((field) =>
        /^Length/.test(field.name) ? { ...field, name: "length" } : field,
      ),
    ),
  ];
}
