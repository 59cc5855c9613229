/** The nearest right word for a wrong one: configuration keys, commands, options, board names. */

/** Longer words are compared as far as this: the table below stays small whatever is typed. */
const MAX_LENGTH = 64;

/** The candidate that is a slip of the pen away from `word`, or begins like it. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wrong = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const candidate of candidates) {
    const right = candidate.toLowerCase();
    const begins = wrong.length >= 3 && (right.startsWith(wrong) || wrong.startsWith(right));
    const distance = begins ? 1 : editDistance(wrong, right);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  const from = a.slice(0, MAX_LENGTH);
  const to = b.slice(0, MAX_LENGTH);
  let previous = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[to.length] ?? 0;
}
