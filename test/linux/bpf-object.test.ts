/** The compiled BPF object, as a loader reads it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { possibleCpus } from "../../shared/linux/bpf/map.ts";
import { readBpfObject } from "../../shared/linux/bpf/object.ts";
import { PROJECT_ROOT } from "../lab/root.ts";

const DIRECTORY = join(PROJECT_ROOT, "build", "native");
const little = readFileSync(join(DIRECTORY, "bpfel.o"));

test("both byte orders have the same programs, maps and references to maps", () => {
  const [one, other] = ["bpfel.o", "bpfeb.o"].map((name) => {
    const { programs, maps } = readBpfObject(readFileSync(join(DIRECTORY, name)));
    const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
      a.name < b.name ? -1 : 1;
    return {
      programs: programs.map(({ name, relocations }) => [name, relocations.map(({ map }) => map)]),
      maps: [...maps].sort(byName),
    };
  });
  assert.deepEqual(one, other);
  assert.deepEqual(
    one?.programs.map(([name]) => name),
    ["encapsulate", "decapsulate", "decapsulate_bare", "forward", "forward_bare"],
  );
  assert.deepEqual(
    one?.maps.map(({ name, keySize, valueSize }) => [name, keySize, valueSize]),
    [
      ["incoming", 12, 12],
      ["links", 4, 4],
      ["outgoing", 8, 4],
      ["settings", 4, 12],
      ["traffic", 4, 32],
      ["tunnels", 4, 24],
      ["visitors", 16, 4],
      ["ways", 4, 48],
    ],
  );
});

test("every reference is to a load of 64 bits, which a descriptor goes into", () => {
  for (const { instructions, relocations } of readBpfObject(little).programs) {
    assert.ok(relocations.length > 0);
    for (const { at } of relocations) assert.equal(instructions[at], 0x18);
  }
});

test("what is no BPF object is refused with the reason", () => {
  assert.throws(() => readBpfObject(new Uint8Array(10)), /not an ELF file/);
  const other = Uint8Array.from(little);
  other[18] = 62; // x86-64
  assert.throws(() => readBpfObject(other), /not a BPF object/);
});

test("CPUs that may come later count", () => {
  assert.equal(possibleCpus("0\n"), 1);
  assert.equal(possibleCpus("0-3\n"), 4);
  assert.equal(possibleCpus("0,2-7\n"), 8);
});
