/** Packages, built once for all tests of a file, and what is in them. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

/** A directory that goes when the tests of this file have ended. */
export const directory = mkdtempSync(join(tmpdir(), "mip4-packages-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Writes the packages of dist/'s bundles into `directory`. */
function buildPackages(): void {
  execFileSync(process.execPath, ["build/scripts/package.js", "--out", directory]);
}

export function packagesOf(system: "openwrt" | "debian"): string[] {
  const ending = system === "openwrt" ? ".ipk" : ".deb";
  return readdirSync(join(directory, system))
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(directory, system, file));
}

/** Unpacks into a directory of its own: `control` and `data`. */
function unpack(file: string): string {
  const name = /([^/]*)_[^/]*$/.exec(file)?.[1] ?? "";
  const out = join(directory, "unpacked", name);
  for (const part of ["control", "data"]) {
    mkdirSync(join(out, part), { recursive: true });
    if (file.endsWith(".deb")) {
      execFileSync("dpkg-deb", [part === "data" ? "-x" : "-e", file, join(out, part)]);
      continue;
    }
    const inner = execFileSync("tar", ["-xzOf", file, `./${part}.tar.gz`]);
    execFileSync("tar", ["-xzpf", "-", "-C", join(out, part)], { input: inner });
  }
  return out;
}

/** `Key: value` lines of a control file. */
export function controlOf(unpacked: string): Map<string, string> {
  const text = readFileSync(join(unpacked, "control", "control"), "utf8");
  return new Map(
    text
      .split("\n")
      .filter((line) => /^\S+:/.test(line))
      .map((line): [string, string] => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trim()];
      }),
  );
}

/** Builds and unpacks a system's packages before the tests of the file that calls it; where each is. */
export function unpackedPackages(system: "openwrt" | "debian"): {
  readonly all: ReadonlyMap<string, string>;
  readonly of: (name: string) => string;
} {
  const all = new Map<string, string>();
  before(() => {
    buildPackages();
    for (const file of packagesOf(system)) {
      const out = unpack(file);
      all.set(controlOf(out).get("Package") ?? "", out);
    }
  });
  const of = (name: string): string => {
    const out = all.get(name);
    if (out === undefined) throw new Error(`there is no package ${name}`);
    return out;
  };
  return { all, of };
}

/** Every file with its permissions, as `644 usr/...`. */
export function filesOf(unpacked: string): string[] {
  const data = join(unpacked, "data");
  return readdirSync(data, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(data, name)).isFile())
    .map((name) => `${(statSync(join(data, name)).mode & 0o777).toString(8)} ${name}`)
    .sort();
}

/** Runs one of the scripts beside this file in namespaces of its own: `NAME VALUE` lines. */
export function live(script: string, packages: readonly string[]): Map<string, string> {
  const words = ["-Urnm", "--pid", "--fork", "--kill-child", "sh", `test/packaging/${script}`];
  const { status, stdout, stderr } = spawnSync("unshare", [...words, directory, ...packages], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (status !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
  return new Map(
    stdout.split("\n").map((line): [string, string] => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
}
