/** What is fuzzed: something that reads octets, and what must hold whatever they are. */

import type { Choices } from "../wire/arbitrary-values.ts";

/** Told of each thing that an input shows; small whole numbers, from `featureOf`. */
export type Sees = (feature: number) => void;

export interface Target {
  readonly name: string;
  /** Inputs that it gets for each one of a target with share 1. */
  readonly share: number;
  /** Lets the octets be read; says what is wrong, if anything. `thorough` costs several times more. */
  run(bytes: Uint8Array, thorough: boolean, sees: Sees): string | undefined;
  /** A valid input, made from the tables. */
  make(choices: Choices): Uint8Array;
  /** Where the parts of an input begin, in rising order; the last is the end. */
  cuts(bytes: Uint8Array): readonly number[];
  /** Makes checksums right, so that mutations get behind them. */
  repair?(bytes: Uint8Array): void;
}

const numbers = new Map<string, number>();

function numberOf(name: string): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  numbers.set(name, numbers.size);
  return numbers.size - 1;
}

/** A number for a kind of thing seen and two names; names number fewer than 4096. */
export function featureOf(kind: number, first: string, second: string): number {
  return (kind << 24) | (numberOf(first) << 12) | numberOf(second);
}

/** Sizes and combinations guide the fuzzer, but there are too many to keep an input for each. */
const COARSE = 16;

/** Is a feature worth a committed input? Those of kinds below 16 are. */
export function isTelling(feature: number): boolean {
  return feature >> 24 < COARSE;
}

/** The number of binary digits: a coarse measure of size. */
export function digits(value: number): number {
  return 32 - Math.clz32(value);
}
