/** What a process gives up: capabilities of its own, in a child that is its user already. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findUser } from "../../shared/linux/privileges.ts";

test("a user is found in /etc/passwd by name and by number", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "mip4-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const passwd = join(directory, "passwd");
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nmip4:x:990:991::/:/usr/sbin/nologin\n");
  const mip4 = { name: "mip4", uid: 990, gid: 991 };
  assert.deepEqual([findUser("mip4", passwd), findUser("990", passwd)], [mip4, mip4]);
  assert.equal(findUser("mip", passwd), undefined);
});

test("the memory is hidden from core files and debuggers", () => {
  const program = fileURLToPath(new URL("./privileges-child.js", import.meta.url));
  assert.equal(execFileSync(process.execPath, [program], { encoding: "utf8" }), "1 0\n");
});
