/**
 * Has the kernel read again a little after something in it has changed, beside all other work, so
 * that no state waits for that.
 */

/** Milliseconds: a link that changes says so several times. */
const SETTLE_MS = 50;

export class Rereading {
  readonly #read: () => Promise<readonly string[]>;
  readonly #done: () => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #failures: readonly string[] | undefined;
  #isClosed = false;

  /** `read` tells what failed, a line each; `done` is called after each time. */
  constructor(read: () => Promise<readonly string[]>, done: () => void) {
    this.#read = read;
    this.#done = done;
  }

  /** It has been read, and nobody has taken that up. */
  get isDone(): boolean {
    return this.#failures !== undefined;
  }

  lookAgain(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#run());
    }, SETTLE_MS);
  }

  /** What failed, if it has been read since the last call. */
  take(): readonly string[] | undefined {
    const failures = this.#failures;
    this.#failures = undefined;
    return failures;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    return this.#running;
  }

  async #run(): Promise<void> {
    if (this.#isClosed) return;
    this.#failures = await this.#read();
    this.#done();
  }
}
