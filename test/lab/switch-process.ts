/** `ip -batch` in the switch: what it is told is done in a fraction of a millisecond. */

import { LabProcess } from "./process.ts";

export class SwitchProcess {
  readonly process: LabProcess;
  readonly #waiting: { readonly done: () => void; readonly failed: (error: Error) => void }[] = [];

  constructor(argv: readonly string[]) {
    this.process = new LabProcess(argv, { name: "switch", stdin: true });
    this.process.onLine(() => this.#waiting.shift()?.done());
    void this.process.ended.then(() => {
      const error = new Error(`the switch has ended: ${this.process.output()}`);
      for (const { failed } of this.#waiting.splice(0)) failed(error);
    });
  }

  /** Returns when all is done; one that fails ends the process, and is said in the error. */
  run(commands: readonly string[]): Promise<void> {
    // An answer to count: `ip` says nothing of what it has done.
    const lines = [...commands, "link show dev lo"];
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.process.write(lines.map((line) => `${line}\n`).join(""));
    });
  }
}
