/**
 * A program's one file: `#!`, a few lines that read the file itself, and behind them, in a comment, the
 * loader (loader.ts) and the parts as octets: text in base64 would take a third more of the flash, and a
 * script's text stays in memory as long as any function of it. So the script itself has none that stays.
 */

import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import type { Split } from "./chunks.ts";
import type { Form, Place } from "./loader.ts";

const COMMENT = ["/*\n", "\n*/\n"] as const;

/** The loader, which makes a `require` of the places where the parts are and begins with the entry. */
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
  return (outputFiles[0]?.text ?? "").trim();
}

function pack(octets: Buffer): Buffer {
  return brotliCompressSync(octets, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: octets.length },
  });
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

/** Every part's content as it stands in the file. */
function contents(split: Split): [name: string, form: Form, content: Buffer][] {
  const plain = plainNames(split);
  return [
    ...split.chunks.map(({ name, code }): [string, Form, Buffer] => {
      const octets = Buffer.from(code, "latin1");
      return plain.has(name) ? [name, "plain", octets] : [name, "packed", pack(octets)];
    }),
    ...[...split.files].map(([name, octets]): [string, Form, Buffer] => [
      name,
      "octets",
      pack(octets),
    ]),
  ];
}

/**
 * Takes from octets each slash that would end the comment.
 *
 * @returns where they were: octets before the end of the file, if `behind` stand behind them.
 */
export function takeSlashes(octets: Buffer, behind: number): number[] {
  const places: number[] = [];
  for (let at = octets.indexOf("*/"); at >= 0; at = octets.indexOf("*/", at)) {
    octets[at + 1] = 0;
    places.push(octets.length + behind - (at + 1));
  }
  return places;
}

export interface ProgramFile {
  readonly octets: Buffer;
  /** Octets of what every command loads. */
  readonly plainOctets: number;
  /** The map of each part, by the file name that a stack trace has for it. */
  readonly maps: Readonly<Record<string, unknown>>;
}

export async function programFile(
  program: string,
  split: Split,
  comment: string,
): Promise<ProgramFile> {
  const [, close] = COMMENT;
  const parts = contents(split);
  let toEnd = parts.reduce((sum, [, , { length }]) => sum + length, close.length);
  const places = parts.map(([name, form, { length }]): [string, Place] => {
    const begin = toEnd;
    toEnd -= length;
    return [name, [form, begin, toEnd]];
  });
  const first = places[0]?.[1][1] ?? 0;
  const call = [program, "file", Object.fromEntries(places), "require"];
  const words = call.map((word) =>
    word === "file" || word === "require" ? word : JSON.stringify(word),
  );
  const start = `${await loaderCode()}loader.partsOf(${words.join()})(${JSON.stringify(split.entry)})`;
  const body = Buffer.concat([Buffer.from(start), ...parts.map(([, , content]) => content)]);
  const slashes = takeSlashes(body, close.length);
  const head = [
    "#!/usr/bin/env node",
    '"use strict";',
    'const file = require("node:fs").readFileSync(__filename);',
    `for (const at of ${JSON.stringify(slashes)}) file[file.length - at] = 47;`,
    `const start = file.toString("latin1", file.length - ${first + start.length}, file.length - ${first});`,
    `require("node:vm").compileFunction(start, ["file", "require"])(file, require);`,
  ].join("\n");
  const octets = Buffer.concat([
    Buffer.from(`${head}\n${comment}${COMMENT[0]}`),
    body,
    Buffer.from(close),
  ]);
  const maps = split.chunks.map(({ name, map }) => [
    `${program}/${name.slice("./".length)}`,
    JSON.parse(map),
  ]);
  const plainOctets = parts.reduce(
    (sum, [, form, { length }]) => sum + (form === "plain" ? length : 0),
    0,
  );
  return { octets, plainOctets, maps: Object.fromEntries(maps) };
}
