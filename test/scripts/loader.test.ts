/** How a program gets at its parts (scripts/bundle/loader.ts). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { partsOf } from "../../scripts/bundle/loader.ts";

const pack = (source: string) => () => brotliCompressSync(source).toString("base64");
const noOther = (name: string): never => {
  throw new Error(`nothing is called ${name}`);
};

test("a part is compiled once while somebody has it, under the program's and its own name", () => {
  const packed = { "./count.js": pack("exports.at = () => new Error().stack; exports.own = {};") };
  const part = partsOf("mip4-xx", { plain: {}, packed }, noOther);
  const first = part("./count.js") as { at: () => string; own: object };
  const second = part("./count.js") as { own: object };
  assert.equal(first.own, second.own);
  assert.match(first.at(), /mip4-xx\/count\.js:1:\d+/);
});

test("parts require each other and the system's modules; what there is not, is an error", () => {
  const packed = {
    "./a.js": pack('exports.sum = require("./b.js").two + require("./c.js").three;'),
    "./b.js": pack('exports.two = require("node:path").sep.length + 1;'),
  };
  const plain = {
    "./c.js": (_: unknown, __: unknown, exports: object) => Object.assign(exports, { three: 3 }),
  };
  const builtin = (name: string) => (name === "node:path" ? { sep: "/" } : noOther(name));
  const part = partsOf("mip4-xx", { plain, packed }, builtin);
  assert.deepEqual(part("./a.js"), { sum: 5 });
  assert.throws(() => part("./d.js"), /nothing is called \.\/d\.js/);
});

test("a part that nobody has any more is forgotten, and there again when it is needed", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const packed = { "./big.js": pack("exports.big = new Uint8Array(1000);") };
  const part = partsOf("mip4-xx", { plain: {}, packed }, noOther);
  const seen = new WeakRef((part("./big.js") as { big: object }).big);
  for (let round = 0; round < 50 && seen.deref() !== undefined; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  assert.equal(seen.deref(), undefined);
  assert.ok((part("./big.js") as { big: Uint8Array }).big.length === 1000);
});
