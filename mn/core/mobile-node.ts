/**
 * The mobile node: finds agents, registers, follows its own movement, deregisters at home.
 * RFC 5944 §2.4, §3.6, §4.6. After each event `#advance` brings everything to where it should be.
 */

import { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import { after, earliest, type Instant, type Now } from "../../shared/base/time.ts";
import type { ForwardingState } from "../../shared/forwarding/state.ts";
import type {
  Command,
  Core,
  Effect,
  Event,
  IcmpReceived,
  LinkChanged,
  UdpReceived,
} from "../../shared/protocol/core.ts";
import { carryOutCommand } from "./commands.ts";
import type { MnCoreConfig, MnSettings } from "./config.ts";
import { ForwardingView } from "./forwarding.ts";
import { FastHandover } from "./handover/fast-handover.ts";
import { settle } from "./handover/settle.ts";
import { AgentHistory } from "./movement/agent-history.ts";
import { answerArp } from "./movement/arp.ts";
import { isFor, keyOf } from "./movement/attachment.ts";
import { LostPaths } from "./movement/lost-paths.ts";
import { Whereabouts } from "./movement/whereabouts.ts";
import { ClockSteps } from "./registration/clock-steps.ts";
import { IDENTIFICATION_KEY } from "./registration/identification.ts";
import { isUnanswered, Outcomes } from "./registration/outcomes.ts";
import { Registration } from "./registration/registration.ts";
import { Replies } from "./registration/replies.ts";
import { Requests } from "./registration/requests.ts";
import { agentFields, expiredReport, report } from "./reports.ts";
import { Session } from "./session.ts";
import { type MnState, stateOf } from "./state.ts";
import { agentJson, statusJson } from "./status.ts";
import { Waiters } from "./waiters.ts";

/** Milliseconds that an orderly end waits for the reply to its deregistration. */
const SHUTDOWN_WAIT = 2000;

export class MobileNode implements Core<MnSettings> {
  readonly #session: Session;
  /** The session's, as the other parts have it. */
  #config: MnCoreConfig;
  readonly #counters = new Counters();
  readonly #history = new AgentHistory();
  readonly #where: Whereabouts;
  readonly #registration: Registration;
  readonly #waiters = new Waiters();
  readonly #outcomes = new Outcomes(this.#counters, this.#history, this.#waiters);
  readonly #requests: Requests;
  readonly #replies: Replies;
  readonly #view = new ForwardingView();
  readonly #clockSteps = new ClockSteps();
  readonly #fast: FastHandover;
  readonly #lostPaths: LostPaths;
  /** A `deregister` lasts until `register`. */
  #wanted = true;
  /** At home and the home agent has confirmed that it holds no binding. */
  #cleared = false;
  /** The forwarding of a home link is to be in place before anything is sent (§4.6). */
  #settling = false;
  #stopping: { readonly until: Instant } | undefined;
  #stopped = false;
  #state: MnState = "searching";
  #deadline: Instant | undefined;

  constructor(settings: MnSettings, random: Random) {
    this.#session = new Session(settings);
    const { config } = this.#session;
    this.#config = config;
    this.#where = new Whereabouts(config, random, this.#counters, this.#history);
    this.#registration = new Registration(config, random, this.#counters);
    this.#fast = new FastHandover(() => this.#config, random, this.#counters);
    this.#requests = new Requests(this.#session, this.#history, this.#registration);
    this.#replies = new Replies(
      this.#session,
      this.#where,
      this.#registration,
      this.#outcomes,
      this.#history,
    );
    const parts = [this.#where, this.#registration, this.#history] as const;
    this.#lostPaths = new LostPaths(...parts, this.#counters);
    this.#updateView(0 as Instant);
  }

  get state(): MnState {
    return this.#state;
  }

  handle(event: Event, now: Now): Effect[] {
    if (this.#stopped) return [];
    const effects = this.#clockSteps.follow(now, this.#registration);
    this.#lostPaths.hear(event);
    const taken = this.#fast.take(event, now) ?? this.#take(event, now);
    effects.push(...taken, ...this.#advance(now));
    return effects;
  }

  nextDeadline(): Instant | undefined {
    return this.#deadline;
  }

  forwarding(): ForwardingState {
    return this.#view.state;
  }

  /** What the reload leaves alone goes on; other terms are asked for by a new registration. */
  reconfigure(settings: MnSettings, now: Now): Effect[] {
    const keep = this.#session.fits(settings);
    const effects = this.#clockSteps.follow(now, this.#registration);
    effects.push(...this.#session.reconfigure(settings, keep));
    this.#config = this.#session.config;
    this.#registration.reconfigure(this.#config, keep);
    this.#registration.renewNow(now.monotonic);
    this.#history.clear();
    this.#cleared = false;
    effects.push(...this.#where.reconfigure(this.#config, !keep, now.monotonic));
    effects.push(...this.#advance(now));
    return effects;
  }

  query(name: string, now: Now): Json | undefined {
    if (name === "status") return this.#status(now.monotonic);
    if (name !== "agents") return undefined;
    return this.#where.agents.all().map((agent) => agentJson(agent, this.#config, now.monotonic));
  }

  #take(event: Event, now: Now): Effect[] {
    switch (event.type) {
      case "link":
        return this.#linkChanged(event, now);
      case "icmp":
        return this.#advertised(event, now.monotonic);
      case "udp":
        return this.#replied(event, now);
      case "arp":
        return answerArp(event, this.#config.homeAddress, this.#where);
      case "restore":
        for (const [key, value] of event.entries) {
          if (key === IDENTIFICATION_KEY) this.#registration.identifications.restore(value);
          else this.#session.restore(key, value, now);
        }
        return [];
      case "command":
        return this.#commanded(event, now);
      case "shutdown":
        return this.#stop(now.monotonic);
      case "path":
        return this.#lostPaths.told(event, now.monotonic);
      case "resolved":
        return this.#session.resolved(event, this.#outcomes, now.monotonic);
      case "tick":
      case "tunnel-bound":
        return [];
    }
  }

  #linkChanged(event: LinkChanged, now: Now): Effect[] {
    const effects = this.#where.linkChanged(event, now.monotonic);
    if (effects === undefined) return [];
    this.#registration.linkChanged();
    return [...effects, ...this.#fast.linkChanged(event, now)];
  }

  #advertised(event: IcmpReceived, now: Instant): Effect[] {
    if (this.#stopping !== undefined) return [];
    const { effects, rebooted } = this.#where.advertised(event, now);
    if (rebooted) this.#registration.renewNow(now);
    return effects;
  }

  #replied(event: UdpReceived, now: Now): Effect[] {
    const { outcome, effects } = this.#replies.take(event, this.#state === "registered", now);
    if (outcome.kind === "denied" && this.#stopping !== undefined) {
      this.#stopping = { until: now.monotonic };
    }
    if (outcome.kind === "accepted" && outcome.operation.via === "home") this.#cleared = true;
    return effects;
  }

  #commanded(command: Command, now: Now): Effect[] {
    const node = {
      where: this.#where,
      registration: this.#registration,
      history: this.#history,
      waiters: this.#waiters,
      fast: this.#fast,
      isCleared: this.#cleared,
      isStopping: this.#stopping !== undefined,
      isWanted: this.#wanted,
      want: (isWanted: boolean) => {
        this.#wanted = isWanted;
      },
    };
    return carryOutCommand(command, node, now);
  }

  #stop(now: Instant): Effect[] {
    const from = Math.max(now, this.#registration.earliestRequest) as Instant;
    this.#stopping ??= { until: after(from, SHUTDOWN_WAIT) };
    this.#where.stopAnnouncing();
    this.#fast.stop();
    return [];
  }

  #advance(now: Now): Effect[] {
    const { monotonic } = now;
    const effects: Effect[] = this.#expire(monotonic);
    effects.push(...this.#session.ask(monotonic), ...this.#adoptSession(monotonic));
    if (this.#registration.outdoesRefused(monotonic)) this.#cleared = false;
    this.#settling = false;
    const parts = [this.#fast, this.#where, this.#registration] as const;
    if (this.#stopping === undefined)
      effects.push(...settle(...parts, () => this.#attach(monotonic), now));
    else this.#fast.steer(this.#where, this.#registration.registered, monotonic);
    if (!this.#settling && !this.#fast.goesFirst) effects.push(...this.#drive(now));
    const also = this.#requests.solicitsOn ?? this.#lostPaths.solicitsOn;
    const searching = this.#wanted && this.#stopping === undefined;
    effects.push(...this.#where.solicit(searching, also, monotonic));
    effects.push(...this.#updateState());
    this.#updateView(monotonic);
    this.#updateDeadline(monotonic);
    return effects;
  }

  /** What has been assigned, or is no longer, is told to the other parts. */
  #adoptSession(now: Instant): Effect[] {
    const { config } = this.#session;
    if (config === this.#config) return [];
    this.#config = config;
    this.#registration.adopt(config);
    return this.#where.reconfigure(config, false, now);
  }

  #expire(now: Instant): Effect[] {
    const effects = this.#where.expire(now);
    const ended = this.#registration.expire(now);
    if (ended !== undefined) effects.push(expiredReport(ended), ...this.#session.end());
    if (!this.#wanted && !this.#registration.exposed) {
      effects.push(...this.#waiters.settle("deregister", true, "nothing is registered"));
    }
    effects.push(...this.#lostPaths.look(this.#config, now));
    effects.push(...this.#outcomes.unanswered(this.#registration, this.#where, now));
    if (this.#where.pinned === undefined) {
      effects.push(...this.#waiters.settle("handover", false, "the agent is not heard any more"));
    }
    return effects;
  }

  #attach(now: Instant): Effect[] {
    const from = this.#where.attachment;
    const { registered } = this.#registration;
    const effects = this.#where.move(registered, this.#wanted, now);
    if (effects === undefined) return [];
    const to = this.#where.attachment;
    this.#cleared = false;
    this.#settling = this.#view.comesFirst(from, to);
    // Back on the same agent's link: nothing is lost, but §3.6 asks for a registration.
    if (to !== undefined && isFor(registered, to)) this.#registration.renewNow(now);
    return effects;
  }

  #drive(now: Now): Effect[] {
    const { effects, isIdle } = this.#requests.drive(
      {
        attachment: this.#where.attachment,
        wanted: this.#wanted && this.#stopping === undefined,
        cleared: this.#cleared,
        isRenewal: this.#state === "registered",
        isServed: this.#where.serving(this.#registration.registered) !== undefined,
      },
      now,
    );
    if (this.#stopping !== undefined) {
      this.#stopped = isIdle || now.monotonic >= this.#stopping.until;
    }
    return [...this.#where.announce(now.monotonic), ...effects];
  }

  #updateState(): Effect[] {
    const before = this.#state;
    const { registered, pending } = this.#registration;
    const { attachment } = this.#where;
    const key = attachment === undefined ? "" : keyOf(attachment);
    const denied = pending?.denied === true && this.#history.of(key).until !== undefined;
    this.#state = stateOf({
      wanted: this.#wanted && this.#stopping === undefined,
      attachment: attachment?.kind,
      bound: registered !== undefined,
      boundHere: attachment !== undefined && isFor(registered, attachment),
      failing: denied || isUnanswered(pending),
    });
    if (this.#state !== "home" || before === "home") return [];
    return attachment?.kind === "home" ? [report("home", agentFields(attachment.agent))] : [];
  }

  #updateView(now: Instant): void {
    this.#view.update(this.#config, this.#where, this.#registration, this.#fast, now);
  }

  #updateDeadline(now: Instant): void {
    this.#deadline = this.#stopped
      ? undefined
      : earliest(
          this.#settling ? now : undefined,
          this.#stopping?.until,
          this.#where.nextDeadline(now),
          this.#stopping === undefined ? this.#fast.nextDeadline() : undefined,
          this.#view.nextDeadline(),
          this.#lostPaths.nextDeadline(),
          this.#fast.goesFirst ? undefined : this.#registration.nextDeadline(now),
          this.#session.nextDeadline(),
        );
  }

  #status(now: Instant): Json {
    const { attachment, links } = this.#where;
    return statusJson(
      {
        state: this.#state,
        config: this.#config,
        attachment,
        links,
        registration: this.#registration,
        outcomes: this.#outcomes,
        counters: this.#counters,
      },
      now,
    );
  }
}
