/** The project's TypeScript files as the architecture test sees them. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { type Token, tokenize } from "../../scripts/source-tokens.ts";

export const SOURCE_FOLDERS = ["fa", "mn", "ha", "shared", "test", "scripts"] as const;

export interface SourceFile {
  /** From the project's top: `shared/wire/control.ts`. */
  readonly path: string;
  readonly tokens: readonly Token[];
}

export function parseSource(path: string, text: string): SourceFile {
  return { path, tokens: tokenize(text) };
}

export function readSourceTree(root: string): SourceFile[] {
  return SOURCE_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
    .sort()
    .map((path) => parseSource(relative(root, path), readFileSync(path, "utf8")));
}

export interface Edge {
  readonly from: string;
  /** A path of the project, or a package (`zod`, `node:fs`). */
  readonly to: string;
  readonly line: number;
}

/**
 * Every import, export-from and dynamic import. Read from the source and not from a bundler's
 * metafile, because a bundler drops the imports of types, and those are dependencies too.
 */
export function importsOf({ path, tokens }: SourceFile): Edge[] {
  const code = tokens.filter((token) => token.kind !== "comment");
  return code.flatMap((token, index) => {
    if (token.kind !== "string") return [];
    const before = code[index - 1]?.text;
    const call = before === "(" && code[index - 2]?.text === "import";
    if (before !== "from" && before !== "import" && !call) return [];
    const local = token.text.startsWith(".");
    const to = local ? normalize(join(dirname(path), token.text)) : token.text;
    return [{ from: path, to, line: token.line }];
  });
}
