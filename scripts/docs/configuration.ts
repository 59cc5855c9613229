/** docs/reference/configuration.md, from the schemas. */

import * as z from "zod";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { type DescribedProgram, programs } from "./programs.ts";

export type Schema = z.core.JSONSchema.JSONSchema;

const INTRODUCTION = `The file is TOML, or UCI on OpenWrt, given with \`--config\`; a first line \`config …\` makes it UCI. There the
section type is the table's name (a nested table's dot becomes \`_\`), top-level keys are in a section of type \`globals\`,
option = key, list = array, flags are 1 or 0. Times are seconds, addresses dotted quads, prefixes CIDR.
An unknown key is an error. \`PROG check --config FILE\` says what is wrong, each fault with its line,
or prints the configuration with every default; \`PROG schema\` prints the JSON Schema that this page
is made from. \`SIGHUP\` applies a changed file, but for the tables \`dataplane\`, \`control\` and the
path of the journal, which need a restart. A key that is not built yet is refused, but for the value
that says what the program does anyway.`;

export function configurationPage(): string {
  return page("# Configuration", GENERATED, INTRODUCTION, ...programs.flatMap(programBlocks));
}

function programBlocks({ name, role, schema, planned }: DescribedProgram): string[] {
  const rows = Object.entries(planned).map(([key, { why, off }]) => [
    Object.keys(planned).some((other) => other.startsWith(`${key}.`))
      ? `${code(key)}, other keys`
      : code(key),
    off === undefined ? "none" : code(JSON.stringify(off)),
    why,
  ]);
  return [
    `## ${role}.toml, of ${name}`,
    ...configTables(schema).flatMap(tableBlocks),
    `### Not built yet in ${name}`,
    markdownTable(["Key", "May be", "Why"], rows),
  ];
}

/** A table of the configuration; the one at the top has no heading. */
export interface ConfigTable {
  /** `[limits]`, or `[[interface]]`: there can be several. */
  readonly heading: string;
  /** Names of the tables it is in, and its own. */
  readonly path: readonly string[];
  readonly description: string;
  readonly keys: readonly ConfigKey[];
}

export interface ConfigKey {
  readonly name: string;
  /** Markdown: words in backquotes are literal. */
  readonly type: string;
  /** JSON, `required`, or `-` for none. */
  readonly byDefault: string;
  readonly meaning: string;
  /** One for each variant of the table that has it. */
  readonly schemas: readonly Schema[];
}

/** Every table of a configuration, each before the tables in it. */
export function configTables(schema: z.ZodType): ConfigTable[] {
  return tablesOf(z.toJSONSchema(schema, { io: "input" }), [], "", "");
}

function tablesOf(
  table: Schema,
  path: readonly string[],
  heading: string,
  description: string,
): ConfigTable[] {
  const variants = table.oneOf?.filter(isSchema) ?? [table];
  const names = [...new Set(variants.flatMap((variant) => Object.keys(variant.properties ?? {})))];
  const keys: ConfigKey[] = [];
  const inner: ConfigTable[] = [];
  for (const name of names) {
    const having = variants.filter((variant) => variant.properties?.[name] !== undefined);
    const schemas = having.map((variant) => variant.properties?.[name]).filter(isSchema);
    const [first] = schemas;
    if (first === undefined) continue;
    const isRows = first.type === "array" && isSchema(first.items) && isTable(first.items);
    const below = isRows ? first.items : isTable(first) ? first : undefined;
    if (isSchema(below)) {
      const full = [...path, name];
      const head = isRows ? `[[${full.join(".")}]]` : `[${full.join(".")}]`;
      inner.push(...tablesOf(below, full, head, first.description ?? ""));
      continue;
    }
    const isRequired = having.every((variant) => variant.required?.includes(name));
    const only = having.length < variants.length ? `${whichVariants(having)}: ` : "";
    keys.push({
      name,
      type: name === "with" ? schemas.map(showType).join(" or ") : showType(first),
      byDefault:
        first.default !== undefined ? JSON.stringify(first.default) : isRequired ? "required" : "-",
      meaning: `${only}${first.description ?? ""}`,
      schemas,
    });
  }
  return [{ heading, path, description, keys }, ...inner];
}

function tableBlocks({ heading, description, keys }: ConfigTable): string[] {
  const rows = keys.map(({ name, type, byDefault, meaning }) => [
    code(name),
    type,
    byDefault === "required" || byDefault === "-" ? byDefault : code(byDefault),
    meaning,
  ]);
  const head = heading === "" ? [] : [`### ${code(heading)}`, description];
  if (rows.length === 0) return head;
  return [...head, markdownTable(["Key", "Type and range", "Default", "Meaning"], rows)];
}

function whichVariants(variants: readonly Schema[]): string {
  const peers = variants.map((variant) => variant.properties?.with).filter(isSchema);
  return `With ${peers.map((peer) => code(String(peer.const))).join(" or ")}`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null;
}

function isTable(schema: Schema): boolean {
  return schema.type === "object" || schema.oneOf !== undefined;
}

function showType(schema: Schema): string {
  const { minimum, maximum } = schema;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) {
    return schema.enum.map((word) => code(JSON.stringify(word))).join(" or ");
  }
  if (schema.anyOf !== undefined) return schema.anyOf.filter(isSchema).map(showType).join(" or ");
  switch (schema.type) {
    case "integer":
      return `whole number, ${minimum} to ${maximum}`;
    case "number":
      return `number, ${minimum} to ${maximum}`;
    case "boolean":
      return "true or false";
    case "array":
      return `array of ${isSchema(schema.items) ? showType(schema.items) : "values"}`;
    default:
      return schema.title ?? "text";
  }
}
