/** docs/reference/configuration.md, from the schemas. */

import * as z from "zod";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { type DescribedProgram, programs } from "./programs.ts";

type Schema = z.core.JSONSchema.JSONSchema;

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
  const root = z.toJSONSchema(schema, { io: "input" });
  const rows = Object.entries(planned).map(([key, { why, off }]) => [
    Object.keys(planned).some((other) => other.startsWith(`${key}.`))
      ? `${code(key)}, other keys`
      : code(key),
    off === undefined ? "none" : code(JSON.stringify(off)),
    why,
  ]);
  return [
    `## ${role}.toml, of ${name}`,
    ...tableBlocks(root, ""),
    `### Not built yet in ${name}`,
    markdownTable(["Key", "May be", "Why"], rows),
  ];
}

/** The keys of one table, then the tables in it. */
function tableBlocks(table: Schema, path: string): string[] {
  const variants = table.oneOf?.filter(isSchema) ?? [table];
  const keys = [...new Set(variants.flatMap((variant) => Object.keys(variant.properties ?? {})))];
  const rows: string[][] = [];
  const inner: string[] = [];
  for (const key of keys) {
    const having = variants.filter((variant) => variant.properties?.[key] !== undefined);
    const schemas = having.map((variant) => variant.properties?.[key]).filter(isSchema);
    const [first] = schemas;
    if (first === undefined) continue;
    const isRows = first.type === "array" && isSchema(first.items) && isTable(first.items);
    const below = isRows ? first.items : isTable(first) ? first : undefined;
    if (isSchema(below)) {
      const name = path === "" ? key : `${path}.${key}`;
      const heading = isRows ? `[[${name}]]` : `[${name}]`;
      inner.push(`### \`${heading}\``, first.description ?? "", ...tableBlocks(below, name));
      continue;
    }
    const isRequired = having.every((variant) => variant.required?.includes(key));
    const only = having.length < variants.length ? `${whichVariants(having)}: ` : "";
    rows.push([
      code(key),
      key === "with" ? schemas.map(showType).join(" or ") : showType(first),
      first.default !== undefined
        ? code(JSON.stringify(first.default))
        : isRequired
          ? "required"
          : "-",
      `${only}${first.description ?? ""}`,
    ]);
  }
  const own = markdownTable(["Key", "Type and range", "Default", "Meaning"], rows);
  return rows.length === 0 ? inner : [own, ...inner];
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
