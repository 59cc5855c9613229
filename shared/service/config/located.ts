/**
 * A configuration as read from files, in which every value still knows its file and line.
 *
 * TOML (and later UCI) is read into this; a board's values are merged under the configuration's;
 * the schema sees the plain values, and a fault at a path is traced back to a line.
 */

import type { ConfigFault } from "../program.ts";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export type Scalar = string | number | boolean;

export type Node = Place &
  (
    | { readonly kind: "scalar"; readonly value: Scalar }
    | { readonly kind: "array"; readonly items: Node[] }
    | { readonly kind: "table"; readonly entries: Map<string, Node> }
  );

export type Table = Extract<Node, { kind: "table" }>;
export type Path = readonly (string | number)[];

/** A fault with the place it is at. */
export interface LocatedFault extends Place, ConfigFault {}

/** One line of standard error: `FILE:LINE: KEY: what is wrong, what is allowed`. */
export function formatFault(fault: LocatedFault): string {
  const key = fault.key === "" ? "" : `${fault.key}: `;
  return `${fault.file}:${fault.line}: ${key}${fault.message}`;
}

export function newTable(place: Place): Table {
  return { kind: "table", file: place.file, line: place.line, entries: new Map() };
}

/** Plain values, as a schema wants them. */
export function toPlain(node: Node): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "array":
      return node.items.map(toPlain);
    case "table":
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, toPlain(value)]));
  }
}

/** `over` wins; tables are merged key by key, arrays and scalars are taken whole. */
export function merge(under: Table, over: Table): Table {
  const merged = newTable(over);
  for (const [key, value] of under.entries) merged.entries.set(key, value);
  for (const [key, value] of over.entries) {
    const below = merged.entries.get(key);
    const both = below?.kind === "table" && value.kind === "table";
    merged.entries.set(key, both ? merge(below, value) : value);
  }
  return merged;
}

/** The place of a path; of a key that is missing, the place of the table it is missing from. */
export function placeOf(root: Node, path: Path): Place {
  let node = root;
  for (const step of path) {
    const next =
      node.kind === "table"
        ? node.entries.get(String(step))
        : node.kind === "array"
          ? node.items[Number(step)]
          : undefined;
    if (next === undefined) break;
    node = next;
  }
  return { file: node.file, line: node.line };
}

/** A path as people write it: `security_association[0].spi`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** The other way round, for faults that come with a key. */
export function parsePath(key: string): Path {
  return key
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
