/** The Debian packages: what is in them; installed, run and removed in a root of their own. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programs } from "../../scripts/docs/programs.ts";
import { version } from "../../shared/service/embedded/version.ts";
import { controlOf, directory, filesOf, live, packagesOf, unpackedPackages } from "./unpacked.ts";

const { of } = unpackedPackages("debian");

for (const { name, role, commands } of programs) {
  test(`Debian: ${name} holds program, unit, manual pages, completions and an example`, () => {
    const out = of(name);
    const control = controlOf(out);
    assert.equal(control.get("Version"), version());
    assert.equal(control.get("Depends"), `nodejs (>= 20.19), mip4-common (= ${version()})`);
    const files = filesOf(out);
    for (const file of [
      `755 usr/bin/${name}`,
      `644 usr/lib/systemd/system/${name}.service`,
      `644 usr/share/man/man8/${name}.8.gz`,
      `644 usr/share/man/man5/${name}.toml.5.gz`,
      `644 usr/share/bash-completion/completions/${name}`,
      `644 usr/share/zsh/vendor-completions/_${name}`,
      `644 usr/share/fish/vendor_completions.d/${name}.fish`,
      `644 usr/share/doc/${name}/examples/${role}.toml`,
      `644 usr/share/doc/${name}/copyright`,
    ]) {
      assert.ok(files.includes(file), file);
    }
  });

  test(`Debian: the example of ${name} is a configuration that it takes`, () => {
    const example = join(of(name), `data/usr/share/doc/${name}/examples/${role}.toml`);
    const key = "00112233445566778899aabbccddeeff";
    const text = readFileSync(example, "utf8").replace(/key_file = .*/g, `key = "${key}"`);
    const file = join(directory, `${role}.toml`);
    const careOf = 'name = "lan0"\ncare_of_address = "192.0.2.1"';
    writeFileSync(file, text.replace(/name = "lan0".*/, careOf));
    const { status, stderr } = spawnSync(process.execPath, [
      `dist/${name}`,
      "check",
      "--config",
      file,
    ]);
    assert.equal(status, 0, String(stderr));
  });

  test(`Debian: man shows the pages of ${name} without a warning, every command and key in them`, () => {
    const man = (page: string): string => {
      const { status, stdout, stderr } = spawnSync(
        "man",
        ["--warnings", "-l", join(of(name), "data/usr/share/man", page)],
        { encoding: "utf8", env: { ...process.env, MANWIDTH: "200", LC_ALL: "C.UTF-8" } },
      );
      assert.deepEqual([status, stderr], [0, ""]);
      return stdout;
    };
    const page = man(`man8/${name}.8.gz`);
    for (const command of commands) assert.match(page, new RegExp(`^ +${command.name}$`, "m"));
    assert.match(man(`man5/${name}.toml.5.gz`), /rule_priority\s+\(whole number/);
  });

  test(`Debian: bash completes commands, options and boards of ${name}`, () => {
    const script = join(of(name), `data/usr/share/bash-completion/completions/${name}`);
    const complete = (...words: string[]): string[] => {
      const list = [name, ...words].map((word) => `'${word}'`).join(" ");
      const run = `. ${script}; ${name}() { dist/${name} "$@"; }
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _${name.replace("-", "_")}; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", run], { encoding: "utf8" }).stdout.trim().split("\n");
    };
    assert.deepEqual(complete("stat"), ["status"]);
    assert.deepEqual(complete("check", "--b"), ["--board"]);
    assert.deepEqual(complete("check", "--board", "turris"), [""]);
    assert.deepEqual(complete("check", "--board", "cznic"), ["cznic-turris-omnia"]);
  });
}

test("Debian: systemd takes the units, and calls their exposure at most medium", () => {
  const root = join(directory, "units");
  mkdirSync(root, { recursive: true });
  const units = programs.map(({ name }) => {
    const unit = join(root, `${name}.service`);
    cpSync(join(of(name), `data/usr/lib/systemd/system/${name}.service`), unit);
    // What is to be run is not installed here.
    writeFileSync(
      unit,
      readFileSync(unit, "utf8").replace("/usr/bin/mip4-", `${process.execPath} `),
    );
    return unit;
  });
  const run = (...words: string[]) =>
    spawnSync("systemd-analyze", words, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  const verify = run("verify", "--man=no", ...units);
  assert.deepEqual([verify.status, verify.stderr], [0, ""]);
  for (const unit of units) {
    const security = run("security", "--offline=true", "--threshold=40", "--no-pager", unit);
    assert.equal(security.status, 0, security.stdout);
  }
});

test("NetworkManager: a node that failed registers when a network is usable, one told to stay away does not", () => {
  const script = join(of("mip4-mn"), "data/usr/lib/NetworkManager/dispatcher.d/90-mip4-mn");
  const state = join(directory, "mn.state");
  const called = (mnState: string, action: string, connectivity = ""): boolean => {
    const log = join(directory, "called");
    writeFileSync(log, "");
    writeFileSync(state, `1 0 x\n{"state":"${mnState}"}\n`);
    writeFileSync(join(directory, "mip4-mn"), `#!/bin/sh\necho "$1" >${log}\n`, { mode: 0o755 });
    spawnSync("sh", ["-c", `sh ${script} wlan0 ${action}; sleep 0.2`], {
      env: {
        ...process.env,
        PATH: `${directory}:${process.env.PATH}`,
        MIP4_STATE: state,
        CONNECTIVITY_STATE: connectivity,
      },
    });
    return readFileSync(log, "utf8") === "register\n";
  };
  assert.equal(called("failed", "up"), true);
  assert.equal(called("searching", "connectivity-change", "FULL"), true);
  assert.equal(called("failed", "connectivity-change", "PORTAL"), false);
  assert.equal(called("failed", "down"), false);
  assert.equal(called("registered", "up"), false);
  assert.equal(called("deregistered", "up"), false);
});

test("Debian: installed, run as the unit runs it, and purged without a trace", () => {
  const seen = live("deb-life.sh", packagesOf("debian"));
  assert.equal(seen.get("installed"), "4");
  assert.equal(seen.get("directory"), "yes");
  assert.equal(seen.get("status"), '"state":"ready"');
  assert.equal(seen.get("health"), "OK: mip4-fa: ready");
  assert.equal(seen.get("ended"), "0");
  assert.equal(seen.get("socket"), "gone");
  assert.equal(seen.get("left"), "");
});
