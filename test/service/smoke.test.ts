/** Each program alone in an empty directory, on this Node and on a newer one. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../lab/root.ts";
import { bundle, execute } from "./execute.ts";
import { MINIMAL_FA, MINIMAL_HA, MINIMAL_MN, temporaryDirectory } from "./support.ts";

/** A Node of the next long-term line; the npm registry has its binaries as packages. */
const NEWER_NODE = "24.9.0";
const CONFIGURATIONS = { fa: MINIMAL_FA, mn: MINIMAL_MN, ha: MINIMAL_HA } as const;

/** Installs the newer Node once into .cache, or fails with the reason. */
function newerNode(): string {
  const name = `node-linux-${process.arch}`;
  const directory = join(PROJECT_ROOT, ".cache", `node-${NEWER_NODE}-${process.arch}`);
  const binary = join(directory, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  const words = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error"];
  try {
    execFileSync("npm", [...words, "--prefix", directory, `${name}@${NEWER_NODE}`], {
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 300_000,
    });
  } catch (error) {
    throw new Error(`Node ${NEWER_NODE} could not be had from the npm registry (offline?)`, {
      cause: error,
    });
  }
  return binary;
}

for (const role of ["fa", "mn", "ha"] as const) {
  for (const isNewer of [false, true]) {
    test(`mip4-${role} runs alone on ${isNewer ? `Node ${NEWER_NODE}` : "this Node"}`, async (t) => {
      const node = isNewer ? newerNode() : process.execPath;
      const directory = temporaryDirectory(t);
      const file = join(directory, `mip4-${role}`);
      copyFileSync(bundle(role), file);
      writeFileSync(join(directory, "c.toml"), CONFIGURATIONS[role]);
      const run = (...words: string[]) => execute(file, words, { node, directory });

      const version = await run("--version");
      assert.equal(version.code, 0, version.err);
      if (isNewer)
        assert.match(version.out, new RegExp(`node-v${NEWER_NODE.replaceAll(".", "\\.")}\n$`));
      const schema = await run("schema");
      assert.equal(schema.code, 0, schema.err);
      assert.equal(JSON.parse(schema.out).type, "object");
      const check = await run("check", "--config", "c.toml");
      assert.deepEqual([check.code, check.err], [0, ""]);
      assert.equal(JSON.parse(check.out).log.level, "info");
      assert.deepEqual(
        readdirSync(directory).sort(),
        ["c.toml", `mip4-${role}`],
        "nothing is left",
      );
    });
  }
}

test("a bundle run by its own first line needs no argument but the command", async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, "mip4-fa");
  copyFileSync(bundle("fa"), file);
  assert.equal((await execute(file, ["--version"], { directory })).code, 0);
});
