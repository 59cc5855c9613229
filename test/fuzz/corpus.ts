/** The committed inputs: test/fuzz/corpus/NAME.hex, an input a line. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../shared/wire/field.ts";
import { isTelling, type Target } from "./target.ts";

/** From the project's top, where make and the tests run. */
const FOLDER = "test/fuzz/corpus";
const MOST_OCTETS = 300;

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function readCorpus({ name }: Target): readonly Uint8Array[] {
  const path = join(FOLDER, `${name}.hex`);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => /^[0-9a-f]+$/.test(line))
    .map(fromHex);
}

export function writeCorpus({ name }: Target, inputs: readonly Uint8Array[]): void {
  const text = inputs.map((bytes) => `${toHex(bytes)}\n`).join("");
  writeFileSync(join(FOLDER, `${name}.hex`), text);
}

function featuresOf(target: Target, bytes: Uint8Array): number[] {
  const features: number[] = [];
  target.run(bytes, false, (feature) => {
    if (isTelling(feature)) features.push(feature);
  });
  return features;
}

/** As few and as short inputs as easily show all that these show. */
export function distil(target: Target, inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const seen = new Set<number>();
  const kept: Uint8Array[] = [];
  for (const bytes of inputs.toSorted((a, b) => a.length - b.length)) {
    if (bytes.length === 0) continue;
    if (bytes.length > MOST_OCTETS) break;
    const fresh = featuresOf(target, bytes).filter((feature) => !seen.has(feature));
    if (fresh.length === 0) continue;
    const short = withoutParts(target, bytes, fresh);
    for (const feature of featuresOf(target, short)) seen.add(feature);
    kept.push(short);
  }
  return kept;
}

/** Leaves out parts as long as the features stay. */
function withoutParts(target: Target, bytes: Uint8Array, wanted: readonly number[]): Uint8Array {
  let short = bytes;
  for (let part = target.cuts(short).length - 2; part >= 1; part--) {
    const cuts = target.cuts(short);
    const [start, end] = [cuts[part], cuts[part + 1]];
    if (start === undefined || end === undefined) continue;
    const less = new Uint8Array(short.length - (end - start));
    less.set(short.subarray(0, start));
    less.set(short.subarray(end), start);
    target.repair?.(less);
    const features = new Set(featuresOf(target, less));
    if (wanted.every((feature) => features.has(feature))) short = less;
  }
  return short;
}
