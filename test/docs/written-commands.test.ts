/** Every command line of our programs that a page shows is one that the program takes. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programs } from "../../scripts/docs/programs.ts";

const pages = [
  "README.md",
  "board-configs/README.md",
  "fa/README.md",
  "mn/README.md",
  "ha/README.md",
].concat(
  readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);

/** `mip4-fa WORD …` in code, up to a comment, a pipe or the next command; not what service is told. */
function commandLines(text: string): { readonly name: string; readonly words: string[] }[] {
  const blocks = [...text.matchAll(/```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g)];
  const code = blocks.map(([, block, span]) => block ?? span ?? "").join("\n");
  const lines = [
    ...code.matchAll(/(?:^|[\s(])(?<!service )(mip4-(?:fa|mn|ha)|PROG) +([a-z][^\n#|;>&)]*)/g),
  ];
  return lines.map(([, name = "", rest = ""]) => ({
    name,
    words: rest.trim().split(/\s+/),
  }));
}

/** What is wrong with it, if anything. */
function faultOf(name: string, [command = "", ...rest]: readonly string[]): string | undefined {
  const candidates = programs.filter((program) => name === "PROG" || program.name === name);
  const specs = candidates.flatMap(({ commands }) =>
    commands.filter((one) => one.name === command),
  );
  if (specs.length === 0) return `no command ${command}`;
  const options = new Set(
    specs.flatMap((spec) => spec.options.map((option) => `--${option.name}`)),
  );
  return rest
    .filter((word) => word.startsWith("--"))
    .map((word) => word.replace(/=.*/, ""))
    .find((word) => word !== "--help" && !options.has(word));
}

test("docs: every command line of our programs names a command and options that they have", () => {
  const found = pages.flatMap((page) =>
    commandLines(readFileSync(page, "utf8")).map((line) => ({ page, ...line })),
  );
  assert.ok(found.length > 40, `only ${found.length} command lines`);
  const faults = found.flatMap(({ page, name, words }) => {
    const fault = faultOf(name, words);
    return fault === undefined ? [] : [`${page}: ${name} ${words.join(" ")}: ${fault}`];
  });
  assert.deepEqual(faults, []);
});
