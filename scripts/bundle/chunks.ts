/** A program as esbuild splits it: its entry, and a chunk for what each `import()` alone needs. */

import { basename } from "node:path";
import { build, type Metafile, transform } from "esbuild";
import { embedding, FILE } from "./embed.ts";

/** Development machines load these from node_modules; a program works without them. */
const NOT_BUNDLED = ["raw-socket", "@xiaobaidadada/node-tuntap2-wintun"];
const TARGET = "node20";
/** An error at load time prints its line. */
const LINE_LIMIT = 120;

export interface Chunk {
  /** As other chunks require it: `./run-JWWMQZWF.js`. */
  readonly name: string;
  /** CommonJS. */
  readonly code: string;
  /** The source map, JSON. */
  readonly map: string;
  /** Names of chunks that must be there before it. */
  readonly needs: readonly string[];
}

export interface Split {
  readonly entry: string;
  readonly chunks: readonly Chunk[];
  /** What is no code, by the name that the code requires it by. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly metafile: Metafile;
}

export async function split(entryPoint: string): Promise<Split> {
  const { plugin, files } = embedding();
  const { outputFiles, metafile } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    target: TARGET,
    minify: true,
    sourcemap: "inline",
    sourcesContent: false,
    outdir: "build/chunks",
    legalComments: "none",
    external: [...NOT_BUNDLED, `${FILE}*`],
    plugins: [plugin],
    logLevel: "warning",
  });
  const about = new Map(
    Object.entries(metafile.outputs).map(([path, one]) => [basename(path), one]),
  );
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }): Promise<Chunk> => {
      const name = basename(path);
      const imports = about.get(name)?.imports ?? [];
      const statically = imports.filter(
        ({ kind, external }) => kind === "import-statement" && !external,
      );
      return {
        name: `./${name}`,
        ...(await toCommonJs(text, path)),
        needs: statically.map((one) => `./${basename(one.path)}`),
      };
    }),
  );
  return { entry: "./main.js", chunks, files, metafile };
}

/** esbuild splits ECMAScript modules only, and one file that holds several is no such module. */
async function toCommonJs(
  text: string,
  sourcefile: string,
): Promise<{ readonly code: string; readonly map: string }> {
  return transform(text, {
    format: "cjs",
    platform: "node",
    target: TARGET,
    minify: true,
    sourcemap: "external",
    sourcesContent: false,
    sourcefile,
    lineLimit: LINE_LIMIT,
    // `import()` of a chunk becomes `require`.
    supported: { "dynamic-import": false },
    logLevel: "warning",
  });
}
