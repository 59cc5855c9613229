/**
 * What has been assigned to this node and agreed with it, for as long as the registration holds: a
 * home address (RFC 2794, RFC 5944 §3.6), a home agent (RFC 4433), the terms. The configuration
 * with that filled in is what the other parts of the node go by.
 */

import {
  formatIpv4,
  type Ipv4,
  isUsableUnicast,
  networkOf,
  parseIpv4,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { Effect, Persist, Report, Resolved } from "../../shared/protocol/core.ts";
import { isLeftOpen } from "../../shared/protocol/dynamic-home-agent.ts";
import type { RegistrationReply } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { Identities, MnCoreConfig, MnSettings, Terms } from "./config.ts";
import { HomeAgents, NAMES_KEY } from "./registration/home-agents.ts";
import type { Outcomes } from "./registration/outcomes.ts";
import type { Outcome, Registered } from "./registration/registration.ts";
import { report } from "./reports.ts";

type Denied = Extract<Outcome, { kind: "denied" }>;

/** Journal key of what has been assigned. */
const SESSION_KEY = "session";

/** Codes of a foreign agent for which the home agent is the reason. */
const HOME_AGENT_UNREACHABLE: ReadonlySet<number> = new Set([
  ReplyCode.faRegistrationTimeout,
  ReplyCode.faHomeNetworkUnreachable,
  ReplyCode.faHomeAgentHostUnreachable,
  ReplyCode.faHomeAgentPortUnreachable,
  ReplyCode.faHomeAgentUnreachable,
]);
/** Those of one that cannot choose a home agent (RFC 4433 §5.2, §10). */
const CANNOT_CHOOSE: ReadonlySet<number> = new Set([
  ReplyCode.faPoorlyFormedRequest,
  ReplyCode.faNonzeroHomeAgentRequired,
  ReplyCode.faInvalidHomeAgentAddress,
]);

/** Journal key of what the home side calls itself. */
const IDENTITIES_KEY = "identities";
const NO_IDENTITIES: Identities = { homeAgent: undefined, aaaServer: undefined };

export class Session {
  #settings: MnSettings;
  #config: MnCoreConfig;
  readonly #homeAgents: HomeAgents;
  #homeAddress: Ipv4 | undefined;
  /** What the home agent has refused and would not refuse again (RFC 3024 §4.1.2). */
  #terms: Partial<Terms> = {};
  #isPersisted = false;
  #identities: Identities = NO_IDENTITIES;

  constructor(settings: MnSettings) {
    this.#settings = settings;
    this.#homeAgents = new HomeAgents(settings);
    this.#config = this.#merged();
  }

  /** As configured, with what has been assigned; the same object until that changes. */
  get config(): MnCoreConfig {
    return this.#config;
  }

  /** The home agent has assigned the home address. */
  get hasAssignedAddress(): boolean {
    return this.#homeAddress !== undefined;
  }

  /** Is it the same home under other terms? */
  fits({ homeAddress, homeAgents, nai }: MnSettings): boolean {
    const before = this.#settings;
    const isSame = homeAddress === before.homeAddress && nai === before.nai;
    return isSame && JSON.stringify(homeAgents) === JSON.stringify(before.homeAgents);
  }

  /** `keep`: what was assigned is still for this node. */
  reconfigure(settings: MnSettings, keep: boolean): Persist[] {
    const effects = keep ? [] : this.end();
    this.#settings = settings;
    this.#homeAgents.reconfigure(settings, keep);
    this.#terms = {};
    if (!keep) this.#identities = NO_IDENTITIES;
    this.#refresh();
    return effects;
  }

  /** The home agent wants it otherwise, until the configuration is read again. */
  conceded(terms: Partial<Terms>): void {
    this.#terms = { ...this.#terms, ...terms };
    this.#refresh();
  }

  /** A registration was accepted: what came with it is this node's until it ends. */
  accept({ operation, expiresAt }: Registered, now: Now): Persist[] {
    const { homeAddress, homeAgent } = operation;
    this.#homeAgents.accepted(homeAgent);
    if (homeAddress !== this.#settings.homeAddress) this.#homeAddress = homeAddress;
    this.#refresh();
    if (!this.#isAssigning) return [];
    const until = expiresAt === undefined ? null : now.wall + (expiresAt - now.monotonic);
    return this.#persist({
      home_address: formatIpv4(homeAddress),
      home_agent: formatIpv4(homeAgent),
      until,
    });
  }

  /** The home agent and its AAA server have said who they are (RFC 3846 §4, §5). */
  identified(extensions: readonly ControlExtension[]): Persist[] {
    const before = this.#identities;
    for (const extension of extensions) {
      if (extension.name === "ha-identity") {
        this.#identities = { ...this.#identities, homeAgent: extension.nai };
      } else if (extension.name === "aaah-identity") {
        this.#identities = { ...this.#identities, aaaServer: extension.nai };
      }
    }
    const { homeAgent, aaaServer } = this.#identities;
    if (homeAgent === before.homeAgent && aaaServer === before.aaaServer) return [];
    this.#refresh();
    const value = { home_agent: homeAgent ?? null, aaa_server: aaaServer ?? null };
    return [{ type: "persist", key: IDENTITIES_KEY, value }];
  }

  /** The registration is over: who comes next may have been given the same address. */
  end(): Persist[] {
    this.#homeAgents.ended();
    this.#homeAddress = undefined;
    this.#refresh();
    return this.#isPersisted ? this.#persist(null) : [];
  }

  /**
   * After a denial that nothing else would help against: is another home agent to be asked, and
   * can it be (RFC 5944 §3.6.2.3, RFC 4433 §5.1, §10)? `isHeld`: a registration holds.
   */
  lookElsewhere(
    denial: Denied,
    isHeld: boolean,
    now: Instant,
  ): { readonly isElsewhere: boolean; readonly effects: Report[] } {
    const to = redirection(denial);
    if (to === undefined) {
      const isElsewhere = isHomeAgentsFault(denial) && this.#homeAgents.fail(isHeld, now);
      this.#refresh();
      return { isElsewhere, effects: [] };
    }
    const { operation, reply } = denial;
    const isFollowed =
      reply.code === ReplyCode.haRedirected
        ? this.#homeAgents.redirect(reply.homeAgent, to, isLeftOpen(operation.homeAgent))
        : this.#homeAgents.redirect(operation.homeAgent, to, false);
    this.#refresh();
    if (isFollowed) return { isElsewhere: true, effects: [] };
    const fields = { home_agent: formatIpv4(reply.homeAgent), to: formatIpv4(to) };
    return { isElsewhere: false, effects: [report("home-agent-loop", fields, "warning")] };
  }

  /** Nothing comes back: the next home agent of the list. False: there is no other. */
  unanswered(isHeld: boolean, now: Instant): boolean {
    const before = this.#config;
    this.#homeAgents.fail(isHeld, now);
    this.#refresh();
    return this.#config !== before;
  }

  /** Asks for names of home agents that are due. */
  ask(now: Instant): Effect[] {
    return this.#homeAgents.ask(now);
  }

  resolved(event: Resolved, outcomes: Outcomes, now: Instant): Effect[] {
    if (event.addresses === undefined) outcomes.unresolved(event);
    const effects = this.#homeAgents.resolved(event, now);
    this.#refresh();
    return effects;
  }

  nextDeadline(): Instant | undefined {
    return this.#homeAgents.nextDeadline();
  }

  /** After a restart the same is asked for again while the home agent still keeps it. */
  restore(key: string, value: Json, now: Now): void {
    if (key === NAMES_KEY) this.#homeAgents.restoreNames(value);
    if (key === SESSION_KEY) this.#restoreSession(value, now);
    if (key === IDENTITIES_KEY) this.#restoreIdentities(value);
    this.#refresh();
  }

  #restoreSession(value: Json, now: Now): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { home_address: address, home_agent: agent, until } = value as JsonObject;
    this.#isPersisted = true;
    if (!this.#isAssigning) return;
    if (typeof until === "number" ? until <= now.wall : until !== null) return;
    const homeAddress = typeof address === "string" ? parseIpv4(address) : undefined;
    const homeAgent = typeof agent === "string" ? parseIpv4(agent) : undefined;
    if (homeAddress !== this.#settings.homeAddress) this.#homeAddress = homeAddress;
    const [first] = this.#settings.homeAgents;
    if (homeAgent !== undefined && first?.kind === "assigned") this.#homeAgents.restore(homeAgent);
  }

  #restoreIdentities(value: Json): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { home_agent: homeAgent, aaa_server: aaaServer } = value as JsonObject;
    this.#identities = {
      homeAgent: typeof homeAgent === "string" ? homeAgent : undefined,
      aaaServer: typeof aaaServer === "string" ? aaaServer : undefined,
    };
  }

  /** Something of what a registration says is the home agent's to choose. */
  get #isAssigning(): boolean {
    const { homeAddress, homeAgents } = this.#settings;
    return homeAddress === UNSPECIFIED || homeAgents[0]?.kind === "assigned";
  }

  #persist(value: Json): Persist[] {
    this.#isPersisted = value !== null;
    return [{ type: "persist", key: SESSION_KEY, value }];
  }

  #refresh(): void {
    const merged = this.#merged();
    if (JSON.stringify(merged) !== JSON.stringify(this.#config)) this.#config = merged;
  }

  #merged(): MnCoreConfig {
    const settings = this.#settings;
    const { length } = settings.homePrefix;
    const address = this.#homeAddress;
    return {
      ...settings,
      registration: { ...settings.registration, ...this.#terms },
      homeAddress: address ?? settings.homeAddress,
      homePrefix: address === undefined ? settings.homePrefix : networkOf({ address, length }),
      homeAgent: this.#homeAgents.address ?? UNSPECIFIED,
      requestedHomeAgent: this.#homeAgents.requested,
      identities: this.#identities,
    };
  }
}

/** Where the home agent itself sends this node. */
function redirection({ operation, reply, origin }: Denied): Ipv4 | undefined {
  if (origin !== "home-agent") return undefined;
  if (reply.code === ReplyCode.haRedirected) return redirectedTo(reply);
  const isOther = reply.homeAgent !== operation.homeAgent && isUsableUnicast(reply.homeAgent);
  return reply.code === ReplyCode.haUnknownHomeAgent && isOther ? reply.homeAgent : undefined;
}

/** Would another home agent perhaps accept? */
function isHomeAgentsFault({ operation, reply, origin }: Denied): boolean {
  if (origin === "home-agent" || HOME_AGENT_UNREACHABLE.has(reply.code)) return true;
  return isLeftOpen(operation.homeAgent) && CANNOT_CHOOSE.has(reply.code);
}

/** The address in the Redirected HA Extension, in either form (RFC 4433 §3.4.2). */
function redirectedTo({ extensions }: RegistrationReply): Ipv4 | undefined {
  for (const extension of extensions) {
    if (
      extension.name === "redirected-ha-extension" ||
      extension.name === "redirected-ha-extension-as-printed"
    ) {
      return extension.haAddress;
    }
  }
  return undefined;
}
