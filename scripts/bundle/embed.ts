/** The esbuild plugin that puts version and boards into a program. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "esbuild";

function versionModule(): string {
  const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"));
  const { version } = manifest as { readonly version: string };
  return `export const version = () => ${JSON.stringify(version)};`;
}

/** Unpacked only where a board is asked for; the texts are much alike. */
function boardsModule(): string {
  const boards = readdirSync("board-configs")
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .map((file) => [
      file.slice(0, -".toml".length),
      readFileSync(join("board-configs", file), "utf8"),
    ]);
  const packed = gzipSync(JSON.stringify(boards), { level: 9 }).toString("base64");
  return `import { gunzipSync } from "node:zlib";
export const boardFiles = () => JSON.parse(gunzipSync(Buffer.from("${packed}", "base64")));`;
}

/** Replaces shared/service/embedded/*.ts, with the same exports. */
export function embedFiles(): Plugin {
  return {
    name: "embed-files",
    setup(builder) {
      const replace = (name: string, contents: () => string): void => {
        const filter = new RegExp(`[/\\\\]service[/\\\\]embedded[/\\\\]${name}\\.[jt]s$`);
        builder.onLoad({ filter }, () => ({ contents: contents(), loader: "js" }));
      };
      replace("version", versionModule);
      replace("boards", boardsModule);
    },
  };
}
