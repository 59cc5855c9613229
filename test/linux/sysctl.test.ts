/** Settings and their originals, on a folder instead of /proc/sys. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { IoError } from "../../shared/linux/packet-io.ts";
import { Sysctls } from "../../shared/linux/sysctl.ts";

const PATH = "net/ipv4/ip_forward";
let root = "";
let file = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mip4-sysctl-"));
  file = join(root, "state", "ha.sysctl");
  mkdirSync(join(root, "net/ipv4"), { recursive: true });
  writeFileSync(join(root, PATH), "0\n");
});

afterEach(() => rmSync(root, { recursive: true }));

function value(): string {
  return readFileSync(join(root, PATH), "utf8").trim();
}

test("a changed setting is put back, and nothing is left of it", () => {
  const sysctls = new Sysctls({ file, root });
  sysctls.set(PATH, "1");
  assert.equal(value(), "1");
  assert.deepEqual(sysctls.changed(), [PATH]);
  sysctls.restore(PATH);
  assert.equal(value(), "0");
  assert.equal(existsSync(file), false);
});

test("the original survives the process", () => {
  new Sysctls({ file, root }).set(PATH, "1");
  const next = new Sysctls({ file, root });
  next.load();
  assert.deepEqual(next.changed(), [PATH]);
  next.set(PATH, "2");
  next.restore(PATH);
  assert.equal(value(), "0");
});

test("a setting that is as wanted already is left alone for ever", () => {
  const sysctls = new Sysctls({ file, root });
  sysctls.set(PATH, "0");
  writeFileSync(join(root, PATH), "1");
  sysctls.restore(PATH);
  assert.equal(value(), "1");
  assert.equal(existsSync(file), false);
});

test("a setting of an interface that is gone: setting fails with its name, restoring does not", () => {
  const sysctls = new Sysctls({ file, root });
  const missing = "net/ipv4/conf/gone0/arp_ignore";
  assert.throws(
    () => sysctls.set(missing, "1"),
    (error) => {
      return error instanceof IoError && error.code === "ENOENT" && error.message.includes("gone0");
    },
  );
  sysctls.set(PATH, "1");
  rmSync(join(root, PATH));
  sysctls.restore(PATH);
  assert.deepEqual(sysctls.changed(), []);
});

test("a file that is no map of settings is ignored, and leads nowhere else", () => {
  mkdirSync(join(root, "state"));
  for (const text of [
    "",
    "null",
    "[1]",
    "{",
    '{"../../etc/x":"1","kernel/x":"1","net/ipv4/y":1}',
  ]) {
    writeFileSync(file, text);
    const sysctls = new Sysctls({ file, root });
    sysctls.load();
    assert.deepEqual(sysctls.changed(), []);
  }
});
