/**
 * Writes the three programs, each one file that runs with nothing beside it: dist/mip4-fa, -mn, -ha.
 *
 *   node build/scripts/bundle.js [--out DIR]
 *
 * Run in the project's root after `tsc`. Names are shortened, a third of the size; the source map
 * beside each program (which needs it for nothing) makes a stack trace from a router readable:
 * `node build/scripts/trace.js fa <TRACE`. The metafile of each bundle is written to
 * build/meta-*.json, where the architecture test reads the import edges.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile, type Plugin } from "esbuild";
import { embedNative } from "./embed-native.ts";

/** Octets of one bundle, native helpers included: routers have little flash. */
const BUDGET = 650_000;
/** A home agent is no small router, and a fifth of it is the client of Redis. */
const BUDGETS = { fa: BUDGET, mn: BUDGET, ha: BUDGET + 200_000 };
const ROLES = ["fa", "mn", "ha"] as const;
/** Development machines load these from node_modules; a bundle works without them. */
const NOT_BUNDLED = ["raw-socket", "@xiaobaidadada/node-tuntap2-wintun"];

/** Puts version and boards in the place of shared/service/embedded.ts, with the same exports. */
function embedFiles(): Plugin {
  return {
    name: "embed-files",
    setup(builder) {
      builder.onLoad({ filter: /[/\\]service[/\\]embedded\.[jt]s$/ }, () => {
        const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"));
        const { version } = manifest as { readonly version: string };
        const boards = readdirSync("board-configs")
          .filter((file) => file.endsWith(".toml"))
          .sort()
          .map((file) => [
            file.slice(0, -".toml".length),
            readFileSync(join("board-configs", file), "utf8"),
          ]);
        // Unpacked only where a board is asked for; the texts are much alike.
        const packed = gzipSync(JSON.stringify(boards), { level: 9 }).toString("base64");
        const contents = `import { gunzipSync } from "node:zlib";
export const version = () => ${JSON.stringify(version)};
export const boardFiles = () => JSON.parse(gunzipSync(Buffer.from("${packed}", "base64")));
`;
        return { contents, loader: "js" as const };
      });
    },
  };
}

/** The licence texts of the packages that a bundle holds, as its last comment. */
function licenceComment(metafile: Metafile): string {
  const packages = Object.keys(metafile.inputs).flatMap((input) => {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  const texts = [...new Set(packages)].sort().map((name) => {
    const directory = join("node_modules", name);
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`no licence file in ${directory}`);
    return `${name}\n\n${readFileSync(join(directory, file), "utf8").trim()}`;
  });
  const own = existsSync("LICENSE") ? "mip4: Apache-2.0, see LICENSE" : "mip4: Apache-2.0";
  const comment = [own, ...texts].join("\n\n----\n\n").replaceAll("*/", "* /");
  return `/*! Licences\n\n${comment}\n*/\n`;
}

async function bundle(
  role: (typeof ROLES)[number],
  out: string,
): Promise<{ readonly size: number; readonly codec: number }> {
  const result = await build({
    entryPoints: [`${role}/main.ts`],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    banner: { js: "#!/usr/bin/env node" },
    minify: true,
    sourcemap: "external",
    sourcesContent: false,
    outfile: join(out, `mip4-${role}`),
    // An error at load time prints its line.
    lineLimit: 120,
    legalComments: "none",
    external: NOT_BUNDLED,
    plugins: [embedFiles(), embedNative()],
    logLevel: "warning",
  });
  const file = join(out, `mip4-${role}`);
  const output = (ending: string): string =>
    result.outputFiles.find(({ path }) => path.endsWith(`mip4-${role}${ending}`))?.text ?? "";
  const text = `${output("")}${licenceComment(result.metafile)}`;
  writeFileSync(`${file}.map`, output(".map"));
  // In one step: who starts the old one meanwhile gets the whole of it.
  writeFileSync(`${file}.new`, text, { mode: 0o755 });
  renameSync(`${file}.new`, file);
  writeFileSync(join("build", `meta-${role}.json`), JSON.stringify(result.metafile));
  return { size: Buffer.byteLength(text), codec: codecShare(result.metafile) };
}

/** Octets that the wire codec adds. */
function codecShare({ outputs }: Metafile): number {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs ?? {}));
  return inputs
    .filter(([path]) => path.startsWith("shared/wire/"))
    .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
}

const out = process.argv[2] === "--out" ? (process.argv[3] ?? "dist") : "dist";
mkdirSync(out, { recursive: true });
mkdirSync("build", { recursive: true });
// Inside this checkout, whose package.json says "module", the bundles are CommonJS all the same.
writeFileSync(join(out, "package.json"), '{ "type": "commonjs" }\n');
for (const role of ROLES) {
  const { size, codec } = await bundle(role, out);
  const budget = BUDGETS[role];
  const share = Math.round((size / budget) * 100);
  const weight = `${size} octets, ${share} % of the budget, ${codec} of them the wire codec`;
  console.log(`${join(out, `mip4-${role}`)}  ${weight}`);
  if (size > budget) {
    console.error(`mip4-${role} is over its budget of ${budget} octets`);
    process.exitCode = 1;
  }
}
