/**
 * Writes the three programs, each one file that runs with nothing beside it: dist/mip4-fa, -mn, -ha.
 *
 *   node build/scripts/bundle.js [--out DIR]
 *
 * Run in the project's root after `tsc`. The command line stands in the file as it is; what only some
 * commands need (the protocol itself, the configuration's schema, `decode`, the client of Redis) is
 * packed and loaded when a command needs it (scripts/bundle/loader.ts). Names are shortened, a third of
 * the size; the source maps beside each program (which needs them for nothing) make a stack trace
 * from a router readable: `node build/scripts/trace.js fa <TRACE`. The metafile of each bundle is
 * written to build/meta-*.json: what weighs how much.
 */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { split } from "./bundle/chunks.ts";
import { licenceComment } from "./bundle/licences.ts";
import { programFile } from "./bundle/program-file.ts";

/** Octets of one program, native helpers for four CPUs included: routers have little flash. */
const BUDGETS = { fa: 330_000, mn: 340_000, ha: 400_000 };
const ROLES = ["fa", "mn", "ha"] as const;

/** Octets that every command loads: a schema or a protocol among them has come in by mistake. */
const PLAIN_BUDGET = 50_000;

async function bundle(role: (typeof ROLES)[number], out: string): Promise<Buffer> {
  const parts = await split(`${role}/main.ts`);
  const comment = licenceComment(parts.metafile);
  const { octets, plainOctets, maps } = await programFile(`mip4-${role}`, parts, comment);
  if (plainOctets > PLAIN_BUDGET) {
    throw new Error(
      `mip4-${role}: every command loads ${plainOctets} octets, at most ${PLAIN_BUDGET}`,
    );
  }
  const file = join(out, `mip4-${role}`);
  writeFileSync(`${file}.map`, JSON.stringify(maps));
  // In one step: who starts the old one meanwhile gets the whole of it.
  writeFileSync(`${file}.new`, octets, { mode: 0o755 });
  renameSync(`${file}.new`, file);
  writeFileSync(join("build", `meta-${role}.json`), JSON.stringify(parts.metafile));
  return octets;
}

const out = process.argv[2] === "--out" ? (process.argv[3] ?? "dist") : "dist";
mkdirSync(out, { recursive: true });
mkdirSync("build", { recursive: true });
// Inside this checkout, whose package.json says "module", the bundles are CommonJS all the same.
writeFileSync(join(out, "package.json"), '{ "type": "commonjs" }\n');
for (const role of ROLES) {
  const whole = await bundle(role, out);
  const size = whole.length;
  const budget = BUDGETS[role];
  const share = Math.round((size / budget) * 100);
  const weight = `${size} octets, ${gzipSync(whole, { level: 9 }).length} gzipped`;
  console.log(`${join(out, `mip4-${role}`)}  ${weight}, ${share} % of the budget`);
  if (size > budget) {
    console.error(`mip4-${role} is over its budget of ${budget} octets`);
    process.exitCode = 1;
  }
}
