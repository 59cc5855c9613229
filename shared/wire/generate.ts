/**
 * The code that reads and writes one layout, made when it is first used. V8 then sees straight
 * code with one field at each place, as in a parser written by hand; a loop over the fields costs
 * several times as much (docs/internals/performance.md).
 *
 * All that goes into the text is names and numbers of our own tables, never anything from outside.
 * The fields' own functions do the work; the text only calls them.
 */

import { assert } from "../base/result.ts";
import type { Slot, Values } from "./layout.ts";

export interface GeneratedCode {
  claims(bytes: Uint8Array, at: number): boolean;
  end(bytes: Uint8Array, at: number, limit: number): number;
  read(bytes: Uint8Array, at: number, end: number, extensions: unknown): Values;
  write(bytes: Uint8Array, at: number, values: Values): number;
  length(values: Values): number;
}

interface Layout {
  readonly slots: readonly Slot[];
  readonly least: number;
  readonly prefix: number;
}

/** In front of every field of variable size, and of fixed size itself. */
export function isFixed({ field, offset }: Slot): boolean {
  return offset !== undefined && (field.size !== undefined || field.bits !== undefined);
}

/**
 * For a request, `read` comes to
 * `const v1 = read1(bytes, at + 1, end); … return { name: "registration-request", flags: v1, … }`.
 */
export function generateCode(
  { slots, least, prefix }: Layout,
  name: string,
  withExtensions: boolean,
): GeneratedCode {
  assert(/^[a-z0-9-]+$/.test(name), `${name} is no name`);
  const steps = slots.map((slot, i) => stepsOf(slots, slot, i));
  const join = (part: keyof Steps): string => steps.map((step) => step[part]).join("");
  const kept = slots.flatMap(({ name: field, field: { derived } }, i) =>
    derived ? [] : [`, ${field}: v${i}`],
  );
  const source = `"use strict";
    ${join("functions")}
    return {
      claims(bytes, at) {
        return ${slots.flatMap(conditionsOf).join(" && ") || "true"};
      },
      end(bytes, at, end) {
        if (end - at < ${least}) return -1;
        let o = at + ${prefix};
        ${join("end")}
        return o;
      },
      read(bytes, at, end, extensions) {
        let o = at + ${prefix};
        ${join("read")}
        return { name: "${name}"${kept.join("")}${withExtensions ? ", extensions" : ""} };
      },
      write(bytes, at, values) {
        let o = at + ${prefix};
        ${join("write")}
        return o;
      },
      length(values) {
        return ${prefix}${join("length")};
      },
    };`;
  return new Function("fields", source)(slots.map(({ field }) => field)) as GeneratedCode;
}

/** What a constant demands of each of its octets. */
function conditionsOf({ field: { constant, size }, offset }: Slot): string[] {
  if (constant === undefined || size === undefined || offset === undefined) return [];
  return Array.from({ length: size }, (_, i) => {
    const octet = (constant >>> (8 * (size - 1 - i))) & 0xff;
    return `bytes[at + ${offset + i}] === ${octet}`;
  });
}

/** What one field adds to each function. */
interface Steps {
  readonly functions: string;
  readonly end: string;
  readonly read: string;
  readonly write: string;
  readonly length: string;
}

function stepsOf(slots: readonly Slot[], slot: Slot, i: number): Steps {
  const { name, field, offset } = slot;
  assert(/^[a-z][A-Za-z0-9]*$/.test(name), `${name} is no name`);
  const needs = (field.needs ?? [])
    .map((need) => `, v${slots.findIndex((other) => other.name === need)}`)
    .join("");
  const isNeeded = slots.some((other) => other.field.needs?.includes(name));
  const members = ["read", "write", "measure", "length", "derive"];
  const functions = members.map((each) => `const ${each}${i} = fields[${i}].${each};\n`).join("");
  const value = field.derived ? `derive${i}(values)` : `values.${name}`;
  const isWritten = !field.derived || field.derive !== undefined;
  const writing = (place: string): string =>
    isWritten ? `const v${i} = ${value}; write${i}(bytes, ${place}, v${i}${needs});\n` : "";

  if (isFixed(slot)) {
    const reading = `const v${i} = read${i}(bytes, at + ${offset}, end);\n`;
    return {
      functions,
      end: isNeeded ? reading : "",
      read: isNeeded || !field.derived ? reading : "",
      write: writing(`at + ${offset}`),
      length: "",
    };
  }
  const measuring = `const n${i} = ${field.size ?? `measure${i}(bytes, o, end${needs})`};\n`;
  const reading = `const v${i} = read${i}(bytes, o, o + n${i}${needs});\n`;
  const moving = `o += n${i};\n`;
  return {
    functions,
    end: `${measuring}if (n${i} < 0 || o + n${i} > end) return -1;\n${isNeeded ? reading : ""}${moving}`,
    read: measuring + reading + moving,
    write: `${writing("o")}o += ${field.size ?? `length${i}(v${i})`};\n`,
    length: ` + ${field.size ?? `length${i}(values.${name})`}`,
  };
}
