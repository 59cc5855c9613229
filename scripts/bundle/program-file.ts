/** A program's one file, out of its chunks: `#!`, the command line, the packed rest. */

import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import type { Chunk, Split } from "./chunks.ts";

/** The loader as a value named `loader`. */
async function loaderCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["scripts/bundle/loader.ts"],
    bundle: true,
    write: false,
    platform: "node",
    format: "iife",
    globalName: "loader",
    target: "node20",
    minify: true,
  });
  return outputFiles[0]?.text ?? "";
}

function pack(code: string): string {
  const octets = Buffer.from(code, "latin1");
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: octets.length };
  return brotliCompressSync(octets, { params }).toString("base64");
}

/** The entry and what it cannot do without. */
function plainNames({ entry, chunks }: Split): ReadonlySet<string> {
  const byName = new Map(chunks.map((chunk) => [chunk.name, chunk]));
  const names = new Set<string>();
  const add = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    for (const each of byName.get(name)?.needs ?? []) add(each);
  };
  add(entry);
  return names;
}

export interface ProgramFile {
  readonly text: string;
  /** Octets of what every command loads. */
  readonly plainOctets: number;
  /** The map of each file that a stack trace names: of the program itself, and of its parts. */
  readonly maps: Readonly<Record<string, unknown>>;
}

export async function programFile(program: string, split: Split): Promise<ProgramFile> {
  const names = plainNames(split);
  const isPlain = (chunk: Chunk): boolean => names.has(chunk.name);
  const lines = ["#!/usr/bin/env node", '"use strict";', (await loaderCode()).trim()];
  const maps: Record<string, unknown> = {};
  lines.push("const plain = {");
  const sections: { offset: { line: number; column: number }; map: unknown }[] = [];
  for (const { name, code, map } of split.chunks.filter(isPlain)) {
    lines.push(`${JSON.stringify(name)}(require, module, exports) {`);
    const line = lines.join("\n").split("\n").length;
    sections.push({ offset: { line, column: 0 }, map: JSON.parse(map) });
    lines.push(code.trim(), "},");
  }
  maps[program] = { version: 3, sections };
  lines.push("};", "const packed = {");
  for (const { name, code, map } of split.chunks.filter((chunk) => !isPlain(chunk))) {
    lines.push(`${JSON.stringify(name)}: () => "${pack(code)}",`);
    maps[`${program}/${name.slice("./".length)}`] = JSON.parse(map);
  }
  lines.push("};");
  const entry = JSON.stringify(split.entry);
  lines.push(`loader.partsOf(${JSON.stringify(program)}, { plain, packed }, require)(${entry});`);
  const plainOctets = split.chunks.filter(isPlain).reduce((sum, { code }) => sum + code.length, 0);
  return { plainOctets, text: `${lines.join("\n")}\n`, maps };
}
