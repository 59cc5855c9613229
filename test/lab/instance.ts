/** One program with a configuration of its own, in a host of a network that a test makes itself. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { LabProcess } from "./process.ts";
import { isReady, query } from "./questions.ts";
import { bundleOf } from "./session.ts";
import { mergeToml, type TomlTable, toToml } from "./toml.ts";
import { waitFor } from "./wait.ts";

export class Instance {
  readonly name: string;
  readonly role: "fa" | "mn" | "ha";
  readonly host: Host;
  readonly socket: string;
  readonly config: string;
  #process: LabProcess | undefined;

  /** `name` is unique in its test, and short: a control socket's path has 108 octets at most. */
  constructor(name: string, host: Host, role: "fa" | "mn" | "ha", settings: TomlTable) {
    this.name = name;
    this.role = role;
    this.host = host;
    this.socket = `/run/mip4/${name}.sock`;
    const folder = join(host.lab.directory, `instance-${name}`);
    mkdirSync(folder, { mode: 0o700 });
    this.config = join(folder, `${role}.toml`);
    const store = { [role === "ha" ? "store" : "state"]: { path: join(folder, "journal") } };
    const base = { ...store, control: { socket: this.socket } };
    writeFileSync(this.config, toToml(mergeToml(base, settings)), { mode: 0o600 });
  }

  get process(): LabProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** A command about this program; any exit status is an answer. */
  command(...words: readonly string[]) {
    const argv = [process.execPath, bundleOf(this.role), ...words, "--socket", this.socket];
    return this.host.exec(argv);
  }

  /** What `status`, `bindings` and the like print with `--json`. */
  query<T = Record<string, unknown>>(question: string): Promise<T> {
    return query<T>(this.name, this.socket, question);
  }

  /** Starts it, and waits until it is ready. */
  async start(): Promise<void> {
    const argv = [process.execPath, bundleOf(this.role), "run", "--config", this.config];
    const running = this.host.spawn(argv, { name: this.name });
    this.#process = running;
    const isSo = async () => running.status !== undefined || isReady(this.name, this.socket);
    const end = { timeoutMs: 10_000, everyMs: 50 };
    await waitFor(`${this.name} to be ready`, isSo, end).catch((error: unknown) => {
      throw new Error(running.output(), { cause: error });
    });
    assert.equal(running.status, undefined, running.output());
  }

  /** For a mobile node: waits until it is registered. */
  async registered(): Promise<void> {
    const isSo = async () => (await this.query("status")).state === "registered";
    const end = { timeoutMs: 10_000, everyMs: 50 };
    await waitFor(`${this.name} to be registered`, isSo, end).catch((error: unknown) => {
      throw new Error(this.process.output(), { cause: error });
    });
  }

  /** The program's counters; one that has not counted yet is not among them. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    return (await this.query("status")).counters as Record<string, number>;
  }

  /** SIGTERM; its exit status. */
  stop(): Promise<number> {
    return this.process.stop("SIGTERM", 8000);
  }
}
