/** Colours, only where a person looks at a terminal and has not refused them. */

export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly mark: (text: string) => string;
}

const ESCAPE = "\u001b[";

export function palette(colour: boolean): Palette {
  const paint =
    (code: number) =>
    (text: string): string =>
      colour ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text;
  return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31), mark: paint(36) };
}

/** https://no-color.org: any value but the empty one refuses colours. */
export function wantsColour(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTerminal && (environment.NO_COLOR ?? "") === "";
}
