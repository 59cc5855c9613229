/**
 * Where the mobile node is: its links, the agents heard on them, the one it is attached to, and
 * the handovers between them. RFC 5944 §2.4, §4.6.
 */

import { formatIpv4, type Mac } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import type { Random } from "../../../shared/base/random.ts";
import { earliest, type Instant } from "../../../shared/base/time.ts";
import type { Effect, IcmpReceived, LinkChanged, Report } from "../../../shared/protocol/core.ts";
import { discovers, type MnCoreConfig, rankOf } from "../config.ts";
import type { Registered } from "../registration/registration.ts";
import {
  agentFields,
  type Handover,
  handoverFinished,
  handoverStarted,
  report,
} from "../reports.ts";
import type { AgentHistory } from "./agent-history.ts";
import { type Agent, AgentTable, isHomeAgent } from "./agents.ts";
import { type Attachment, agentOf, interfaceOf, isFor, keyOf } from "./attachment.ts";
import { chooseAttachment, type Surroundings } from "./choice.ts";
import type { CoLocatedPath } from "./co-located.ts";
import { Announcements, gratuitousArp } from "./home.ts";
import { LinkAddresses } from "./link-addresses.ts";
import { Links } from "./links.ts";
import { Paths } from "./paths.ts";

export class Whereabouts {
  #config: MnCoreConfig;
  readonly #counters: Counters;
  readonly #history: AgentHistory;
  readonly links: Links;
  readonly agents: AgentTable;
  readonly addresses = new LinkAddresses();
  readonly #paths: Paths;
  readonly #announcements = new Announcements();
  #attachment: Attachment | undefined;
  /** Why the attachment before was left, and when it was lost; given up it still works. */
  #lost: { readonly reason: string; readonly at: Instant | undefined } | undefined;
  #handover: Handover | undefined;
  /** Key of what somebody asked for, as long as it is there and willing. */
  #pinned: string | undefined;

  constructor(config: MnCoreConfig, random: Random, counters: Counters, history: AgentHistory) {
    this.#config = config;
    this.#counters = counters;
    this.#history = history;
    this.links = new Links(random);
    this.agents = new AgentTable(counters);
    this.#paths = new Paths(config, this.links, this.agents, this.addresses);
  }

  get attachment(): Attachment | undefined {
    return this.#attachment;
  }

  /** The link-layer address on the interface attached through. */
  get mac(): Mac | undefined {
    const attachment = this.#attachment;
    return attachment === undefined ? undefined : this.links.macOf(interfaceOf(attachment));
  }

  get pinned(): string | undefined {
    return this.#pinned;
  }

  pin(key: string | undefined): void {
    this.#pinned = key;
  }

  /** What a choice of where to be attached depends on. */
  surroundings(registered: Registered | undefined, now: Instant): Surroundings {
    return {
      config: this.#config,
      agents: this.agents.all(),
      paths: this.#paths.usable(this.#key, registered, now),
      attachment: this.#attachment,
      registered,
      history: this.#history,
      pinned: this.#pinned,
    };
  }

  get #key(): string | undefined {
    return this.#attachment === undefined ? undefined : keyOf(this.#attachment);
  }

  nextDeadline(now: Instant): Instant | undefined {
    return earliest(
      this.agents.nextDeadline(),
      this.addresses.nextDeadline(),
      this.#announcements.nextDeadline(),
      this.links.nextDeadline(now),
      this.#history.nextDeadline(now),
    );
  }

  /** `moved`: whatever was registered before, it is not for here. */
  reconfigure(config: MnCoreConfig, moved: boolean, now: Instant): Effect[] {
    this.#config = config;
    this.#paths.reconfigure(config);
    const effects: Effect[] = [];
    for (const name of this.links.names()) {
      if (rankOf(config, name) >= 0) continue;
      this.links.remove(name);
      effects.push(...this.#loseInterface(name, "interface-removed", now));
    }
    if (!moved) return effects;
    this.#handover = undefined;
    if (this.#attachment !== undefined) this.#detach("reconfigured", now);
    return effects;
  }

  /**
   * `undefined`: no link-layer indication (RFC 5944 appendix A), so nothing to do. Another address
   * is one: it is of another network, or of another host there.
   */
  linkChanged(event: LinkChanged, now: Instant): Effect[] | undefined {
    const { interface: name } = event;
    if (rankOf(this.#config, name) < 0) return undefined;
    const before = this.#paths.by(name);
    const transition = this.links.change(event);
    this.addresses.configured(name, event.link?.addresses ?? []);
    const after = this.#paths.by(name);
    const isElsewhere = before !== undefined && before.key !== after?.key;
    const effects: Effect[] = [];
    if (transition?.wasUp === true) {
      effects.push(report("link-down", { interface: name }));
      effects.push(...this.#loseInterface(name, "link-down", now));
    }
    if (transition?.isUp === true) effects.push(report("link-up", { interface: name }));
    if (isElsewhere) {
      this.#history.forget(before.key);
      if (this.#pinned === before.key) this.#pinned = undefined;
      if (this.#key === before.key) this.#detach(reasonOf(before, event), now);
    }
    return transition === undefined && before?.key === after?.key ? undefined : effects;
  }

  /** Takes an ICMP message in. `rebooted`: the agent attached to has forgotten us (§2.4.4). */
  advertised(event: IcmpReceived, now: Instant): { effects: Effect[]; rebooted: boolean } {
    const nothing = { effects: [], rebooted: false };
    if (event.interface === undefined || !this.links.isUp(event.interface)) return nothing;
    if (!discovers(this.#config, event.interface)) {
      this.#counters.add("advertisements-not-wanted");
      return nothing;
    }
    const isLost = (key: string): boolean => this.#history.of(key).lostUntil !== undefined;
    const heard = this.agents.hear(event, now, agentOf(this.#attachment)?.key, isLost);
    if (heard === undefined) return nothing;
    this.links.answered(event.interface);
    const { agent, change, displaced } = heard;
    const effects: Effect[] = [];
    if (displaced !== undefined) effects.push(this.#agentLost(displaced, "no-room"));
    const isCurrent = agentOf(this.#attachment)?.key === agent.key;
    if (change === "gone") {
      effects.push(this.#agentLost(agent, "withdrawn"));
      this.#loseAgent(agent, now);
      return { effects, rebooted: false };
    }
    if (change !== "same") {
      const careOfAddresses = agent.careOfAddresses.map(formatIpv4);
      const home = isHomeAgent(agent, this.#config);
      const fields = { ...agentFields(agent), care_of_addresses: careOfAddresses, home, change };
      effects.push(report("agent-heard", fields));
    }
    if (!isCurrent) return { effects, rebooted: false };
    if (this.#attachment?.kind !== "co-located") {
      this.#attachment = this.#attachment && { ...this.#attachment, agent };
    }
    if (heard.rebooted) effects.push(report("agent-rebooted", agentFields(agent)));
    return { effects, rebooted: heard.rebooted };
  }

  /** What the registration is for, while it is there: it serves until another one does. */
  serving(registered: Registered | undefined): Attachment | undefined {
    return this.#paths.serving(registered);
  }

  /** The agent of this link that requires registration, if one is heard. */
  relayOn(name: string): Agent | undefined {
    return this.#paths.relayOn(name);
  }

  /** The interfaces that are there. */
  interfaces(): { readonly name: string; readonly isUp: boolean; readonly isHost: boolean }[] {
    return this.links.names().map((name) => {
      const isUp = this.links.isUp(name);
      return { name, isUp, isHost: isUp && this.#paths.isHost(name) };
    });
  }

  /** Forgets agents whose advertisements have run out (§2.4.2.1). */
  expire(now: Instant): Effect[] {
    return this.agents.expire(now).map((agent) => {
      this.#loseAgent(agent, now);
      return this.#agentLost(agent, "lifetime");
    });
  }

  #loseAgent(agent: Agent, now: Instant): void {
    const { kind } = this.#attachment ?? {};
    if (kind === "foreign-agent" && this.#key === agent.key) this.#detach("agent-lost", now);
  }

  /**
   * Attaches to where the node should be. `wanted`: it is to be registered, so that a move with a
   * registration that holds is a handover. `undefined`: it stays where it is.
   */
  move(registered: Registered | undefined, wanted: boolean, now: Instant): Effect[] | undefined {
    const from = this.#attachment;
    if (this.#history.refuses(this.#pinned ?? "", now)) this.#pinned = undefined;
    const to = chooseAttachment(this.surroundings(registered, now), now);
    const isSame = to?.kind === from?.kind && (to && keyOf(to)) === this.#key;
    if (from !== undefined && !isSame) {
      const isLost = this.#paths.serving(registered) === undefined;
      this.#detach(this.#reasonToLeave(from, to, now), isLost ? now : undefined);
    }
    this.#attachment = to;
    if (isSame) return undefined;
    if (to === undefined) return [];
    if (to.kind === "home") this.#announcements.start(now);
    if (registered === undefined || !wanted) return [];
    if (to.kind !== "home" && isFor(registered, to)) return [];
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
    if (attachment === undefined || keyOf(attachment) !== agentKey) return [];
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
   * Solicits where nobody is heard: as long as somebody is needed (§2.4), and three times on every
   * link, so that what it offers is known when it is needed; and on the interface where an agent
   * is to give something more.
   */
  solicit(wanted: boolean, also: string | undefined, now: Instant): Effect[] {
    const attachment = this.#attachment;
    const isServed =
      attachment !== undefined &&
      (attachment.kind === "co-located" || this.agents.get(attachment.agent.key) !== undefined);
    const isNeeded = (name: string): boolean =>
      wanted && !this.agents.hearsOn(name) && (!isServed || !this.links.isUnanswered(name, now));
    const { interfaces } = this.#config;
    const effects = this.links.solicit(
      (name) => discovers(this.#config, name) && (isNeeded(name) || name === also),
      (name) => interfaces[rankOf(this.#config, name)]?.solicitationAddress,
      now,
    );
    if (effects.length > 0) this.#counters.add("solicitations-sent", effects.length);
    return effects;
  }

  /** Nobody who was heard on this link can be relied upon any more. */
  #loseInterface(name: string, reason: string, now: Instant): Effect[] {
    const lost = this.agents.removeWhere((agent) => agent.interface === name);
    const attachment = this.#attachment;
    if (attachment !== undefined && interfaceOf(attachment) === name) this.#detach(reason, now);
    return lost.map((agent) => this.#agentLost(agent, reason));
  }

  #agentLost(agent: Agent, reason: string): Report {
    this.#history.forget(agent.key);
    if (this.#pinned === agent.key) this.#pinned = undefined;
    return report("agent-lost", { ...agentFields(agent), reason });
  }

  #reasonToLeave(from: Attachment, to: Attachment | undefined, now: Instant): string {
    if (this.#history.refuses(keyOf(from), now)) return "denied";
    if (to === undefined) return "agent-unusable";
    if (to.kind === "home") return "home";
    if (keyOf(to) === this.#pinned) return "command";
    const isPreferred =
      rankOf(this.#config, interfaceOf(to)) < rankOf(this.#config, interfaceOf(from));
    return isPreferred ? "preferred" : "agent-unusable";
  }

  /** `lostAt`: since when nothing goes by it any more. */
  #detach(reason: string, lostAt: Instant | undefined): void {
    this.#attachment = undefined;
    this.#lost = { reason, at: lostAt };
    this.#announcements.stop();
  }
}

/** Why a co-located path is no more. */
function reasonOf({ careOfAddress }: CoLocatedPath, { link }: LinkChanged): string {
  const isStill = link?.addresses.some(({ address }) => address === careOfAddress) === true;
  return isStill ? "route-lost" : "address-lost";
}
