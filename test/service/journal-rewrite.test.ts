/** The journal is rewritten while it is in use: what a crash or a loss of power then leaves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json } from "../../shared/base/result.ts";
import { Journal } from "../../shared/service/runtime/journal.ts";
import { PowerDisk } from "./power-disk.ts";

const PATH = "/state/ha.journal";

/** What a file holds, read by a journal of its own. */
function entriesOf(content: Uint8Array | undefined): Map<string, Json> {
  const disk = new PowerDisk();
  if (content !== undefined) {
    const handle = disk.open(PATH);
    disk.write(handle, content, 0);
  }
  const journal = new Journal(PATH, disk);
  journal.load();
  return new Map(journal.entries());
}

/** One key is written by one writer, so what is there must be acknowledged, or newer. */
function assertKeeps(found: Map<string, Json>, durable: Map<string, number>, newest: number): void {
  for (const [key, value] of durable) {
    const there = found.get(key);
    assert.ok(typeof there === "number" && there >= value && there <= newest, `${key}: ${there}`);
  }
}

interface World {
  readonly disk: PowerDisk;
  readonly journal: Journal;
  readonly durable: Map<string, number>;
  newest: number;
}

/** Writes one value after another, and notes what was said to be durable. */
async function use(world: World, keys: readonly number[]): Promise<void> {
  for (const key of keys) {
    const value = ++world.newest;
    world.journal.append([[`key ${key}`, value]]);
    await world.journal.sync();
    if (world.journal.error === undefined) world.durable.set(`key ${key}`, value);
  }
}

test("journal: whatever is acknowledged while it is rewritten survives a loss of power at any moment", async () => {
  const keys = fc.array(fc.nat(600), { minLength: 5, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(keys, fc.nat(3), async (during, writers) => {
      const disk = new PowerDisk();
      const world: World = {
        disk,
        journal: new Journal(PATH, disk),
        durable: new Map(),
        newest: 0,
      };
      world.journal.load();
      const before = Array.from({ length: 700 }, (_, i) => [`key ${i}`, ++world.newest] as const);
      world.journal.append(before);
      await world.journal.sync();
      await disk.syncDirectory();
      for (const [key, value] of before) world.durable.set(key, value);
      let isOver = false;
      disk.before = () => {
        if (isOver) return;
        for (const content of disk.afterLoss(PATH)) {
          assertKeeps(entriesOf(content), world.durable, world.newest);
        }
      };
      const each = Math.ceil(during.length / (writers + 1));
      // Disjoint keys, or the order of two writers would decide.
      const parts = Array.from({ length: writers + 1 }, (_, w) =>
        during.slice(w * each, (w + 1) * each).map((key) => key * (writers + 1) + w),
      );
      await Promise.all([world.journal.compact(), ...parts.map((part) => use(world, part))]);
      isOver = true;
      assert.equal(world.journal.error, undefined);
      assertKeeps(entriesOf(disk.read(PATH)), world.durable, world.newest);
      await world.journal.close();
    }),
    { numRuns: 30 },
  );
});

test("journal: a rewrite that is broken off at any operation leaves a file with everything, and the process can go on", async () => {
  const operations = await countOperations();
  assert.ok(operations > 6, `${operations}`);
  for (let broken = 1; broken <= operations; broken++) {
    const { world, seen } = await rewriteWith((count, operation) => {
      // The old file's own writes and syncs go on working.
      if (count !== broken) return;
      throw Object.assign(new Error(operation), { code: "EIO" });
    });
    assert.ok(seen >= broken);
    world.disk.before = () => {};
    world.journal.retry();
    await use(world, [1, 2, 3]);
    assert.equal(world.journal.error, undefined, `operation ${broken}`);
    assertKeeps(entriesOf(world.disk.read(PATH)), world.durable, world.newest);
    await world.journal.close();
  }
});

async function rewriteWith(before: (count: number, operation: string) => void) {
  const disk = new PowerDisk();
  const world: World = { disk, journal: new Journal(PATH, disk), durable: new Map(), newest: 0 };
  await use(world, [1, 2, 3, 4, 1, 2]);
  let seen = 0;
  disk.before = (operation) => before(++seen, operation);
  await Promise.all([world.journal.compact(), use(world, [1, 5])]);
  return { world, seen };
}

async function countOperations(): Promise<number> {
  const { world, seen } = await rewriteWith(() => {});
  await world.journal.close();
  return seen;
}

test("journal: a rewrite of 100,000 records never keeps the loop for long, and a key forgotten meanwhile stays forgotten", async () => {
  const disk = new PowerDisk();
  const journal = new Journal(PATH, { ...methodsOf(disk), write: () => {} });
  const value = { home_address: "10.1.0.7", care_of_address: "192.0.2.1", lifetime: 1800 };
  journal.append(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, value] as const));
  let turns = 0;
  let isDone = false;
  const rewriting = journal.compact().then(() => {
    isDone = true;
  });
  while (!isDone) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await rewriting;
  assert.ok(turns > 300, `${turns} turns`);
  await journal.close();

  const small = new Journal(PATH, disk);
  small.append(Array.from({ length: 600 }, (_, i) => [`key ${i}`, i] as const));
  const compaction = small.compact();
  await new Promise((resolve) => setImmediate(resolve));
  small.append([
    ["key 0", null],
    ["key 599", null],
  ]);
  await compaction;
  const found = entriesOf(disk.read(PATH));
  assert.deepEqual([found.size, found.has("key 0"), found.has("key 599")], [598, false, false]);
  await small.close();
});

function methodsOf(disk: PowerDisk) {
  return {
    read: (path: string) => disk.read(path),
    open: (path: string) => disk.open(path),
    create: (path: string) => disk.create(path),
    truncate: (handle: number, size: number) => disk.truncate(handle, size),
    sync: (handle: number) => disk.sync(handle),
    rename: (from: string, to: string) => disk.rename(from, to),
    syncDirectory: () => disk.syncDirectory(),
    remove: (path: string) => disk.remove(path),
    close: (handle: number) => disk.close(handle),
  };
}

test("journal: closed in the middle of a rewrite it leaves the old file whole and nothing beside it", async () => {
  const disk = new PowerDisk();
  const journal = new Journal(PATH, disk);
  journal.append(Array.from({ length: 2000 }, (_, i) => [`key ${i}`, i] as const));
  const rewriting = journal.compact();
  await new Promise((resolve) => setImmediate(resolve));
  await journal.close();
  await rewriting;
  assert.equal(disk.read(`${PATH}.new`), undefined);
  assert.equal(entriesOf(disk.read(PATH)).size, 2000);
});
