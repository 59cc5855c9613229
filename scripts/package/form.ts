/** What LuCI's form shows of a configuration, out of its schema: www/luci-static/resources/mip4/ROLE.json. */

import {
  type ConfigKey,
  type ConfigTable,
  configTables,
  type Schema,
} from "../docs/configuration.ts";
import type { DescribedProgram } from "../docs/programs.ts";

export interface FormKey {
  readonly name: string;
  readonly kind: "flag" | "choice" | "list" | "text";
  readonly values?: readonly string[];
  /** LuCI's name of what is allowed. */
  readonly datatype?: string;
  /** The default. */
  readonly placeholder?: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly description: string;
}

export interface FormTable {
  /** The UCI section type. */
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly keys: readonly FormKey[];
}

const SECRETS = new Set(["key"]);

export function formTables({ schema }: DescribedProgram): FormTable[] {
  return configTables(schema)
    .filter(({ keys }) => keys.length > 0)
    .map((table) => ({
      type: table.path.length === 0 ? "globals" : table.path.join("_"),
      title: titleOf(table),
      description: words(table.description),
      keys: table.keys.map(formKey),
    }));
}

function titleOf({ path }: ConfigTable): string {
  const text = path.join(" ").replaceAll("_", " ");
  return text === "" ? "General" : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function formKey({ name, schemas, byDefault, meaning }: ConfigKey): FormKey {
  const forms = schemas.flatMap((schema) => [schema, ...(schema.anyOf ?? [])]).filter(isSchema);
  const choices = forms.flatMap(
    (form) => form.enum ?? (form.const === undefined ? [] : [form.const]),
  );
  const is = (type: string): boolean => forms.some((form) => form.type === type);
  const kind = is("boolean")
    ? "flag"
    : choices.length > 0
      ? "choice"
      : is("array")
        ? "list"
        : "text";
  const datatype = kind === "text" ? datatypeOf(forms[0]) : undefined;
  const hasDefault = byDefault !== "-" && byDefault !== "required";
  return {
    name,
    kind,
    ...(kind === "choice" ? { values: [...new Set(choices.map(String))] } : {}),
    ...(datatype === undefined ? {} : { datatype }),
    ...(hasDefault ? { placeholder: showDefault(forms[0]?.default) } : {}),
    required: byDefault === "required",
    secret: SECRETS.has(name),
    description: words(meaning),
  };
}

function isSchema(form: Schema | boolean): form is Schema {
  return typeof form === "object";
}

function datatypeOf(form: Schema | undefined): string | undefined {
  const { type, format, minimum, maximum } = form ?? {};
  if (format === "ipv4") return "ip4addr";
  if (type === "integer") return `range(${minimum},${maximum})`;
  return type === "number" ? "ufloat" : undefined;
}

function showDefault(value: unknown): string {
  if (value === true) return "yes";
  return value === false ? "no" : [value].flat().join(" ");
}

/** Without Markdown. */
function words(text: string): string {
  return text.replaceAll("`", "");
}
