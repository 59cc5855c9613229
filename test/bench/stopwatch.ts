/** Timing for benchmarks: several rounds, interleaved, and the median of each. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Nanoseconds a call of each function: the median of the rounds. */
export function nanosecondsEach(
  functions: Readonly<Record<string, () => unknown>>,
): Record<string, number> {
  const rounds = Object.entries(nanosecondsOfRounds(functions));
  return Object.fromEntries(rounds.map(([name, figures]) => [name, median(figures)]));
}

/**
 * Nanoseconds a call of each function in each round. The rounds are interleaved, so that noise hits
 * all alike: compare the figures of one round.
 */
export function nanosecondsOfRounds<K extends string>(
  functions: Readonly<Record<K, () => unknown>>,
  { rounds = 9, milliseconds = 60 } = {},
): Record<K, number[]> {
  const names = Object.keys(functions) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    K,
    number[]
  >;
  for (const name of names) timeFor(functions[name], milliseconds);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(timeFor(functions[name], milliseconds));
  }
  return samples;
}

function timeFor(run: () => unknown, milliseconds: number): number {
  const until = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n;
  const start = process.hrtime.bigint();
  let calls = 0;
  let now = start;
  while (now < until) {
    for (let i = 0; i < 100; i++) run();
    calls += 100;
    now = process.hrtime.bigint();
  }
  return Number(now - start) / calls;
}
