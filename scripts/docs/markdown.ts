/** Small pieces of Markdown. */

/** What stands at the head of every page that is written by `make docs`. */
export const GENERATED = "Written by `make docs` from the code; do not edit.";

/** A pipe would end the cell. */
function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Blocks with an empty line between, as a page. */
export function page(...blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}
