/** Whoever sits at the terminal, if anybody does. */

import { createInterface, type Interface } from "node:readline/promises";

import { UsageError } from "../shared/service/cli/commands.ts";

export interface Terminal {
  readonly isInteractive: boolean;
  ask(question: string): Promise<string>;
  tell(text: string): void;
  close(): void;
}

/** Asks on standard error, so that standard output holds nothing but results. */
export function processTerminal(): Terminal {
  let open: Interface | undefined;
  return {
    isInteractive: process.stdin.isTTY === true,
    ask: (question) => {
      const asking = open ?? createInterface({ input: process.stdin, output: process.stderr });
      open = asking;
      return new Promise((resolve, reject) => {
        asking.once("close", () => reject(new UsageError("no answer")));
        asking.question(question).then(resolve, reject);
      });
    },
    tell: (text) => process.stderr.write(`${text}\n`),
    close: () => open?.close(),
  };
}
