/** What zod found, as faults at lines: one a key, unknown keys with the nearest right one. */

import type * as z from "zod";
import { nearest } from "../suggest.ts";
import { jsonSchema } from "./json-schema.ts";
import { formatPath, type LocatedFault, type Path, placeOf, type Table } from "./located.ts";
import { keysAt } from "./schema-path.ts";

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
    const right = keysAt(jsonSchema(schema), path);
    for (const key of issue.keys) add([...path, key], unknownKey(key, right));
  }
  return faults;
}

function unknownKey(key: string, right: readonly string[]): string {
  const close = nearest(key, right);
  if (close !== undefined) return `unknown key, did you mean "${close}"?`;
  return `unknown key, allowed here: ${right.join(", ")}`;
}
