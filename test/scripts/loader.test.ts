/** A program's file (scripts/bundle/program-file.ts), and how it gets at its parts (loader.ts). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { type Place, partsOf } from "../../scripts/bundle/loader.ts";
import { takeSlashes } from "../../scripts/bundle/program-file.ts";

const noOther = (name: string): never => {
  throw new Error(`nothing is called ${name}`);
};
const zlib = await import("node:zlib");
const builtin = (name: string) => (name === "node:zlib" ? zlib : noOther(name));

/** A file of these parts, as `require` of it: those of `packed` are compressed. */
function fileOf(packed: Record<string, string>, plain: Record<string, string> = {}) {
  const all = [
    ...Object.entries(packed).map(([name, code]) => ({
      name,
      form: name.startsWith("octets:") ? ("octets" as const) : ("packed" as const),
      content: brotliCompressSync(code),
    })),
    ...Object.entries(plain).map(([name, code]) => ({
      name,
      form: "plain" as const,
      content: Buffer.from(code),
    })),
  ];
  const behind = Buffer.from("the end");
  let toEnd = behind.length + all.reduce((sum, { content }) => sum + content.length, 0);
  const places = all.map(({ name, form, content }): [string, Place] => {
    toEnd -= content.length;
    return [name, [form, toEnd + content.length, toEnd]];
  });
  const octets = Buffer.concat([...all.map(({ content }) => content), behind]);
  return partsOf("mip4-xx", octets, Object.fromEntries(places), builtin);
}

test("a part is compiled once while somebody has it, under the program's and its own name", () => {
  const part = fileOf({ "./count.js": "exports.at = () => new Error().stack; exports.own = {};" });
  const first = part("./count.js") as { at: () => string; own: object };
  const second = part("./count.js") as { own: object };
  assert.equal(first.own, second.own);
  assert.match(first.at(), /mip4-xx\/count\.js:1:\d+/);
});

test("parts require each other and the system's modules; what there is not, is an error", () => {
  const part = fileOf(
    {
      "./a.js": 'exports.sum = require("./b.js").two + require("./c.js").three;',
      "./b.js": 'exports.two = require("node:zlib").constants.Z_SYNC_FLUSH;',
    },
    { "./c.js": "exports.three = 3;" },
  );
  assert.deepEqual(part("./a.js"), { sum: 5 });
  assert.throws(() => part("./d.js"), /nothing is called \.\/d\.js/);
});

test("what is no code comes as its octets", () => {
  const part = fileOf({ "octets:x64.node": "\u007fELF" });
  assert.deepEqual(part("octets:x64.node"), Buffer.from("\u007fELF"));
});

test("a part that nobody has any more is forgotten, and there again when it is needed", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const part = fileOf({ "./big.js": "exports.big = new Uint8Array(1000);" });
  const seen = new WeakRef((part("./big.js") as { big: object }).big);
  for (let round = 0; round < 50 && seen.deref() !== undefined; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  assert.equal(seen.deref(), undefined);
  assert.ok((part("./big.js") as { big: Uint8Array }).big.length === 1000);
});

test("no octets of a part end the comment that they stand in; each slash can be put back", () => {
  const whole = Buffer.from("*/ a */*/ **// */");
  const octets = Buffer.from(whole);
  const slashes = takeSlashes(octets, 4);
  assert.equal(octets.indexOf("*/"), -1);
  assert.equal(slashes.length, 5);
  const file = Buffer.concat([octets, Buffer.from("\n*/\n")]);
  for (const at of slashes) file[file.length - at] = 47;
  assert.deepEqual(file.subarray(0, whole.length), whole);
});
