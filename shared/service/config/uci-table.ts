/**
 * UCI sections as the table that a TOML file would have been.
 *
 * Section type = table name, a nested table's dot written `_`; top-level keys in `globals`; option
 * = key, list = array. UCI knows only text, so the schema tells what is a number or a flag; text
 * that is neither stays as it is, and the schema says what is wrong with it.
 */

import { err, ok, type Result } from "../../base/result.ts";
import type { PlannedKey } from "../program.ts";
import {
  formatPath,
  type LocatedFault,
  type Node,
  newTable,
  type Place,
  type Scalar,
  type Table,
} from "./located.ts";
import { keysAt, type Schema, schemasAt } from "./schema-path.ts";
import type { UciOption, UciSection } from "./uci.ts";

const GLOBALS = "globals";
/** The init script's own section: whether to start, and with which board. */
const SERVICE = "service";
const FLAGS = new Map([
  ...["1", "on", "true", "yes", "enabled"].map((word) => [word, true] as const),
  ...["0", "off", "false", "no", "disabled"].map((word) => [word, false] as const),
]);

type Planned = Readonly<Record<string, PlannedKey>>;

export function uciTable(
  file: string,
  sections: readonly UciSection[],
  schema: Schema,
  planned: Planned,
): Result<Table, readonly LocatedFault[]> {
  const root = newTable({ file, line: 1 });
  const faults: LocatedFault[] = [];
  for (const section of sections) {
    if (section.type === SERVICE) continue;
    const place = { file, line: section.line };
    const path = section.type === GLOBALS ? [] : tablePath(section.type, schema, planned);
    const table = enter(root, path, schema, place);
    if (table === undefined) {
      const key = formatPath(path);
      faults.push({ ...place, key, message: "a second section of a type that has only one" });
      continue;
    }
    for (const [name, option] of section.options) {
      const key = [...path, name];
      const types = typesOf(formsOf(schema, key), planned[key.join(".")]?.off);
      table.entries.set(name, toNode(file, option, types));
    }
  }
  return faults.length > 0 ? err(faults) : ok(root);
}

/** `fast_handover_neighbor` is the table `neighbor` in `fast_handover`, if such a table there is. */
function tablePath(type: string, schema: Schema, planned: Planned): string[] {
  const tables = [...keysAt(schema, []), ...Object.keys(planned)];
  if (tables.includes(type)) return [type];
  const outer = tables.find((name) => type.startsWith(`${name}_`));
  return outer === undefined ? [type] : [outer, type.slice(outer.length + 1)];
}

/** The table at a path, made where it is not yet there; `undefined`: it is there, and only once. */
function enter(
  root: Table,
  path: readonly string[],
  schema: Schema,
  place: Place,
): Table | undefined {
  let table = root;
  for (const [i, name] of path.entries()) {
    const isLast = i + 1 === path.length;
    const isRows = formsOf(schema, path.slice(0, i + 1)).some((form) => form.type === "array");
    const known = table.entries.get(name);
    if (isRows) {
      const row = newTable(place);
      if (known?.kind === "array") known.items.push(row);
      else table.entries.set(name, { ...place, kind: "array", items: [row] });
      table = row;
    } else if (known?.kind === "table") {
      if (isLast) return undefined;
      table = known;
    } else {
      const fresh = newTable(place);
      table.entries.set(name, fresh);
      table = fresh;
    }
  }
  return table;
}

/** What may stand at a key, whichever of the tables on the way there may be several of. */
function formsOf(schema: Schema, key: readonly string[]): Schema[] {
  return key.reduce(
    (here, name) =>
      here.flatMap((form) => [[name], [0, name]].flatMap((at) => schemasAt(form, at))),
    [schema],
  );
}

interface Types {
  readonly isArray: boolean;
  readonly isText: boolean;
  readonly isNumber: boolean;
  readonly isFlag: boolean;
}

function typesOf(forms: readonly Schema[], off: unknown): Types {
  const items = forms.flatMap((form) => schemasAt(form, [0]));
  const has = (...types: string[]): boolean =>
    [...forms, ...items].some(
      (form) => types.includes(String(form.type)) || types.includes(typeof form.const),
    ) || types.includes(typeof off);
  const isOneText = forms.some((form) => form.type === "string");
  return {
    isArray: !isOneText && forms.some((form) => form.type === "array"),
    isText: has("string"),
    isNumber: has("number", "integer"),
    isFlag: has("boolean"),
  };
}

function toNode(file: string, { line, value }: UciOption, types: Types): Node {
  const scalar = (text: string): Node => ({
    kind: "scalar",
    file,
    line,
    value: toScalar(text, types),
  });
  if (!Array.isArray(value) && !types.isArray) return scalar(value);
  return { kind: "array", file, line, items: [value].flat().map(scalar) };
}

function toScalar(text: string, { isFlag, isNumber, isText }: Types): Scalar {
  if (isFlag && FLAGS.has(text)) return FLAGS.get(text) === true;
  if (isNumber && /^-?\d+(\.\d+)?$/.test(text) && !isText) return Number(text);
  return text;
}
