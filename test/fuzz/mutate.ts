/** Changes of an input that keep most of its structure. */

import type { Choices } from "../wire/arbitrary-values.ts";

/** An input that showed something new. */
export interface Seed {
  readonly bytes: Uint8Array;
  /** Where its parts begin, in rising order; the last is the end. */
  readonly cuts: readonly number[];
}

const INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 20, 32, 64, 127, 128, 136, 254, 255];

/** An input on its way: octets in a buffer of fixed size. */
export class Draft {
  readonly #room: Uint8Array;
  length = 0;

  constructor(size: number) {
    this.#room = new Uint8Array(size);
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }

  load(bytes: Uint8Array): void {
    this.length = Math.min(bytes.length, this.#room.length);
    this.#room.set(bytes.subarray(0, this.length));
  }

  /** Puts `part` in the place of the octets from `start` to `end`. */
  replace(start: number, end: number, part: Uint8Array): void {
    const grown = this.length - (end - start) + part.length;
    if (start > end || end > this.length || grown > this.#room.length) return;
    this.#room.copyWithin(start + part.length, end, this.length);
    this.#room.set(part, start);
    this.length = grown;
  }

  set(at: number, octet: number): void {
    if (at < this.length) this.#room[at] = octet;
  }

  get(at: number): number {
    return this.#room[at] ?? 0;
  }
}

const NOTHING = new Uint8Array();
const noise = new Uint8Array(16);

type Mutation = (draft: Draft, choices: Choices, seed: Seed, other: Seed) => void;

const cutOf = ({ cuts }: Seed, choices: Choices): number => cuts[choices.below(cuts.length)] ?? 0;

function partOf({ bytes, cuts }: Seed, choices: Choices): Uint8Array {
  const first = choices.below(Math.max(1, cuts.length - 1));
  return bytes.subarray(cuts[first], cuts[first + 1]);
}

const flipBit: Mutation = (draft, choices) => {
  const at = choices.below(draft.length + 1);
  draft.set(at, draft.get(at) ^ (1 << choices.below(8)));
};

const setOctet: Mutation = (draft, choices) => {
  const octet = INTERESTING[choices.below(INTERESTING.length)] ?? 0;
  draft.set(choices.below(draft.length + 1), octet);
};

const setType: Mutation = (draft, choices, seed) => {
  draft.set(cutOf(seed, choices), choices.below(256));
};

/** Length, sub-type or code: what stands behind the type. */
const setHeader: Mutation = (draft, choices, seed) => {
  const at = cutOf(seed, choices) + 1 + choices.below(3);
  const octet = INTERESTING[choices.below(INTERESTING.length)] ?? 0;
  draft.set(at, octet);
};

const nudgeHeader: Mutation = (draft, choices, seed) => {
  const at = cutOf(seed, choices) + 1 + choices.below(3);
  draft.set(at, draft.get(at) + choices.below(9) - 4);
};

const truncate: Mutation = (draft, choices) => {
  draft.length = choices.below(draft.length + 1);
};

const removeOctets: Mutation = (draft, choices) => {
  const start = choices.below(draft.length + 1);
  draft.replace(start, Math.min(draft.length, start + 1 + choices.below(8)), NOTHING);
};

function makeNoise(choices: Choices, size: number): void {
  for (let i = 0; i < size; i++) noise[i] = choices.below(256);
}

const insertOctets: Mutation = (draft, choices) => {
  const size = 1 + choices.below(noise.length);
  makeNoise(choices, size);
  const at = choices.below(draft.length + 1);
  draft.replace(at, at, noise.subarray(0, size));
};

const removePart: Mutation = (draft, choices, seed) => {
  const first = choices.below(Math.max(1, seed.cuts.length - 1));
  draft.replace(seed.cuts[first] ?? 0, seed.cuts[first + 1] ?? 0, NOTHING);
};

const repeatPart: Mutation = (draft, choices, seed) => {
  const at = cutOf(seed, choices);
  draft.replace(at, at, partOf(seed, choices));
};

const borrowPart: Mutation = (draft, choices, seed, other) => {
  const at = cutOf(seed, choices);
  draft.replace(at, at, partOf(other, choices));
};

const appendPart: Mutation = (draft, choices, _seed, other) => {
  draft.replace(draft.length, draft.length, partOf(other, choices));
};

const splice: Mutation = (draft, choices, seed, other) => {
  const at = cutOf(seed, choices);
  draft.replace(at, draft.length, other.bytes.subarray(cutOf(other, choices)));
};

/** One that nobody knows, as far as its type and length go. */
const appendUnknown: Mutation = (draft, choices) => {
  const size = choices.below(noise.length - 1);
  makeNoise(choices, 2 + size);
  noise[0] = choices.below(256);
  noise[1] = size;
  draft.replace(draft.length, draft.length, noise.subarray(0, 2 + size));
};

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setOctet,
  setType,
  setHeader,
  setHeader,
  nudgeHeader,
  nudgeHeader,
  truncate,
  removeOctets,
  insertOctets,
  removePart,
  repeatPart,
  borrowPart,
  appendPart,
  splice,
  appendUnknown,
];

/** One to four changes; places are those of the seed, which is near enough. */
export function mutate(draft: Draft, choices: Choices, seed: Seed, other: Seed): void {
  const changes = 1 + choices.below(4);
  for (let i = 0; i < changes; i++) {
    MUTATIONS[choices.below(MUTATIONS.length)]?.(draft, choices, seed, other);
  }
}
