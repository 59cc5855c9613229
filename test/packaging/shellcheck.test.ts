/** Every shell script of the packages passes shellcheck and is read by BusyBox's ash. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ash } from "./shell.ts";

/** Sourced by others, so without a first line that says what they are. */
const SOURCED = /\/lib\/functions\//;

const scripts = readdirSync("packaging", { recursive: true, encoding: "utf8" })
  .map((name) => join("packaging", name))
  .filter((path) => statSync(path).isFile())
  .filter((path) => SOURCED.test(path) || /^#! ?\/bin\/sh/.test(readFileSync(path, "utf8")))
  .sort();

test("packages: every shell script passes shellcheck, as POSIX sh with local", () => {
  assert.ok(scripts.length > 0);
  // SC3043: local is in every shell that runs these; SC1091, SC2034, SC2154: variables and files of OpenWrt's.
  const options = ["--shell=sh", "--exclude=SC3043,SC1091,SC2034,SC2154", "--severity=style"];
  const { status, stdout } = spawnSync("shellcheck", [...options, ...scripts], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout);
});

for (const script of scripts) {
  test(`${script}: BusyBox ash reads it`, () => {
    const { code, err } = ash(["-n", script]);
    assert.equal(code, 0, err);
  });
}
