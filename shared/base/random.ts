/** Randomness is given to a core, never taken: a run with the same seed is the same run. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform 32 bits. */
  u32(): number;
}

/** Uniform in [low, high). */
export function uniform(random: Random, low: number, high: number): number {
  return low + random.next() * (high - low);
}

/** A small fast seeded generator (sfc32). Not for keys: the daemons seed it from the kernel. */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let d = 1;
  const u32 = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) u32();
  return { u32, next: () => u32() / 0x1_0000_0000 };
}
