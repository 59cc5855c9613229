/** What zod found, as faults at lines: one a key, unknown keys with the nearest right one. */

import * as z from "zod";
import { nearest } from "../suggest.ts";
import { formatPath, type LocatedFault, type Path, placeOf, type Table } from "./located.ts";

/** `planned`: keys that will exist, by path without indexes, and why they do not yet. */
export function toFaults(
  error: z.ZodError,
  schema: z.ZodType,
  planned: Readonly<Record<string, string>>,
  root: Table,
): LocatedFault[] {
  const seen = new Set<string>();
  const faults: LocatedFault[] = [];
  const add = (path: Path, message: string): void => {
    const key = formatPath(path);
    // A value that breaks two rules of one key is one fault.
    if (seen.has(key)) return;
    seen.add(key);
    faults.push({ ...placeOf(root, path), key, message });
  };
  for (const issue of error.issues) {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    if (issue.code !== "unrecognized_keys") {
      add(path, issue.message);
      continue;
    }
    const right = keysAt(z.toJSONSchema(schema, { io: "input" }), path);
    for (const key of issue.keys) add([...path, key], unknownKey([...path, key], right, planned));
  }
  return faults;
}

function unknownKey(
  path: Path,
  right: readonly string[],
  planned: Readonly<Record<string, string>>,
): string {
  const names = path.filter((step) => typeof step === "string");
  const later = planned[names.join(".")];
  if (later !== undefined) return `${later}; leave this key out`;
  const close = nearest(String(path.at(-1)), right);
  if (close !== undefined) return `unknown key, did you mean "${close}"?`;
  return `unknown key, allowed here: ${right.join(", ")}`;
}

/** The names of the keys that may stand in the table at a path. */
function keysAt(schema: z.core.JSONSchema.JSONSchema, path: Path): string[] {
  let here = [schema];
  for (const step of path)
    here = here.flatMap((node) => alternatives(node)).flatMap((node) => child(node, step));
  const names = here
    .flatMap((node) => alternatives(node))
    .flatMap((node) => Object.keys(node.properties ?? {}));
  return [...new Set(names)];
}

function alternatives(node: z.core.JSONSchema.JSONSchema): z.core.JSONSchema.JSONSchema[] {
  const nested = [...(node.oneOf ?? []), ...(node.anyOf ?? []), ...(node.allOf ?? [])];
  return [node, ...nested.filter((inner) => typeof inner === "object").flatMap(alternatives)];
}

function child(
  node: z.core.JSONSchema.JSONSchema,
  step: string | number,
): z.core.JSONSchema.JSONSchema[] {
  const inner = typeof step === "number" ? node.items : node.properties?.[step];
  return typeof inner === "object" && !Array.isArray(inner) ? [inner] : [];
}
