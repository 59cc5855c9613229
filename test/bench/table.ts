/** The printed form of benchmark results. */

export type Row = readonly [what: string, figure: string, note: string];

export function printTable(title: string, rows: readonly Row[]): void {
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  console.log(`\n${title}`);
  for (const [what, figure, note] of rows) {
    console.log(`  ${what.padEnd(width(0))}  ${figure.padStart(width(1))}  ${note}`);
  }
}
