/** The esbuild plugin that puts version, boards and what is compiled of C into a program. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** The program's loader has these by name (program-file.ts). */
export const FILE = "octets:";
const BOARDS = `${FILE}boards`;

function versionModule(): string {
  const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"));
  const { version } = manifest as { readonly version: string };
  return `export const version = () => ${JSON.stringify(version)};`;
}

/** One file: the texts are much alike. */
function boardTexts(): Buffer {
  const boards = readdirSync("board-configs")
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .map((file) => [
      file.slice(0, -".toml".length),
      readFileSync(join("board-configs", file), "utf8"),
    ]);
  return Buffer.from(JSON.stringify(boards));
}

const BOARDS_MODULE = `export const boardFiles = () => JSON.parse(require("${BOARDS}").toString());`;

/** A bundle without a helper would be useless on a router: that is an error. */
function nativeNames(directory: string): readonly string[] {
  const files = existsSync(directory)
    ? readdirSync(directory).filter((file) => /\.(?:node|o)$/.test(file))
    : [];
  if (files.some((file) => file.endsWith(".node"))) return files.sort();
  throw new Error(`no native helper in ${directory}: run scripts/build-native.sh first`);
}

function nativeModule(names: readonly string[]): string {
  return `const names = ${JSON.stringify(names)};
export const nativeFileNames = () => names;
export const nativeFile = (name) => names.includes(name) ? require("${FILE}" + name) : undefined;`;
}

export interface Embedding {
  readonly plugin: Plugin;
  /** What the modules put in ask the loader for, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Replaces shared/service/embedded/*.ts and shared/linux/native-files.ts, with the same exports. */
export function embedding(native = join("build", "native")): Embedding {
  const names = nativeNames(native);
  const files = new Map([
    [BOARDS, boardTexts()],
    ...names.map((name): [string, Buffer] => [`${FILE}${name}`, readFileSync(join(native, name))]),
  ]);
  const modules: readonly (readonly [path: string, contents: () => string])[] = [
    ["service/embedded/version", versionModule],
    ["service/embedded/boards", () => BOARDS_MODULE],
    ["linux/native-files", () => nativeModule(names)],
  ];
  return {
    files,
    plugin: {
      name: "embed",
      setup(builder) {
        for (const [path, contents] of modules) {
          const filter = new RegExp(`[/\\\\]${path.replaceAll("/", "[/\\\\]")}\\.[jt]s$`);
          builder.onLoad({ filter }, () => ({ contents: contents(), loader: "js" }));
        }
      },
    },
  };
}
