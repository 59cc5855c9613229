/** The index of the wire page: every message and every extension with its numbers. */

import type { CompiledExtension, ExtensionSpace } from "../../shared/wire/extension.ts";
import type { ExtensionTable } from "../../shared/wire/extension-table.ts";
import type { MessageSpace, MessageTable } from "../../shared/wire/message.ts";
import { markdownTable } from "./markdown.ts";
import { anchor, extensionHeading, link, messageHeading, type Section } from "./wire-headings.ts";

export function messageIndex({ byType }: MessageSpace, sections: readonly Section[]): string {
  const rows = byType.flatMap((known) =>
    (known ?? []).map(({ table, layout }) => [
      [String(table.type), ...constants(layout.slots)].join(", "),
      link(table.name, messageHeading(table)),
      table.rfc,
      follows(table, sections),
    ]),
  );
  return markdownTable(["Type", "Message", "Source", "Behind it"], rows);
}

export function extensionIndex(section: Section): string {
  const rows = tablesOf(section.space).map(({ table, layout }) => [
    String(table.type),
    link(table.name, extensionHeading(table, section)),
    [...constants(layout.slots), ...printedLength(table)].join(", "),
    table.rfc,
  ]);
  return markdownTable(["Type", "Name", "Form of it", "Source"], rows);
}

/** A form that an RFC prints by mistake has a length of its own. */
function printedLength({ onlyLength }: ExtensionTable): string[] {
  return onlyLength === undefined ? [] : [`length ${onlyLength}`];
}

/** By type; in front of the forms of one extension the general table, if it has one. */
export function tablesOf({ byType }: ExtensionSpace): CompiledExtension[] {
  return byType.flatMap((known = []) => {
    const general = known.filter((each) => isGeneral(each, known));
    return [...general, ...known.filter((each) => !general.includes(each))];
  });
}

function isGeneral({ table }: CompiledExtension, known: readonly CompiledExtension[]): boolean {
  return known.some((each) => each.table.extension === table.name);
}

/** What a message may have behind its fixed part. */
export function follows({ extensions }: MessageTable, sections: readonly Section[]): string {
  if (extensions === undefined) return "nothing";
  const whole = sections.filter(({ space }) => contains(extensions, space));
  const single = sections.flatMap((section) =>
    tablesOf(section.space)
      .filter(
        (each) => contains(extensions, each) && !whole.some(({ space }) => contains(space, each)),
      )
      .map(({ table }) => link(table.name, extensionHeading(table, section))),
  );
  const titles = whole.map(({ title }) => link(title.replace(/^./, lowerCase), title));
  return [...titles, ...single].join(" and ");
}

const lowerCase = (letter: string): string => letter.toLowerCase();

/** Is this table, or every table of this space, in the space? */
function contains(space: ExtensionSpace, part: ExtensionSpace | CompiledExtension): boolean {
  const tables = "table" in part ? [part] : tablesOf(part);
  return tables.every(({ table }) => space.byName.get(table.name)?.table === table);
}

/** The numbers beside the type that tell this table from others. */
function constants(slots: CompiledExtension["layout"]["slots"]): string[] {
  return slots
    .filter(({ name, field }) => name !== "type" && field.constant !== undefined)
    .map(({ jsonName, field }) => `${jsonName.replaceAll("_", " ")} ${field.constant}`);
}

/** Links to the sections of the page. */
export function contents(titles: readonly string[]): string {
  return titles.map((title) => `- [${title}](#${anchor(title)})`).join("\n");
}
