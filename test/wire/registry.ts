/** The registry of numbers and layouts (registry.json), as the tables are compared with it. */

import { readFileSync } from "node:fs";

export interface Entry {
  readonly number: number;
  readonly name: string;
  readonly rfc: string | null;
  readonly layout: string;
  readonly min_length: number | null;
  readonly max_length: number | null;
  readonly meaning?: string;
}

export interface Numbered extends Entry {
  readonly subtypes?: readonly Entry[];
}

interface HeaderForm {
  readonly form: string;
  readonly types?: readonly number[];
  readonly types_control?: readonly number[];
  readonly types_icmp?: readonly number[];
}

export interface VendorEntry {
  readonly vendor_id: number;
  readonly carrier: number;
  readonly vendor_type: number;
  readonly subtypes: readonly Entry[];
}

export interface Registry {
  readonly header_forms: readonly HeaderForm[];
  readonly message_types: readonly Numbered[];
  readonly control_extensions: readonly Numbered[];
  readonly icmp_extensions: readonly Numbered[];
  readonly icmp_messages: readonly Numbered[];
  readonly vendor_extensions: readonly VendorEntry[];
  readonly reply_codes: readonly Entry[];
  readonly [codes: string]: readonly unknown[];
}

export const registry = JSON.parse(readFileSync("test/wire/registry.json", "utf8")) as Registry;

/** "MN-FA KeyGen Request (Generalized …); …" -> "mn-fa-keygen-request" */
export function kebab(name: string): string {
  return name
    .replace(/\s*\([^)]*\)/g, "")
    .replace(/;.*/, "")
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The form that `header_forms` gives a type in one of the number spaces. */
export function formOf(type: number, space: "types_control" | "types_icmp"): string | undefined {
  const found = registry.header_forms.find(
    (each) => each.types?.includes(type) || each[space]?.includes(type),
  );
  return found?.form === "nd8" ? "option" : found?.form;
}

/** A field of a registry's layout: name and width, where the width is fixed. */
export interface LayoutField {
  readonly name: string;
  readonly bits: number;
}

/**
 * The fields in front of the first that is optional, repeated or of variable size; letters with
 * one bit each stand alone: `S,B,D (3)` is three fields.
 */
export function layoutFields(layout: string): readonly LayoutField[] {
  const fields: LayoutField[] = [];
  for (const part of layout.split(/, (?!\d)/)) {
    const match = /^([^[:]*?)\s*\((\d+)\)$/.exec(part.trim());
    if (match === null) break;
    const [, name = "", width = ""] = match;
    const letters = name.split(",");
    const bits = Number(width);
    if (letters.length > 1 && letters.length === bits) {
      fields.push(...letters.map((letter) => ({ name: letter, bits: 1 })));
    } else fields.push({ name: name.replace(/\s*\(?=.*|\s\d+[.|].*/, ""), bits });
  }
  return fields;
}
