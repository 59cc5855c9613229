/** Run by journal.test.ts in a mount namespace of its own: fills a small disk with a journal. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Journal } from "../../shared/service/runtime/journal.ts";

const directory = process.argv[2] ?? "";
const ballast = join(directory, "ballast");
const path = join(directory, "ha.journal");
writeFileSync(ballast, new Uint8Array(32 * 1024));
const journal = new Journal(path);
journal.load();
for (let i = 0; i < 400; i++) journal.append([[`key ${i}`, "x".repeat(80)]]);
const full = journal.error;
rmSync(ballast);
journal.retry();
const after = journal.error ?? null;
await journal.close();
const again = new Journal(path);
const { damaged } = again.load();
console.log(JSON.stringify({ full, after, keys: again.entries().length, damaged }));
