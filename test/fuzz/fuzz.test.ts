/** The committed inputs, a short run of the fuzzer, and whether it can find anything at all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../shared/wire/field.ts";
import { control, icmp, type Protocol } from "../wire/protocols.ts";
import { readCorpus } from "./corpus.ts";
import { fuzz } from "./fuzzer.ts";
import { messageTarget } from "./message-target.ts";
import { TARGETS } from "./targets.ts";

const SEED = 20260822;

test("fuzz: every committed input is read as it should be", () => {
  for (const target of TARGETS) {
    const inputs = readCorpus(target);
    assert.ok(inputs.length > 0, `no inputs for ${target.name}`);
    for (const bytes of inputs) {
      const violation = target.run(bytes, true, () => undefined);
      assert.equal(violation, undefined, `${target.name}:${toHex(bytes)}`);
    }
  }
});

test("fuzz: 100,000 inputs of a fixed seed show nothing wrong", (t) => {
  const result = fuzz({ seed: SEED, inputs: 100_000, targets: TARGETS, corpus: readCorpus });
  const { failure, pool, features } = result;
  t.diagnostic(`pool of ${pool}, ${features} signatures`);
  assert.equal(
    failure && `${failure.target.name}:${toHex(failure.bytes)}: ${failure.violation}`,
    undefined,
  );
});

test("fuzz: the same seed makes the same run", () => {
  const run = (seed: number) => fuzz({ seed, inputs: 5000, targets: TARGETS });
  const summary = ({ inputs, pool, features, found }: ReturnType<typeof run>) => ({
    ...{ inputs, pool, features },
    found: [...found.values()].map((list) => list.map(toHex)),
  });
  assert.deepEqual(summary(run(7)), summary(run(7)));
  assert.notDeepEqual(summary(run(7)), summary(run(8)));
});

/** Decoders with one fault each, and how many inputs should be enough to find it. */
const BROKEN: readonly (readonly [string, Protocol])[] = [
  [
    "throws at an extension that is cut off",
    {
      ...control,
      inspect(bytes) {
        const inspected = control.inspect(bytes);
        if (inspected.error?.code === "truncated" && inspected.decoded !== undefined) {
          throw new Error("read past the end");
        }
        return inspected;
      },
    },
  ],
  [
    "loses a reserved bit",
    {
      ...control,
      inspect(bytes) {
        const copy = bytes.slice();
        if (copy[0] === 1 && copy[1] !== undefined) copy[1] &= 0xfe;
        return control.inspect(copy);
      },
    },
  ],
  [
    "points behind the end of the message",
    {
      ...control,
      inspect(bytes) {
        const { decoded, error } = control.inspect(bytes);
        if (error?.field !== "length") return { decoded, error };
        return { decoded, error: { ...error, offset: bytes.length + 1 } };
      },
    },
  ],
  [
    "reads what stands behind the message",
    {
      ...icmp,
      inspect(bytes) {
        const inspected = icmp.inspect(bytes);
        const behind = new Uint8Array(bytes.buffer)[bytes.byteOffset + bytes.length];
        if (behind !== 0xa5 || inspected.error === undefined) return inspected;
        return { decoded: undefined, error: inspected.error };
      },
    },
  ],
];

for (const [fault, protocol] of BROKEN) {
  test(`fuzz: finds a decoder that ${fault}, and makes the input short`, () => {
    const targets = [messageTarget(protocol)];
    const { failure, inputs } = fuzz({ seed: SEED, inputs: 50_000, targets });
    assert.ok(failure !== undefined, "not found");
    assert.ok(inputs < 50_000);
    assert.ok(failure.bytes.length <= 40, `${failure.bytes.length} octets`);
  });
}
