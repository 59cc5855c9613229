/** Randomness for a daemon's core: from the kernel, a page at a time. */

import { randomFillSync } from "node:crypto";
import type { Random } from "../../base/random.ts";

const POOL_WORDS = 1024;

/** 32 bits a draw; `next` has 32 bits of precision, which is plenty for jitter and nonces' halves. */
export function kernelRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let at = POOL_WORDS;
  const u32 = (): number => {
    if (at === POOL_WORDS) {
      randomFillSync(pool);
      at = 0;
    }
    const value = pool[at] ?? 0;
    // Used words do not stay in memory.
    pool[at++] = 0;
    return value;
  };
  return { u32, next: () => u32() / 0x1_0000_0000 };
}
