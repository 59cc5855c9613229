/** Finding what a JSON Schema says at a path. */

import type * as z from "zod";
import type { Path } from "./located.ts";

export type Schema = z.core.JSONSchema.JSONSchema;

/** Every form that the value at a path may have. */
export function schemasAt(schema: Schema, path: Path): Schema[] {
  let here = alternatives(schema);
  for (const step of path) {
    here = here.flatMap((node) => child(node, step)).flatMap(alternatives);
  }
  return here;
}

/** The names of the keys that may stand in the table at a path. */
export function keysAt(schema: Schema, path: Path): string[] {
  const names = schemasAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {}));
  return [...new Set(names)];
}

function alternatives(node: Schema): Schema[] {
  const nested = [...(node.oneOf ?? []), ...(node.anyOf ?? []), ...(node.allOf ?? [])];
  return [node, ...nested.filter((inner) => typeof inner === "object").flatMap(alternatives)];
}

function child(node: Schema, step: string | number): Schema[] {
  const inner = typeof step === "number" ? node.items : node.properties?.[step];
  return typeof inner === "object" && !Array.isArray(inner) ? [inner] : [];
}
