/** What zod found, as faults at lines: one a key, unknown keys with the nearest right one. */

import * as z from "zod";
import { nearest } from "../suggest.ts";
import { formatPath, type LocatedFault, type Path, placeOf, type Table } from "./located.ts";

export function toFaults(error: z.ZodError, schema: z.ZodType, root: Table): LocatedFault[] {
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
    for (const key of issue.keys) add([...path, key], unknownKey(key, right));
  }
  return faults;
}

function unknownKey(key: string, right: readonly string[]): string {
  const close = nearest(key, right);
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
