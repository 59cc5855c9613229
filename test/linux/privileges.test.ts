/** What a process gives up: capabilities of its own, in a child that is its user already. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findUser } from "../../shared/linux/privileges.ts";

const program = fileURLToPath(new URL("./privileges-child.js", import.meta.url));

test("a user is found in /etc/passwd by name and by number", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "mip4-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const passwd = join(directory, "passwd");
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nmip4:x:990:991::/:/usr/sbin/nologin\n");
  const mip4 = { name: "mip4", uid: 990, gid: 991 };
  assert.deepEqual([findUser("mip4", passwd), findUser("990", passwd)], [mip4, mip4]);
  assert.equal(findUser("mip", passwd), undefined);
});

/** What a child says that is told what to give up: root of a user namespace of its own. */
function confined(privileges: object) {
  const node = [process.execPath, "--expose-gc", program, JSON.stringify(privileges)];
  const { pid, stdout, status } = spawnSync("unshare", ["--user", "--map-root-user", ...node], {
    encoding: "utf8",
    env: { ...process.env, MARK: "of ours" },
  });
  assert.equal(status, 0);
  return { pid, said: JSON.parse(stdout) };
}

test("the memory is hidden from core files and debuggers", () => {
  assert.equal(execFileSync(process.execPath, [program], { encoding: "utf8" }), "1 0\n");
});

test("root starts again as the same process with the same words, and no thread has more than three capabilities", () => {
  for (const privileges of [{ drop: true }, { drop: true, user: "root" }]) {
    const { pid, said } = confined(privileges);
    assert.deepEqual(said, {
      pid,
      execArgv: ["--expose-gc"],
      words: [JSON.stringify(privileges)],
      mark: "of ours",
      dumpable: 0,
      capabilities: ["Eff", "Inh", "Prm"].map((set) => `${set} 0000000000003400`),
    });
  }
});

test("root that is told to keep its capabilities keeps them, and hides its memory all the same", () => {
  const { capabilities, dumpable } = confined({ drop: false }).said;
  assert.equal(dumpable, 0);
  // CAP_SYS_ADMIN is one of them.
  const permitted = capabilities.find((line: string) => line.startsWith("Prm"));
  assert.notEqual(BigInt(`0x${permitted.slice(4)}`) & (1n << 21n), 0n);
});
