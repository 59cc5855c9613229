/** `ip` that stays in a namespace: what it is told is done in a fraction of a millisecond. */

import { LabProcess } from "./process.ts";

export class IpBatch {
  readonly process: LabProcess;
  readonly #waiting: { readonly done: () => void; readonly failed: (error: Error) => void }[] = [];

  /** `enter`: the command prefix that enters the namespace. */
  constructor(enter: readonly string[]) {
    const argv = [...enter, "ip", "-o", "-batch", "-"];
    this.process = new LabProcess(argv, { name: "ip", stdin: true });
    this.process.onLine(() => this.#waiting.shift()?.done());
    void this.process.ended.then(() => {
      const error = new Error(`ip has ended: ${this.process.output()}`);
      for (const { failed } of this.#waiting.splice(0)) failed(error);
    });
  }

  /** Commands that print nothing. Returns when all is done; one that fails ends the process, and is said in the error. */
  run(commands: readonly string[]): Promise<void> {
    // An answer to count: `ip` says nothing of what it has done.
    const lines = [...commands, "link show dev lo"];
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.process.write(lines.map((line) => `${line}\n`).join(""));
    });
  }
}
