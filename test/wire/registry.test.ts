/**
 * The tables against the registry, both ways: everything in it has a table with its number, name,
 * RFC, form, limits and fields, and no table has what is not in it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlMessages } from "../../shared/wire/control.ts";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import type { CompiledExtension, ExtensionSpace } from "../../shared/wire/extension.ts";
import { icmpExtensions } from "../../shared/wire/icmp/agent-discovery.ts";
import { fastHandoverOptions } from "../../shared/wire/icmp/fast-handover-options.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { CompiledMessage, MessageSpace } from "../../shared/wire/message.ts";
import { type Entry, formOf, kebab, layoutFields, type Numbered, registry } from "./registry.ts";
import {
  extensionDifferences,
  fieldDifferences,
  messageDifferences,
  subtypeLayout,
} from "./registry-comparison.ts";
import { EXPECTED_DIFFERENCES } from "./registry-exceptions.ts";

const constantOf = ({ layout }: CompiledExtension | CompiledMessage, name: string) =>
  layout.slots.find((slot) => slot.name === name)?.field.constant;

/** A name that the registry only keeps from being given away. */
const isUnused = ({ layout }: Entry): boolean => layout === "-";

function messageTableDifferences(what: string, space: MessageSpace, entries: readonly Numbered[]) {
  return entries.flatMap((entry) => {
    const kinds = space.byType[entry.number] ?? [];
    const which = `${what} ${entry.number}`;
    const general = kinds.at(-1);
    if (general === undefined) return [`${which}: no table`];
    const name = kebab(entry.name.replace(/ \/.*/, ""));
    return [
      ...(general.table.name === name ? [] : [`${which}: ${general.table.name}, not ${name}`]),
      ...messageDifferences(which, general, entry),
      ...(entry.subtypes ?? []).flatMap((subtype) => {
        const kind = kinds.find((each) => constantOf(each, "subtype") === subtype.number);
        const other = `${which}/${subtype.number}`;
        if (kind === undefined) return [`${other}: no table`];
        return [
          ...(kind.table.name === kebab(subtype.name) ? [] : [`${other}: ${kind.table.name}`]),
          ...messageDifferences(other, kind, { ...subtype, layout: "" }),
          ...fieldDifferences(other, kind.layout, [
            ...layoutFields(entry.layout).slice(0, 3),
            ...layoutFields(subtype.layout),
          ]),
        ];
      }),
      ...kinds.slice(0, -1).flatMap((each) => {
        const subtype = constantOf(each, "subtype");
        return entry.subtypes?.some(({ number }) => number === subtype)
          ? []
          : [`${which}: ${each.table.name} is not in the registry`];
      }),
    ];
  });
}

const family = ({ table }: CompiledExtension): string => table.extension ?? table.name;

function extensionTableDifferences(what: string, space: ExtensionSpace, entry: Numbered): string[] {
  const forms = space === controlExtensions ? "types_control" : "types_icmp";
  const kinds = space.byType[entry.number] ?? [];
  const which = `${what} ${entry.number}`;
  if (kinds.length === 0) return [`${which}: no table`];
  const form = formOf(entry.number, forms);
  const common = kinds.flatMap((kind) => [
    ...(family(kind) === kebab(entry.name) ? [] : [`${which}: called ${family(kind)}`]),
    ...(kind.table.form === form || form === undefined || kind.table.onlyLength !== undefined
      ? []
      : [`${which}: ${kind.table.name} has form ${kind.table.form}, not ${form}`]),
  ]);
  if (kinds.some((kind) => constantOf(kind, "vendorOrgId") !== undefined)) {
    const general = kinds.at(-1) as CompiledExtension;
    return [...common, ...extensionDifferences(which, general, entry)];
  }
  const subtypes = forms === "types_icmp" ? icmpSubtypes(entry) : (entry.subtypes ?? []);
  if (kinds.every((kind) => constantOf(kind, "subtype") === undefined) && subtypes.length === 0) {
    const asMeant = kinds.filter(({ table }) => table.onlyLength === undefined);
    return [...common, ...asMeant.flatMap((kind) => extensionDifferences(which, kind, entry))];
  }
  return [...common, ...subtypeDifferences(which, kinds, entry, subtypes)];
}

/** In ICMP some extensions have the sub-types of a control extension, and options have codes. */
function icmpSubtypes(entry: Numbered): readonly Entry[] {
  if (formOf(entry.number, "types_icmp") === "option") return [];
  const as = /^control (\d+)/.exec((entry as { subtypes_as?: string }).subtypes_as ?? "")?.[1];
  const other = registry.control_extensions.find(({ number }) => number === Number(as));
  return other?.subtypes ?? entry.subtypes ?? [];
}

function subtypeDifferences(
  which: string,
  kinds: readonly CompiledExtension[],
  entry: Entry,
  subtypes: readonly Entry[],
): string[] {
  const numbers = kinds.map((kind) => constantOf(kind, "subtype"));
  const known = subtypes.filter((each) => !isUnused(each));
  return [
    ...known.flatMap((subtype) => {
      const other = `${which}/${subtype.number}`;
      const tables = kinds.filter((kind) => constantOf(kind, "subtype") === subtype.number);
      if (tables.length === 0) return [`${other}: no table`];
      return tables
        .filter(({ table }) => table.onlyLength === undefined)
        .flatMap((kind) => [
          ...(kind.table.name === kebab(subtype.name)
            ? []
            : [`${other}: called ${kind.table.name}`]),
          ...extensionDifferences(
            other,
            kind,
            subtype.min_length === null ? { ...subtype, ...limitsOf(entry) } : subtype,
            subtypeLayout(subtype, entry, kind.table.form),
          ),
        ]);
    }),
    ...(numbers.at(-1) === undefined ? [] : [`${which}: no table for any other sub-type`]),
    ...numbers
      .filter((number) => number !== undefined && !known.some((each) => each.number === number))
      .map((number) => `${which}: sub-type ${number} is not in the registry`),
  ];
}

const limitsOf = ({ min_length, max_length }: Entry) => ({ min_length, max_length });

function extras(what: string, byType: readonly unknown[], entries: readonly Entry[]): string[] {
  return byType.flatMap((tables, type) =>
    tables === undefined || entries.some(({ number }) => number === type)
      ? []
      : [`${what} ${type} is not in the registry`],
  );
}

function vendorDifferences(): string[] {
  return registry.vendor_extensions.flatMap(({ carrier, vendor_id, vendor_type, subtypes }) => {
    const kinds = (controlExtensions.byType[carrier] ?? []).filter(
      (kind) =>
        kind.layout.slots.some(({ field }) => field.constant === vendor_type) &&
        kind.layout.slots.some(({ field }) => field.constant === vendor_id),
    );
    return subtypes.flatMap((entry) => {
      const what = `vendor ${vendor_id}/${vendor_type}/${entry.number}`;
      const kind = kinds.find((each) =>
        each.layout.slots.some(
          ({ name, field }) => name === "subtype" && field.constant === entry.number,
        ),
      );
      if (kind === undefined) return [`${what}: no table`];
      const carrying = registry.control_extensions.find(({ number }) => number === carrier);
      const layout = `${carrying?.layout.replace(/, [^,]*\(\*\)$/, "")}, ${entry.layout}`;
      return [
        ...(kind.table.name === kebab(entry.name) ? [] : [`${what}: called ${kind.table.name}`]),
        ...extensionDifferences(what, kind, entry, layout),
      ];
    });
  });
}

/** Uses of vendors that the registry does not know. */
function moreVendors(): string[] {
  const known = registry.vendor_extensions.map(
    ({ carrier, vendor_id, vendor_type }) => `${carrier} ${vendor_id}/${vendor_type}`,
  );
  return [...controlExtensions.byName.values()].flatMap((kind) => {
    const constants = kind.layout.slots.flatMap(({ name, field }) =>
      name.startsWith("vendor") && field.constant !== undefined ? [field.constant] : [],
    );
    const what = `${kind.table.type} ${constants.join("/")}`;
    if (constants.length === 0 || known.includes(what)) return [];
    return [`vendor's use of ${what}: ${kind.table.name} is not in the registry`];
  });
}

function allDifferences(): string[] {
  const options = registry.icmp_extensions.filter(
    ({ number }) => formOf(number, "types_icmp") === "option",
  );
  const others = registry.icmp_extensions.filter((each) => !options.includes(each));
  const control = registry.control_extensions;
  const compare = (what: string, space: ExtensionSpace, list: readonly Numbered[]): string[] =>
    list.flatMap((entry) => extensionTableDifferences(what, space, entry));
  return [
    ...messageTableDifferences("message", controlMessages, registry.message_types),
    ...messageTableDifferences("ICMP message", icmpMessages, registry.icmp_messages),
    ...compare("control extension", controlExtensions, control),
    ...compare("ICMP extension", icmpExtensions, others),
    ...compare("option", fastHandoverOptions, options),
    ...vendorDifferences(),
    ...moreVendors(),
    ...extras("message", controlMessages.byType, registry.message_types),
    ...extras("ICMP message", icmpMessages.byType, registry.icmp_messages),
    ...extras("control extension", controlExtensions.byType, control),
    ...extras("ICMP extension", icmpExtensions.byType, others),
    ...extras("option", fastHandoverOptions.byType, options),
  ];
}

test("the tables hold what the registry does, but for what is judged wrong or more than it", () => {
  const found = allDifferences();
  const unexpected = found.filter((difference) => !(difference in EXPECTED_DIFFERENCES));
  assert.deepEqual(unexpected, []);
  const gone = Object.keys(EXPECTED_DIFFERENCES).filter((each) => !found.includes(each));
  assert.deepEqual(gone, [], "exceptions that are none any more");
});

test("the comparison notices a number, a name, a limit, a field or an RFC that differs", () => {
  const [kind] = controlExtensions.byType[32] ?? [];
  const entry = registry.control_extensions.find(({ number }) => number === 32);
  assert(kind !== undefined && entry !== undefined);
  const compare = (changed: Partial<Numbered>) =>
    extensionTableDifferences("extension", controlExtensions, { ...entry, ...changed });
  assert.deepEqual(compare({}), []);
  const changes: readonly Partial<Numbered>[] = [
    { number: 33 },
    { number: 35 },
    { name: "Mobile-Home Authenticator" },
    { min_length: 4 },
    { max_length: 254 },
    { rfc: "594" },
    { layout: "Type=32 (8), Length (8), SPI (16), Authenticator (*)" },
    { layout: "Type=32 (8), Length (8), Index (32), Authenticator (*)" },
    { subtypes: [{ ...entry, number: 1 }] },
  ];
  for (const change of changes) assert.notDeepEqual(compare(change), [], JSON.stringify(change));
  assert.deepEqual(extras("type", [undefined, [kind]], []), ["type 1 is not in the registry"]);
});
