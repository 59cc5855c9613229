/** A running core: its parts, put together in order, kept going, and taken apart in order. */

import { formatIpv4 } from "../../base/address.ts";
import { Counters } from "../../base/counters.ts";
import type { Json, JsonObject } from "../../base/result.ts";
import type { Instant } from "../../base/time.ts";
import { type Driver, ForwardingError } from "../../forwarding/driver.ts";
import { NO_FORWARDING } from "../../forwarding/state.ts";
import type { PathChanged, TunnelBound } from "../../protocol/core.ts";
import type { CommandOutcome, ControlHandler } from "../control/server.ts";
import type { CommonConfig, Runnable } from "../program.ts";
import type { Triggers } from "../triggers/triggers.ts";
import { Announcer } from "./announcer.ts";
import { Commands } from "./commands.ts";
import { Configuration, notApplied } from "./configuration.ts";
import { carryOut, type Outlets } from "./effects.ts";
import { Exporter } from "./exporter.ts";
import { fixedKeys } from "./fixed-keys.ts";
import { Forwarder } from "./forwarder.ts";
import { kernelRandom } from "./kernel-random.ts";
import { Names } from "./names.ts";
import { Network } from "./network.ts";
import type { Control, HostMonitor, Loaded, Opened, Parts } from "./parts.ts";
import { Problems } from "./problems.ts";
import { mergeStatus } from "./status.ts";
import type { Kept, Store, Tenant } from "./store.ts";
import { type Step, takeApart } from "./take-apart.ts";
import { Tenure } from "./tenure.ts";

/** How often what failed is tried again. */
export const RETRY_MS = 5000;

/** Changes of a machine's addresses come in bursts; the last one of a burst decides. */
const HOST_SETTLE_MS = 1000;

export class Daemon<Config extends CommonConfig, CoreConfig> implements ControlHandler, Tenant {
  readonly #program: Runnable<Config, CoreConfig>;
  readonly #parts: Parts<Config, CoreConfig>;
  readonly #counters = new Counters();
  readonly #problems: Problems;
  readonly #store: Store;
  readonly #commands: Commands;
  readonly #names: Names;
  readonly #outlets: Outlets;
  readonly #network: Network;
  readonly #monitor: HostMonitor;
  readonly #driver: Driver;
  readonly #forwarder: Forwarder;
  readonly #exporter: Exporter;
  readonly #announcer: Announcer;
  readonly #triggers: Triggers<Config> | undefined;
  readonly #startedAt: Instant;
  readonly #configuration: Configuration<Config, CoreConfig>;
  #tenure: Tenure<CoreConfig>;
  /** The store lets this machine act. */
  #isActing = false;
  #restored = 0;
  #isEnding = false;
  #isStarted = false;
  #ownsMarks = false;
  #control: Control | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelReconsider: (() => void) | undefined;

  constructor(
    program: Runnable<Config, CoreConfig>,
    loaded: Loaded<Config, CoreConfig>,
    parts: Parts<Config, CoreConfig>,
    opened: Opened,
  ) {
    this.#program = program;
    this.#configuration = new Configuration(program, parts, loaded);
    this.#parts = parts;
    this.#monitor = opened.monitor;
    this.#driver = opened.driver;
    this.#startedAt = parts.clock.now().monotonic;
    this.#problems = new Problems(parts.log, () => this.#retryLater());
    this.#forwarder = new Forwarder(opened.driver, this.#problems);
    const query = (name: string): Json | undefined => this.query(name);
    this.#exporter = new Exporter(program, parts, this.#counters, this.#problems, query);
    this.#store = opened.store;
    this.#network = new Network({
      io: opened.io,
      monitor: opened.monitor,
      problems: this.#problems,
      counters: this.#counters,
      onEvent: (event) => this.#tenure.loop.handle(event),
      isFull: () => this.#tenure.outbox.isFull,
    });
    const control = (): Control | undefined => this.#control;
    this.#announcer = new Announcer(program.name, parts, this.#counters, control);
    this.#announcer.setHooks(loaded.config.hook);
    this.#commands = new Commands(parts.clock, (command) => this.#tenure.loop.handle(command));
    this.#names = new Names(parts, (event) => this.#tenure.loop.handle(event));
    this.#outlets = {
      network: this.#network,
      commands: this.#commands,
      names: this.#names,
      counters: this.#counters,
      log: parts.log,
      announcer: this.#announcer,
      forwarder: this.#forwarder,
    };
    this.#triggers = program.createTriggers?.({
      ...opened,
      clock: parts.clock,
      counters: this.#counters,
      problems: this.#problems,
      command: (name, args) => this.command(name, args),
    });
    this.#tenure = this.#newTenure();
  }

  /** The control socket comes first: a second program with the same one must touch nothing. */
  async start(): Promise<void> {
    this.#control = await this.#parts.openControl(this.#loaded.config.control.socket, {
      program: this.#program.name,
      handler: this,
      counters: this.#counters,
    });
    this.#driver.setTunnelAddresses(this.#loaded.wiring.tunnelAddresses);
    this.#ownsMarks = true;
    try {
      await this.#driver.start();
    } catch (error) {
      // Parts of it are missing, an address perhaps; without the device itself there is no point.
      if (!(error instanceof ForwardingError)) throw error;
      this.#forwarder.failed(error);
    }
    await this.#store.open(this);
    this.troubled();
    // What an earlier run has left is no more wanted than anything else.
    if (!this.#isActing) this.#forwarder.apply(NO_FORWARDING);
    this.#monitor.onChange(() => this.#hostChanged());
    this.#isStarted = true;
    this.#triggers?.rewire(this.#loaded.config);
    this.#exporter.rewire(this.#loaded.config.metrics.listen);
    this.#announcer.tell("info", "started", {
      ready: this.#problems.size === 0,
      links: this.#network.links.names,
      addresses: this.#loaded.wiring.udpAddresses.map(formatIpv4),
      restored: this.#restored,
    });
  }

  /** The store lets this machine act, with what it has kept. */
  async begin({ entries, damaged, isTakeover }: Kept): Promise<void> {
    const { log } = this.#parts;
    this.troubled();
    if (damaged > 0)
      log.write("warning", `${this.#store.name}: ${damaged} damaged records skipped`);
    this.#restored = entries.length;
    this.#isActing = true;
    if (isTakeover) this.#announcer.tell("info", "active", { restored: entries.length });
    const isSettled = await this.#tenure.restore(entries, isTakeover);
    if (isSettled) this.#network.wire(this.#loaded.wiring);
  }

  troubled(): void {
    this.#problems.set(this.#store.name, this.#store.error);
  }

  renewed(): void {
    this.#driver.renew();
  }

  /** Sockets and addresses first: from here on another machine may answer. */
  end(reason: string): void {
    this.#isActing = false;
    this.#tenure.end();
    this.#network.unwire();
    this.#driver.fence();
    this.#commands.close("another machine is active");
    this.#announcer.tell("warning", "standby", { reason });
    this.#forwarder.apply(NO_FORWARDING);
    this.#tenure = this.#newTenure();
  }

  /** SIGHUP: reads the file again; with a fault in it, the old configuration stays. */
  async reload(): Promise<void> {
    const { log } = this.#parts;
    const before = this.#loaded;
    const faults = await this.#load();
    if (this.#isEnding) return;
    if (faults !== undefined) {
      for (const line of faults) log.write("error", line);
      return;
    }
    const { config } = this.#loaded;
    for (const key of fixedKeys(before, this.#loaded)) {
      log.write("warning", `${key}: the change takes effect at the next start`);
    }
    log.setConfig(config.log);
    this.#triggers?.rewire(config);
    this.#exporter.rewire(config.metrics.listen);
    this.#announcer.setHooks(config.hook);
    log.write("info", "configuration reloaded");
  }

  /**
   * Lets the core withdraw, deregister or revoke; `isOver` ends the wait for replies. A home agent
   * waits for nothing: its bindings stay.
   */
  async leave(isOver: () => boolean): Promise<void> {
    this.#isEnding = true;
    this.#announcer.tell("info", "stopping", {});
    if (!this.#isActing) return;
    const waits = this.#program.role !== "ha";
    await this.#tenure.leave(() => !waits || isOver());
  }

  /** Takes everything apart. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#tenure.end();
    this.#triggers?.close();
    this.#cancelRetry?.();
    this.#cancelReconsider?.();
    this.#commands.close();
    this.#names.close();
    // They have the time of everything else; what hangs there does not keep them alive.
    const hooksEnded = this.#announcer.close();
    const steps: readonly Step[] = [
      ["control socket", () => this.#control?.close()],
      ["metrics", () => this.#exporter.close()],
      ["links", () => this.#network.links.close()],
      ["sockets", () => this.#network.sockets.close()],
      // Another machine may take over while what this one has made is taken down.
      ["addresses", () => this.#driver.fence()],
      [this.#store.name, () => this.#store.close()],
      ["forwarding", () => this.#forwarder.drain()],
      // What bears our marks is another program's if we never got that far.
      ["driver", () => (this.#ownsMarks ? this.#driver.stop() : undefined)],
      ["hooks", () => hooksEnded],
    ];
    await takeApart(steps, this.#parts.log);
  }

  query(name: string): Json | undefined {
    if (name === "tunnels") return this.#driver.tunnels();
    const answer = this.#tenure.loop.core.query(name, this.#parts.clock.now());
    return name === "status" ? this.#status(answer) : answer;
  }

  /** Its outcome is told when packets go accordingly: whoever hears of it may change the link at once. */
  async command(name: string, args: JsonObject): Promise<CommandOutcome> {
    const idle = this.#isStarted ? "standing by: another machine is active" : "starting";
    if (!this.#isStarted || !this.#isActing) return { ok: false, message: idle };
    const outcome = await this.#commands.run(name, args);
    await this.#forwarder.inForce();
    return outcome;
  }

  /** What the driver has to say: to the log and to everybody who watches. */
  report(event: string, fields: JsonObject): void {
    if (event === "forwarding-failed") this.#forwarder.failed(fields.problems);
    this.#announcer.tell(event === "dropped" ? "warning" : "info", event, fields);
  }

  /** What the driver tells the core. */
  readonly tellCore = (event: TunnelBound | PathChanged) => this.#tenure.loop.handle(event);

  /** SIGUSR1. */
  dump(): void {
    this.#parts.log.write("info", "status", this.#status(this.query("status")));
  }

  #status(core: Json | undefined): JsonObject {
    const { monotonic } = this.#parts.clock.now();
    const driver = this.#driver.status();
    this.#network.links.countLost();
    return mergeStatus(core, {
      role: this.#program.role,
      problems: this.#isStarted ? this.#problems.list() : ["starting"],
      isStandby: this.#isStarted && !this.#isActing,
      store: this.#store.status(),
      uptime: Math.floor((monotonic - this.#startedAt) / 1000),
      interfaces: this.#network.links.status(),
      driver: driver.driver ?? null,
      forwarding: driver,
      counters: { ...this.#counters.toJson(), ...this.#driver.counters() },
    });
  }

  get #loaded(): Loaded<Config, CoreConfig> {
    return this.#configuration.loaded;
  }

  #newTenure(): Tenure<CoreConfig> {
    return new Tenure({
      core: this.#program.createCore(this.#loaded.core, kernelRandom()),
      store: this.#store,
      problems: this.#problems,
      clock: this.#parts.clock,
      waitsForDisk: this.#program.role === "ha",
      carryOut: (effect) => carryOut(this.#outlets, effect),
      forward: (state) => this.#forwarder.apply(state),
      // Agents lose nothing by it: their neighbours speak up.
      overslept: this.#program.role === "mn" ? (ms) => this.#resumed(ms) : undefined,
    });
  }

  /** The machine, or this process, has slept: what was learnt of the links is of another time. */
  #resumed(milliseconds: number): void {
    this.#announcer.tell("info", "resumed", { seconds: Math.round(milliseconds / 1000) });
    this.#network.doubt();
  }

  #hostChanged(): void {
    this.#network.hostChanged();
    this.#triggers?.hostChanged?.();
    this.#cancelReconsider ??= this.#parts.clock.setTimer(HOST_SETTLE_MS, () => {
      this.#cancelReconsider = undefined;
      void this.#reconsider();
    });
  }

  async #reconsider(): Promise<void> {
    if (this.#configuration.isOutdated) await this.#load();
  }

  /** Reads and applies the file to this machine as it is now; faults: nothing has changed. */
  async #load(): Promise<readonly string[] | undefined> {
    const result = await this.#configuration.load();
    // Meanwhile it may have been told to end: nothing is opened anew.
    if (this.#isEnding) return undefined;
    if (!result.ok) {
      this.#problems.set("configuration", notApplied(result.error));
      return result.error;
    }
    this.#problems.set("configuration", undefined);
    const isNew = result.value;
    if (!isNew) return undefined;
    const { core, wiring } = this.#loaded;
    // The core goes first: what it withdraws leaves by the old sockets.
    if (this.#isActing) this.#tenure.loop.reconfigure(core);
    else this.#tenure = this.#newTenure();
    this.#driver.setTunnelAddresses(wiring.tunnelAddresses);
    if (this.#isActing) this.#network.wire(wiring);
    return undefined;
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#parts.clock.setTimer(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#network.refresh();
      this.#tenure.outbox.retry();
      this.#forwarder.retry();
      this.#exporter.refresh();
      if (this.#problems.size > 0) this.#retryLater();
    });
  }
}
