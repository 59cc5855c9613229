/**
 * Where the mobile node is: its links, the agents heard on them, the one it is attached to, and
 * the handovers between them. RFC 5944 §2.4, §4.6.
 */

import { formatIpv4, type Ipv4, type Mac } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import { earliest, type Instant } from "../../shared/base/time.ts";
import type { Effect, IcmpReceived, LinkChanged, Report } from "../../shared/protocol/core.ts";
import type { AgentHistory } from "./agent-history.ts";
import { type Agent, AgentTable, isHomeAgent } from "./agents.ts";
import { type Attachment, chooseAttachment, isThrough } from "./attachment.ts";
import type { MnCoreConfig } from "./config.ts";
import { Announcements, gratuitousArp } from "./home.ts";
import { Links } from "./links.ts";
import { compareAgents, isUsable } from "./movement.ts";
import type { Registered } from "./registration.ts";
import {
  agentFields,
  type Handover,
  handoverFinished,
  handoverStarted,
  report,
} from "./reports.ts";

export class Whereabouts {
  #config: MnCoreConfig;
  readonly #counters: Counters;
  readonly #history: AgentHistory;
  readonly links: Links;
  readonly agents: AgentTable;
  readonly #announcements = new Announcements();
  #attachment: Attachment | undefined;
  /** Why and when the attachment before was lost. */
  #lost: { readonly reason: string; readonly at: Instant } | undefined;
  #handover: Handover | undefined;
  /** Key of the agent that somebody asked for, as long as it is heard and willing. */
  #pinned: string | undefined;

  constructor(config: MnCoreConfig, random: Random, counters: Counters, history: AgentHistory) {
    this.#config = config;
    this.#counters = counters;
    this.#history = history;
    this.links = new Links(random);
    this.agents = new AgentTable(counters);
  }

  get attachment(): Attachment | undefined {
    return this.#attachment;
  }

  /** The link-layer address on the interface attached through. */
  get mac(): Mac | undefined {
    const { agent } = this.#attachment ?? {};
    return agent === undefined ? undefined : this.links.macOf(agent.interface);
  }

  get pinned(): string | undefined {
    return this.#pinned;
  }

  pin(key: string | undefined): void {
    this.#pinned = key;
  }

  /** The agent for a handover by command; the error says why there is none. */
  findTarget(
    address: Ipv4 | undefined,
    registered: Registered | undefined,
    now: Instant,
  ): Result<Agent, string> {
    if (this.#attachment?.kind === "home") return err("at home, where no agent is needed");
    const heard = [...this.agents.all()].sort(compareAgents(this.#config));
    const usable = heard.filter((a) => isUsable(a, this.#config, isThrough(registered, a)));
    if (address === undefined) {
      const others = usable.filter(({ key }) => key !== this.#attachment?.agent.key);
      const best = others.find(({ key }) => !this.#history.refuses(key, now)) ?? others[0];
      return best === undefined ? err("no other agent is heard that can be used") : ok(best);
    }
    const isMeant = (agent: Agent): boolean =>
      agent.address === address || agent.careOfAddresses.includes(address);
    const agent = usable.find(isMeant);
    if (agent !== undefined) return ok(agent);
    const why = heard.some(isMeant) ? "cannot be used: see its flags in agents" : "is not heard";
    return err(`the agent ${formatIpv4(address)} ${why}`);
  }

  nextDeadline(): Instant | undefined {
    return earliest(
      this.agents.nextDeadline(),
      this.#announcements.nextDeadline(),
      this.links.nextDeadline(),
    );
  }

  /** `moved`: whatever was registered before, it is not for here. */
  reconfigure(config: MnCoreConfig, moved: boolean, now: Instant): Effect[] {
    this.#config = config;
    const effects: Effect[] = [];
    for (const name of this.links.names()) {
      if (config.interfaces.includes(name)) continue;
      this.links.remove(name);
      effects.push(...this.#loseInterface(name, "interface-removed", now));
    }
    if (!moved) return effects;
    this.#handover = undefined;
    if (this.#attachment !== undefined) this.#detach("reconfigured", now);
    return effects;
  }

  /** `undefined`: no link-layer indication (RFC 5944 appendix A), so nothing to do. */
  linkChanged(event: LinkChanged, now: Instant): Effect[] | undefined {
    const { interface: name } = event;
    if (!this.#config.interfaces.includes(name)) return undefined;
    const transition = this.links.change(event);
    if (transition === undefined) return undefined;
    const effects: Effect[] = [];
    if (transition.wasUp) {
      effects.push(report("link-down", { interface: name }));
      effects.push(...this.#loseInterface(name, "link-down", now));
    }
    if (transition.isUp) effects.push(report("link-up", { interface: name }));
    return effects;
  }

  /** Takes an ICMP message in. `rebooted`: the agent attached to has forgotten us (§2.4.4). */
  advertised(event: IcmpReceived, now: Instant): { effects: Effect[]; rebooted: boolean } {
    const nothing = { effects: [], rebooted: false };
    if (event.interface === undefined || !this.links.isUp(event.interface)) return nothing;
    const heard = this.agents.hear(event, now, this.#attachment?.agent.key);
    if (heard === undefined) return nothing;
    const { agent, change, displaced } = heard;
    const effects: Effect[] = [];
    if (displaced !== undefined) effects.push(this.#agentLost(displaced, "no-room"));
    const current = this.#attachment?.agent.key === agent.key ? this.#attachment : undefined;
    if (change === "gone") {
      effects.push(this.#agentLost(agent, "withdrawn"));
      if (current?.kind === "foreign-agent") this.#detach("agent-lost", now);
      return { effects, rebooted: false };
    }
    if (change !== "same") {
      const careOfAddresses = agent.careOfAddresses.map(formatIpv4);
      const home = isHomeAgent(agent, this.#config.homeAgent);
      const fields = { ...agentFields(agent), care_of_addresses: careOfAddresses, home, change };
      effects.push(report("agent-heard", fields));
    }
    if (current === undefined) return { effects, rebooted: false };
    this.#attachment = { ...current, agent };
    if (heard.rebooted) effects.push(report("agent-rebooted", agentFields(agent)));
    return { effects, rebooted: heard.rebooted };
  }

  /** Forgets agents whose advertisements have run out (§2.4.2.1). */
  expire(now: Instant): Effect[] {
    return this.agents.expire(now).map((agent) => {
      const current = this.#attachment?.agent.key === agent.key ? this.#attachment : undefined;
      if (current?.kind === "foreign-agent") this.#detach("agent-lost", now);
      return this.#agentLost(agent, "lifetime");
    });
  }

  /**
   * Attaches to where the node should be. `wanted`: it is to be registered, so that a move with a
   * registration that holds is a handover. `undefined`: it stays where it is.
   */
  move(registered: Registered | undefined, wanted: boolean, now: Instant): Effect[] | undefined {
    const from = this.#attachment;
    if (this.#history.refuses(this.#pinned ?? "", now)) this.#pinned = undefined;
    const to = chooseAttachment(
      {
        config: this.#config,
        agents: this.agents.all(),
        attachment: from,
        registered,
        history: this.#history,
        pinned: this.#pinned,
      },
      now,
    );
    if (to?.kind === from?.kind && to?.agent.key === from?.agent.key) return undefined;
    if (from !== undefined) {
      const isAsked = to !== undefined && to.agent.key === this.#pinned;
      const reason = to?.kind === "home" ? "home" : isAsked ? "command" : "agent-unusable";
      this.#detach(this.#history.refuses(from.agent.key, now) ? "denied" : reason, now);
    }
    this.#attachment = to;
    if (to === undefined) return [];
    if (to.kind === "home") this.#announcements.start(now);
    if (registered === undefined || !wanted) return [];
    if (to.kind === "foreign-agent" && isThrough(registered, to.agent)) return [];
    this.#handover ??= {
      from: registered,
      reason: this.#lost?.reason ?? "found",
      startedAt: now,
      lostAt: this.#lost?.at,
    };
    return [handoverStarted(this.#handover, to)];
  }

  /** The agent with this key has accepted; the back-off of the search ends with it (§2.4). */
  served(agentKey: string, now: Instant): Effect[] {
    this.links.resetSolicitors();
    const attachment = this.#attachment;
    if (attachment?.agent.key !== agentKey) return [];
    const handover = this.#handover;
    this.#handover = undefined;
    return handover === undefined ? [] : [handoverFinished(handover, attachment, now)];
  }

  /** The gratuitous ARP that is due at home (§4.6). */
  announce(now: Instant): Effect[] {
    const { mac } = this;
    if (this.#attachment?.kind !== "home" || mac === undefined) return [];
    if (!this.#announcements.due(now)) return [];
    const { interface: name } = this.#attachment.agent;
    return [gratuitousArp(this.#config.homeAddress, mac, name)];
  }

  stopAnnouncing(): void {
    this.#announcements.stop();
  }

  /**
   * Solicits where nobody is heard, as long as somebody is needed (§2.4), and on the interface where
   * an agent is to give something more.
   */
  solicit(wanted: boolean, also: string | undefined, now: Instant): Effect[] {
    const current = this.#attachment?.agent.key;
    const served = current !== undefined && this.agents.get(current) !== undefined;
    const needed = wanted && !served;
    const effects = this.links.solicit(
      (name) => (needed && !this.agents.hearsOn(name)) || name === also,
      now,
    );
    if (effects.length > 0) this.#counters.add("solicitations-sent", effects.length);
    return effects;
  }

  /** Nobody who was heard on this link can be relied upon any more. */
  #loseInterface(name: string, reason: string, now: Instant): Effect[] {
    const lost = this.agents.removeWhere((agent) => agent.interface === name);
    if (this.#attachment?.agent.interface === name) this.#detach(reason, now);
    return lost.map((agent) => this.#agentLost(agent, reason));
  }

  #agentLost(agent: Agent, reason: string): Report {
    this.#history.forget(agent.key);
    if (this.#pinned === agent.key) this.#pinned = undefined;
    return report("agent-lost", { ...agentFields(agent), reason });
  }

  #detach(reason: string, now: Instant): void {
    this.#attachment = undefined;
    this.#lost = { reason, at: now };
    this.#announcements.stop();
  }
}
