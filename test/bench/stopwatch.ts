/** Timing for benchmarks: several rounds, interleaved, and the median of each. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Nanoseconds a call of each function: rounds interleaved, so that noise hits all alike. */
export function nanosecondsEach(
  functions: Readonly<Record<string, () => unknown>>,
  { rounds = 9, milliseconds = 60 } = {},
): Record<string, number> {
  const names = Object.keys(functions);
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const name of names) timeFor(functions[name] as () => unknown, milliseconds);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const each = timeFor(functions[name] as () => unknown, milliseconds);
      samples.get(name)?.push(each);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(samples.get(name) ?? [])]));
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
