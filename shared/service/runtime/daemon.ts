/** A running core: its parts, put together in order, kept going, and taken apart in order. */

import { isDeepStrictEqual } from "node:util";
import { formatIpv4, type Ipv4 } from "../../base/address.ts";
import { Counters } from "../../base/counters.ts";
import type { Json, JsonObject } from "../../base/result.ts";
import type { Instant } from "../../base/time.ts";
import { type Bound, type Driver, ForwardingError } from "../../forwarding/driver.ts";
import { TUNNEL_DATA } from "../../forwarding/udp-tunnel.ts";
import type { FrameEvent } from "../../linux/frames.ts";
import type { PacketIo } from "../../linux/packet-io.ts";
import type { CommandOutcome, ControlHandler } from "../control/server.ts";
import type { CommonConfig, HostFacts, Program } from "../program.ts";
import { Announcer } from "./announcer.ts";
import { Commands } from "./commands.ts";
import { carryOut } from "./effects.ts";
import { Exporter } from "./exporter.ts";
import { fixedKeys } from "./fixed-keys.ts";
import { Forwarder } from "./forwarder.ts";
import { Journal } from "./journal.ts";
import { kernelRandom } from "./kernel-random.ts";
import { LinkNews } from "./link-news.ts";
import { Links } from "./links.ts";
import { Loop } from "./loop.ts";
import { Names } from "./names.ts";
import { Outbox } from "./outbox.ts";
import type { Control, HostMonitor, Loaded, Parts } from "./parts.ts";
import { Problems } from "./problems.ts";
import { readJournal } from "./restore.ts";
import { REGISTRATION_PORT, Sockets } from "./sockets.ts";
import { mergeStatus } from "./status.ts";
import { type Step, takeApart } from "./take-apart.ts";

/** How often what failed is tried again. */
export const RETRY_MS = 5000;

/** Changes of a machine's addresses come in bursts; the last one of a burst decides. */
const HOST_SETTLE_MS = 1000;
const LEAVE_POLL_MS = 20;

export class Daemon<Config extends CommonConfig, CoreConfig> implements ControlHandler {
  readonly #program: Program<Config, CoreConfig>;
  readonly #parts: Parts<Config, CoreConfig>;
  readonly #counters = new Counters();
  readonly #problems: Problems;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #commands: Commands;
  readonly #names: Names;
  readonly #loop: Loop<CoreConfig>;
  readonly #links: Links;
  readonly #sockets: Sockets;
  readonly #monitor: HostMonitor;
  readonly #driver: Driver;
  readonly #forwarder: Forwarder;
  readonly #exporter: Exporter;
  readonly #announcer: Announcer;
  readonly #startedAt: Instant;
  readonly #linkNews: LinkNews;
  #loaded: Loaded<Config, CoreConfig>;
  #fileStamp: string;
  #hostFacts: HostFacts;
  #isStarted = false;
  #ownsMarks = false;
  #control: Control | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelReconsider: (() => void) | undefined;

  constructor(
    program: Program<Config, CoreConfig>,
    loaded: Loaded<Config, CoreConfig>,
    parts: Parts<Config, CoreConfig>,
    opened: {
      readonly io: PacketIo;
      readonly monitor: HostMonitor;
      readonly driver: Driver;
    },
  ) {
    this.#program = program;
    this.#loaded = loaded;
    this.#fileStamp = parts.fileStamp();
    this.#hostFacts = parts.hostFacts();
    this.#parts = parts;
    this.#monitor = opened.monitor;
    this.#driver = opened.driver;
    this.#startedAt = parts.clock.now().monotonic;
    this.#problems = new Problems(parts.log, () => this.#retryLater());
    this.#forwarder = new Forwarder(opened.driver, this.#problems);
    const query = (name: string): Json | undefined => this.query(name);
    this.#exporter = new Exporter(program, parts, this.#counters, this.#problems, query);
    this.#journal = new Journal(loaded.journalPath, parts.journalFiles);
    const common = { io: opened.io, problems: this.#problems, counters: this.#counters };
    const onEvent = (event: FrameEvent): void => this.#fromNetwork(event);
    this.#links = new Links({ ...common, monitor: opened.monitor, onEvent });
    this.#linkNews = new LinkNews({
      names: () => this.#links.names,
      link: (name) => opened.monitor.link(name),
      handle: (event) => this.#loop.handle(event),
    });
    // What a program on this machine sends comes by the loopback, whatever interface the kernel
    // names (that of the destination address): no link has captured it.
    const isCaptured = (index: number, source: Ipv4): boolean =>
      this.#links.isCaptured(index) && !opened.monitor.isLocal(source);
    this.#sockets = new Sockets({ ...common, isCaptured, onEvent });
    const control = (): Control | undefined => this.#control;
    this.#announcer = new Announcer(program.name, parts, this.#counters, control);
    this.#announcer.setHooks(loaded.config.hook);
    this.#commands = new Commands(parts.clock, (command) => this.#loop.handle(command));
    this.#names = new Names(parts, (event) => this.#loop.handle(event));
    const outlets = {
      links: this.#links,
      sockets: this.#sockets,
      commands: this.#commands,
      names: this.#names,
      counters: this.#counters,
      log: parts.log,
      announcer: this.#announcer,
    };
    this.#outbox = new Outbox({
      journal: this.#journal,
      problems: this.#problems,
      carryOut: (effect) => carryOut(outlets, effect),
      waitsForDisk: program.role === "ha",
      clock: parts.clock,
    });
    this.#loop = new Loop({
      core: program.createCore(loaded.core, kernelRandom()),
      clock: parts.clock,
      effects: (effects) => this.#outbox.push(effects),
      forward: (state) => this.#forwarder.apply(state),
      // Agents lose nothing by it: their neighbours speak up.
      overslept: program.role === "mn" ? (ms) => this.#resumed(ms) : undefined,
    });
  }

  /** The control socket comes first: a second program with the same one must touch nothing. */
  async start(): Promise<void> {
    this.#control = await this.#parts.openControl(this.#loaded.config.control.socket, {
      program: this.#program.name,
      handler: this,
      counters: this.#counters,
    });
    const restored = readJournal(this.#journal, this.#problems, this.#parts.log);
    this.#driver.setTunnelAddresses(this.#loaded.wiring.tunnelAddresses);
    this.#ownsMarks = true;
    try {
      await this.#driver.start();
    } catch (error) {
      // Parts of it are missing, an address perhaps; without the device itself there is no point.
      if (!(error instanceof ForwardingError)) throw error;
      this.#forwarder.failed(error);
    }
    this.#loop.handle({ type: "restore", entries: this.#journal.entries() });
    this.#wire();
    this.#monitor.onChange(() => this.#hostChanged());
    this.#isStarted = true;
    this.#exporter.rewire(this.#loaded.config.metrics.listen);
    this.#announcer.tell("info", "started", {
      ready: this.#problems.size === 0,
      links: this.#links.names,
      addresses: this.#loaded.wiring.udpAddresses.map(formatIpv4),
      restored,
    });
  }

  /** SIGHUP: reads the file again; with a fault in it, the old configuration stays. */
  reload(): void {
    const { log } = this.#parts;
    const before = this.#loaded;
    const faults = this.#load();
    if (faults !== undefined) {
      for (const line of faults) log.write("error", line);
      log.write("error", "the configuration was not reloaded: the old one stays");
      return;
    }
    const { config } = this.#loaded;
    for (const key of fixedKeys(before, this.#loaded)) {
      log.write("warning", `${key}: the change takes effect at the next start`);
    }
    log.setConfig(config.log);
    this.#exporter.rewire(config.metrics.listen);
    this.#announcer.setHooks(config.hook);
    log.write("info", "configuration reloaded");
  }

  /**
   * Lets the core withdraw, deregister or revoke; `isOver` ends the wait for replies. A home agent
   * waits for nothing: its bindings stay.
   */
  async leave(isOver: () => boolean): Promise<void> {
    this.#announcer.tell("info", "stopping", {});
    this.#loop.handle({ type: "shutdown" });
    if (this.#program.role !== "ha") {
      while (this.#loop.core.nextDeadline() !== undefined && !isOver()) {
        await new Promise<void>((resolve) => {
          this.#parts.clock.setTimer(LEAVE_POLL_MS, resolve);
        });
      }
    }
    await this.#outbox.drain();
  }

  /** Takes everything apart. */
  async stop(): Promise<void> {
    this.#loop.stop();
    this.#cancelRetry?.();
    this.#cancelReconsider?.();
    this.#commands.close();
    this.#names.close();
    // They have the time of everything else; what hangs there does not keep them alive.
    const hooksEnded = this.#announcer.close();
    const steps: readonly Step[] = [
      ["control socket", () => this.#control?.close()],
      ["metrics", () => this.#exporter.close()],
      ["links", () => this.#links.close()],
      ["sockets", () => this.#sockets.close()],
      ["forwarding", () => this.#forwarder.drain()],
      // What bears our marks is another program's if we never got that far.
      ["driver", () => (this.#ownsMarks ? this.#driver.stop() : undefined)],
      ["journal", () => this.#journal.close()],
      ["hooks", () => hooksEnded],
    ];
    await takeApart(steps, this.#parts.log);
  }

  query(name: string): Json | undefined {
    if (name === "tunnels") return this.#driver.tunnels();
    const answer = this.#loop.core.query(name, this.#parts.clock.now());
    return name === "status" ? this.#status(answer) : answer;
  }

  command(name: string, args: JsonObject): Promise<CommandOutcome> {
    if (!this.#isStarted) return Promise.resolve({ ok: false, message: "starting" });
    return this.#commands.run(name, args);
  }

  /** What the driver has to say: to the log and to everybody who watches. */
  report(event: string, fields: JsonObject): void {
    if (event === "forwarding-failed") this.#forwarder.failed(fields.problems);
    this.#announcer.tell(event === "dropped" ? "warning" : "info", event, fields);
  }

  /** What the driver tells the core. */
  bound(bound: Bound): void {
    this.#loop.handle({ type: "tunnel-bound", ...bound });
  }

  /** SIGUSR1. */
  dump(): void {
    this.#parts.log.write("info", "status", this.#status(this.query("status")));
  }

  #status(core: Json | undefined): JsonObject {
    const { monotonic } = this.#parts.clock.now();
    const driver = this.#driver.status();
    return mergeStatus(core, {
      role: this.#program.role,
      problems: this.#isStarted ? this.#problems.list() : ["starting"],
      uptime: Math.floor((monotonic - this.#startedAt) / 1000),
      interfaces: this.#links.status(),
      driver: driver.driver ?? null,
      forwarding: driver,
      counters: { ...this.#counters.toJson(), ...this.#driver.counters() },
    });
  }

  #fromNetwork(event: FrameEvent): void {
    if (this.#outbox.isFull) {
      this.#counters.add("received-while-disk-is-slow");
      return;
    }
    if (event.type === "udp" && event.destinationPort !== REGISTRATION_PORT) {
      this.#counters.add("other-udp-port");
      return;
    }
    // A packet socket sees it too; no core has anything to do with it (RFC 3519 §3.3).
    if (event.type === "udp" && event.payload[0] === TUNNEL_DATA) return;
    this.#loop.handle(event);
  }

  /** Opens what the wiring wants, then tells the core about its links. */
  #wire(): void {
    this.#links.rewire(this.#loaded.wiring.links);
    this.#sockets.rewire(this.#loaded.wiring);
    this.#linkNews.clear();
    this.#linkNews.tell();
  }

  /** The machine, or this process, has slept: what was learnt of the links is of another time. */
  #resumed(milliseconds: number): void {
    this.#announcer.tell("info", "resumed", { seconds: Math.round(milliseconds / 1000) });
    this.#linkNews.doubt();
    this.#linkNews.tell();
  }

  /** Sockets first, so that a core that hears of a link can send on it at once. */
  #hostChanged(): void {
    this.#links.refresh();
    this.#sockets.refresh();
    this.#linkNews.tell();
    this.#cancelReconsider ??= this.#parts.clock.setTimer(HOST_SETTLE_MS, () => {
      this.#cancelReconsider = undefined;
      this.#reconsider();
    });
  }

  /**
   * What the configuration leaves to the machine (a default care-of address) may be another now.
   * A file that has been edited since waits for its SIGHUP.
   */
  #reconsider(): void {
    const isUnchanged = isDeepStrictEqual(this.#parts.hostFacts(), this.#hostFacts);
    if (isUnchanged || this.#parts.fileStamp() !== this.#fileStamp) return;
    const faults = this.#load();
    if (faults !== undefined) this.#problems.set("configuration", faults.join("; "));
  }

  /** Reads and applies the file to this machine as it is now; faults: nothing has changed. */
  #load(): readonly string[] | undefined {
    const stamp = this.#parts.fileStamp();
    const facts = this.#parts.hostFacts();
    const result = this.#parts.load(facts);
    if (!result.ok) return result.error;
    this.#problems.set("configuration", undefined);
    const { core, wiring } = this.#loaded;
    this.#loaded = result.value;
    this.#fileStamp = stamp;
    this.#hostFacts = facts;
    const isSame = isDeepStrictEqual([core, wiring], [result.value.core, result.value.wiring]);
    if (isSame) return undefined;
    // The core goes first: what it withdraws leaves by the old sockets.
    this.#loop.reconfigure(result.value.core);
    this.#driver.setTunnelAddresses(result.value.wiring.tunnelAddresses);
    this.#wire();
    return undefined;
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#parts.clock.setTimer(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#links.refresh();
      this.#sockets.refresh();
      this.#outbox.retry();
      this.#forwarder.retry();
      this.#exporter.refresh();
      if (this.#problems.size > 0) this.#retryLater();
    });
  }
}
