/** The built programs at work in the mobile network: started, watched, asked, ended. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../shared/base/result.ts";
import { watch } from "../../shared/service/control/client.ts";
import type { Host } from "./host.ts";
import type { MobileNet } from "./mobile-net.ts";
import type { LabProcess, RunResult } from "./process.ts";
import {
  DAEMONS,
  type DaemonName,
  type FileOptions,
  type ProgramFiles,
  roleOf,
  writeProgramFiles,
} from "./program-files.ts";
import { isReady, query } from "./questions.ts";
import { PROJECT_ROOT } from "./root.ts";
import { monotonicMs, waitFor } from "./wait.ts";

/** One line of `watch --json`. */
export interface ProgramEvent {
  readonly from: DaemonName;
  /** Monotonic milliseconds, from the event's own `time`. */
  readonly at: number;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Monotonic minus wall clock, so that an event's wall time can be put on the monotonic line. */
const CLOCKS_MS = monotonicMs() - Date.now();

export function readEvent(from: DaemonName, line: string): ProgramEvent | undefined {
  try {
    return eventOf(from, JSON.parse(line) as JsonObject);
  } catch {
    return undefined;
  }
}

function eventOf(from: DaemonName, line: JsonObject): ProgramEvent | undefined {
  const { time, event, ...fields } = line;
  if (typeof event !== "string" || typeof time !== "string") return undefined;
  return { from, at: Date.parse(time) + CLOCKS_MS, event, fields };
}

/** One daemon: its process, its files, its events. */
export class Daemon {
  readonly name: DaemonName;
  readonly host: Host;
  readonly files: ProgramFiles;
  readonly #bundle: string;
  /** Node, as the daemon itself is run by it. */
  readonly #node: readonly string[];
  #process: LabProcess | undefined;
  #watch = new AbortController();
  readonly #tell: (event: ProgramEvent) => void;

  constructor(
    name: DaemonName,
    host: Host,
    files: ProgramFiles,
    bundle: string,
    tell: (event: ProgramEvent) => void,
    node: readonly string[] = [process.execPath],
  ) {
    this.name = name;
    this.host = host;
    this.files = files;
    this.#bundle = bundle;
    this.#node = node;
    this.#tell = tell;
  }

  get process(): LabProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** Starts it, and its `watch`; does not wait until it is ready. */
  start(): void {
    const run = [...this.#node, this.#bundle, "run", "--config", this.files.config];
    const { log } = this.files;
    this.#process = this.host.spawn(run, { name: this.name, stdout: log, stderr: log });
  }

  /** A command about this daemon, e.g. `status --json`, without waiting for a particular answer. */
  command(...words: readonly string[]): Promise<RunResult> {
    const argv = [process.execPath, this.#bundle, ...words, "--socket", this.files.socket];
    return this.host.exec(argv);
  }

  /** What `status`, `bindings` and the like print with `--json`. */
  query<T = Record<string, unknown>>(question: string): Promise<T> {
    return query<T>(this.name, this.files.socket, question);
  }

  isReady(): Promise<boolean> {
    return isReady(this.name, this.files.socket);
  }

  /** Waits until `status` is that of one that is ready, then follows the events. */
  async ready(timeoutMs = 10_000): Promise<void> {
    const question = async (): Promise<boolean> => {
      if (this.process.status !== undefined) return true;
      return this.isReady();
    };
    await waitFor(`${this.name} to be ready`, question, { timeoutMs, everyMs: 50 }).catch(
      (error: unknown) => {
        throw new Error(`${this.name} did not become ready; its log:\n${this.log()}`, {
          cause: error,
        });
      },
    );
    if (this.process.status !== undefined) {
      throw new Error(`${this.name} ended with ${this.process.status}; its log:\n${this.log()}`);
    }
    this.#follow();
  }

  #follow(): void {
    this.#watch = new AbortController();
    const tell = (line: JsonObject): void => {
      const event = eventOf(this.name, line);
      if (event !== undefined) this.#tell(event);
    };
    void watch(this.files.socket, tell, this.#watch.signal);
  }

  log(): string {
    return readFileSync(this.files.log, "utf8");
  }

  /** SIGTERM; its exit status. A daemon that must be killed has 137. */
  async stop(timeoutMs = 8000): Promise<number> {
    const status = await this.process.stop("SIGTERM", timeoutMs);
    this.#watch.abort();
    return status;
  }

  /** As a crash: no tidying. */
  async kill(): Promise<void> {
    await this.process.stop("SIGKILL");
    this.#watch.abort();
  }
}

export interface ProgramOptions extends FileOptions {
  /** Folder of the bundles; `dist` of the project by default. */
  readonly dist?: string;
  /** The command that is Node for a daemon, where it is another than this one. */
  readonly node?: Partial<Record<DaemonName, readonly string[]>>;
}

export class Programs {
  readonly daemons: Readonly<Record<DaemonName, Daemon>>;
  /** Events of every daemon, as they came in. */
  readonly events: ProgramEvent[] = [];
  readonly #listeners: ((event: ProgramEvent) => void)[] = [];

  constructor(net: MobileNet, options: ProgramOptions) {
    const files = writeProgramFiles(net, options);
    const dist = options.dist ?? join(PROJECT_ROOT, "dist");
    const tell = (event: ProgramEvent): void => {
      this.events.push(event);
      for (const listener of this.#listeners) listener(event);
    };
    const daemon = (name: DaemonName): Daemon =>
      new Daemon(
        name,
        net[name],
        files[name],
        join(dist, `mip4-${roleOf(name)}`),
        tell,
        options.node?.[name],
      );
    this.daemons = {
      ha: daemon("ha"),
      fa1: daemon("fa1"),
      fa2: daemon("fa2"),
      mn: daemon("mn"),
    };
  }

  onEvent(listener: (event: ProgramEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** The first event of this kind at or after a time, waiting for it. */
  waitForEvent(
    from: DaemonName,
    event: string,
    since: number,
    timeoutMs = 15_000,
  ): Promise<ProgramEvent> {
    const find = (): ProgramEvent | undefined =>
      this.events.find((one) => one.from === from && one.event === event && one.at >= since - 2);
    return waitFor(`${event} of ${from}`, find, { timeoutMs });
  }

  /** The mobile node's status, once its state is the wanted one, with that agent if one is named. */
  async waitForState(state: string, agent?: string): Promise<Record<string, unknown>> {
    let last: unknown;
    const question = async (): Promise<Record<string, unknown> | undefined> => {
      const status = await this.daemons.mn.query("status");
      last = `${status.state} by ${status.agent}`;
      const isThere = status.state === state && (agent === undefined || status.agent === agent);
      return isThere ? status : undefined;
    };
    const patience = { timeoutMs: 15_000, everyMs: 100 };
    return waitFor(`mn ${state}`, question, patience).catch((error) => {
      const logs = DAEMONS.map((name) => `--- ${name}\n${this.daemons[name].log()}`).join("\n");
      throw new Error(`mn is ${last}, not ${state} by ${agent}\n${logs}`, { cause: error });
    });
  }

  /** SIGTERM to all, the mobile node first so that it can deregister; their exit statuses. */
  async stop(): Promise<Readonly<Record<DaemonName, number>>> {
    const mn = await this.daemons.mn.stop();
    const [ha, fa1, fa2] = await Promise.all([
      this.daemons.ha.stop(),
      this.daemons.fa1.stop(),
      this.daemons.fa2.stop(),
    ]);
    return { ha, fa1, fa2, mn };
  }
}

/**
 * Starts the agents, then the mobile node; returns when all are ready. `prepare` may add listeners
 * before the first event.
 */
export async function startPrograms(
  net: MobileNet,
  options: ProgramOptions = {},
  prepare: (programs: Programs) => void = () => undefined,
): Promise<Programs> {
  const programs = new Programs(net, options);
  prepare(programs);
  const agents = [programs.daemons.ha, programs.daemons.fa1, programs.daemons.fa2];
  for (const agent of agents) agent.start();
  await Promise.all(agents.map((agent) => agent.ready()));
  programs.daemons.mn.start();
  await programs.daemons.mn.ready();
  return programs;
}
