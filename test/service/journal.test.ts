/** The journal: what a crash, a damaged file and a full disk do to it. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { Json } from "../../shared/base/result.ts";
import { COMPACT_MIN_GARBAGE, Journal } from "../../shared/service/runtime/journal.ts";
import { type JournalFiles, realFiles } from "../../shared/service/runtime/journal-files.ts";

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "mip4-journal-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "state", "ha.journal");
}

function loaded(path: string): { entries: Map<string, Json>; damaged: number; journal: Journal } {
  const journal = new Journal(path);
  const { damaged } = journal.load();
  void journal.close();
  return { entries: new Map(journal.entries()), damaged, journal };
}

const RECORDS: readonly (readonly [string, Json])[] = [
  ["binding/10.1.0.7", { careOf: "192.0.2.1", note: "ü\n" }],
  ["binding/10.1.0.8", { careOf: "192.0.2.1" }],
  ["replay/10.1.0.7", "00ff"],
  ["binding/10.1.0.7", { careOf: "192.0.2.2" }],
  ["binding/10.1.0.8", null],
];

/** What holds after the first `count` records. */
function valuesAfter(count: number): Map<string, Json> {
  const values = new Map<string, Json>();
  for (const [key, value] of RECORDS.slice(0, count)) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
  return values;
}

function written(path: string): Buffer {
  const journal = new Journal(path);
  journal.load();
  for (const record of RECORDS) journal.append([record]);
  assert.equal(journal.error, undefined);
  void journal.close();
  return readFileSync(path);
}

test("journal: the last value of each key comes back, null forgets it, the file is private", (t) => {
  const path = place(t);
  written(path);
  const { entries, damaged } = loaded(path);
  assert.deepEqual(entries, valuesAfter(5));
  assert.equal(damaged, 0);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("journal: no file is an empty journal, and nothing is created before there is something to keep", (t) => {
  const path = place(t);
  const { entries, damaged, journal } = loaded(path);
  assert.deepEqual([entries.size, damaged, journal.error], [0, 0, undefined]);
  assert.throws(() => statSync(path));
});

test("journal: torn at any octet, every record before the tear comes back and writing goes on", (t) => {
  const path = place(t);
  const whole = written(path);
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const journal = new Journal(path);
    const { damaged } = journal.load();
    const lines = whole.subarray(0, length).toString("latin1").split("\n").length - 1;
    const isTorn = length > 0 && whole[length - 1] !== 0x0a;
    assert.deepEqual(new Map(journal.entries()), valuesAfter(Math.max(0, lines - 1)));
    assert.equal(damaged, isTorn ? 1 : 0);
    journal.append([["next", length]]);
    void journal.close();
    const again = loaded(path);
    assert.equal(again.damaged, 0);
    assert.equal(again.entries.get("next"), length);
    assert.equal(again.entries.size, valuesAfter(Math.max(0, lines - 1)).size + 1);
  }
});

test("journal: any flipped bit spoils its own record at most, and is reported", async (t) => {
  const path = place(t);
  const whole = written(path);
  for (let at = 0; at < whole.length * 8; at++) {
    const damaged = Buffer.from(whole);
    damaged[at >>> 3] = (damaged[at >>> 3] ?? 0) ^ (1 << (at & 7));
    writeFileSync(path, damaged);
    const journal = new Journal(path);
    const { damaged: count } = journal.load();
    const result = { entries: new Map(journal.entries()), damaged: count };
    await journal.compact();
    await journal.close();
    assert.ok(result.damaged >= 1 && result.damaged <= 2, `bit ${at}: ${result.damaged}`);
    // Whatever is there was written for that key once.
    for (const [key, value] of result.entries) {
      const isOnes = RECORDS.some(
        ([k, v]) => k === key && JSON.stringify(v) === JSON.stringify(value),
      );
      assert.ok(isOnes, `bit ${at}: ${key}`);
    }
    assert.equal(loaded(path).damaged, 0, "the file was rewritten");
  }
});

test("journal: arbitrary octets never make it fail", (t) => {
  const path = place(t);
  written(path);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      writeFileSync(path, bytes);
      const { entries, journal } = loaded(path);
      assert.equal(entries.size, 0);
      assert.equal(journal.error, undefined);
    }),
    { numRuns: 200 },
  );
});

test("journal: a file of superseded records is rewritten, and holds the same", async (t) => {
  const path = place(t);
  const journal = new Journal(path);
  journal.load();
  let rewritten = 0;
  for (let i = 0; i < 3 * COMPACT_MIN_GARBAGE; i++) {
    journal.append([[`key ${i % 3}`, i]]);
    if (journal.needsCompaction()) {
      await journal.compact();
      rewritten++;
    }
  }
  await journal.close();
  assert.equal(rewritten, 2);
  assert.ok(readFileSync(path, "utf8").split("\n").length <= COMPACT_MIN_GARBAGE + 5);
  const last = 3 * COMPACT_MIN_GARBAGE - 1;
  assert.deepEqual(
    [...loaded(path).entries.values()].sort((a, b) => Number(a) - Number(b)),
    [last - 2, last - 1, last],
  );
});

class FailingDisk implements JournalFiles {
  /** Octets that still fit. */
  room = Number.POSITIVE_INFINITY;
  canReplace = true;
  read = realFiles.read;
  open = realFiles.open;
  create = realFiles.create;
  syncDirectory = realFiles.syncDirectory;
  remove = realFiles.remove;
  truncate = realFiles.truncate;
  sync = realFiles.sync;
  close = realFiles.close;

  write(handle: number, bytes: Uint8Array, position: number): void {
    const fits = Math.min(bytes.length, this.room);
    realFiles.write(handle, bytes.subarray(0, fits), position);
    this.room -= fits;
    if (fits < bytes.length) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  }

  rename(from: string, to: string): void {
    if (!this.canReplace) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    realFiles.rename(from, to);
  }
}

test("journal: a disk that is full after any number of octets is reported, and nothing is lost once there is room", (t) => {
  const path = place(t);
  const total = written(path).length;
  for (let room = 0; room < total; room++) {
    rmSync(path);
    const disk = new FailingDisk();
    disk.room = room;
    const journal = new Journal(path, disk);
    journal.load();
    for (const record of RECORDS) journal.append([record]);
    assert.match(journal.error ?? "", /ha\.journal: ENOSPC$/);
    // A crash now: what is in the file is a prefix, torn at worst.
    const crashed = new Journal(path, { ...realFiles, create: () => assert.fail() });
    assert.ok(crashed.load().damaged <= 1);
    disk.room = Number.POSITIVE_INFINITY;
    journal.retry();
    assert.equal(journal.error, undefined);
    void journal.close();
    const { entries, damaged } = loaded(path);
    assert.deepEqual([entries, damaged], [valuesAfter(5), 0]);
  }
});

test("journal: a rewrite that fails leaves the old file in use, and is not tried at every step", async (t) => {
  const path = place(t);
  const disk = new FailingDisk();
  const journal = new Journal(path, disk);
  journal.load();
  disk.canReplace = false;
  for (let i = 0; i <= COMPACT_MIN_GARBAGE + 1; i++) journal.append([["key", i]]);
  assert.equal(journal.needsCompaction(), true);
  await journal.compact();
  assert.match(journal.error ?? "", /ENOSPC/);
  assert.equal(journal.needsCompaction(), false);
  assert.throws(() => statSync(`${path}.new`), "nothing is left beside it");
  journal.append([["key", "newest"]]);
  assert.equal(journal.error, undefined);
  await journal.close();
  assert.deepEqual(loaded(path).entries, new Map([["key", "newest"]]));
});

test("journal: a path that cannot be written is reported, and goes on in memory", (t) => {
  const path = place(t);
  const journal = new Journal("/proc/mip4/none.journal");
  journal.load();
  journal.append(RECORDS);
  assert.match(journal.error ?? "", /ENOENT|EACCES|EPERM/);
  assert.deepEqual(new Map(journal.entries()), valuesAfter(5));
  assert.equal(statSync(join(path, "..", "..")).isDirectory(), true);
});

test("journal: a really full disk (a tmpfs of 64 KiB) stops nothing, and room brings everything back", () => {
  const child = fileURLToPath(new URL("./journal-full-disk.js", import.meta.url));
  const script = 'mount -t tmpfs -o size=64k none /mnt && exec "$1" "$2" /mnt';
  const output = execFileSync(
    "unshare",
    ["-Urm", "sh", "-c", script, "sh", process.execPath, child],
    { encoding: "utf8" },
  );
  assert.deepEqual(JSON.parse(output), {
    full: "/mnt/ha.journal: ENOSPC",
    after: null,
    keys: 400,
    damaged: 0,
  });
});
