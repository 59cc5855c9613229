/**
 * Which home agent to ask: those of the configuration in their order, DNS names resolved; one that
 * the network assigns (RFC 4433, RFC 5944 §3.6.1.2); one that a reply points to (codes 136, 143).
 */

import {
  BROADCAST,
  directedBroadcast,
  formatIpv4,
  type Ipv4,
  isUsableUnicast,
  parseIpv4,
} from "../../../shared/base/address.ts";
import type { Json } from "../../../shared/base/result.ts";
import { after, earliest, type Instant } from "../../../shared/base/time.ts";
import type { Effect, Persist, Resolved } from "../../../shared/protocol/core.ts";
import type { HomeAgentSource, MnSettings } from "../config.ts";
import { report } from "../reports.ts";

/** Journal key: the addresses that names had last, for a node that is offline without them. */
export const NAMES_KEY = "home-agent-names";

/** Milliseconds until a name without an answer is asked for again; doubles each time. */
const FIRST_RETRY = 2000;
const MAX_RETRY = 60_000;
/** Addresses of one name beyond this are not tried. */
const MAX_ADDRESSES = 8;
/** While a registration holds, so many failures in a row until another home agent is asked. */
const FAILURES_WHEN_HELD = 3;
/** More home agents than this do not hand a node on; then it is a loop all the same. */
const MAX_REDIRECTIONS = 8;

interface Candidate {
  readonly source: HomeAgentSource;
  /** For the Home Agent field. */
  readonly address: Ipv4;
}

interface Name {
  readonly addresses: readonly Ipv4[];
  /** When it is to be asked for; `undefined`: not now, or the answer is awaited. */
  readonly askAt: Instant | undefined;
  readonly retry: number;
}

export class HomeAgents {
  #settings: Pick<MnSettings, "homeAgents" | "homePrefix" | "nai">;
  readonly #names = new Map<string, Name>();
  #candidates: readonly Candidate[] = [];
  #position = 0;
  /** Candidates that have failed since the last acceptance. */
  #failed = 0;
  #failures = 0;
  /** That the network has assigned, or that a reply has pointed to. */
  #assigned: Ipv4 | undefined;
  /** Where code 143 sends a node that is not anchored yet (RFC 4433 §5.1). */
  #redirected: Ipv4 | undefined;
  /** Who has sent the node elsewhere since the last acceptance. */
  #turnedAway = new Set<Ipv4>();

  constructor(settings: MnSettings) {
    this.#settings = settings;
    this.#list();
  }

  /** The Home Agent field of the next request; `undefined`: no name has an address yet. */
  get address(): Ipv4 | undefined {
    return this.#assigned ?? this.#candidate?.address;
  }

  /** For the Requested HA Extension (RFC 4433 §3.4.1, §4.1). */
  get requested(): Ipv4 | undefined {
    const { nai, homeAgents } = this.#settings;
    if (nai === undefined || homeAgents[0]?.kind !== "assigned") return undefined;
    if (this.#assigned !== undefined) return undefined;
    if (this.#candidate?.source.kind !== "assigned") return this.#candidate?.address;
    return this.#redirected ?? this.#candidates[1]?.address;
  }

  /** `keep`: the home agents are the same. */
  reconfigure(settings: MnSettings, keep: boolean): void {
    this.#settings = settings;
    if (keep) return;
    this.#names.clear();
    this.#position = 0;
    this.#startOver();
    this.#list();
  }

  /** A home agent has accepted: it is the one for as long as the registration holds. */
  accepted(homeAgent: Ipv4): void {
    if (this.#candidate?.source.kind === "assigned") this.#assigned = homeAgent;
    this.#forgetTroubles();
  }

  /** The registration is over: the choice is open again (RFC 4433 §5.1.3). */
  ended(): void {
    this.#position = 0;
    this.#startOver();
  }

  /** After a restart: who has accepted before. */
  restore(homeAgent: Ipv4): void {
    this.#assigned = homeAgent;
  }

  /**
   * A home agent that authenticates itself sends the node to another one: codes 136 (RFC 5944
   * §3.6.2.3) and 143 (RFC 4433 §5.1). False: one that has sent it away itself (§4.2).
   */
  redirect(from: Ipv4, to: Ipv4, isAssigning: boolean): boolean {
    this.#turnedAway.add(from);
    const isLoop = this.#turnedAway.has(to) || this.#turnedAway.size > MAX_REDIRECTIONS;
    if (isLoop || !isUsableUnicast(to)) {
      this.#startOver();
      return false;
    }
    if (isAssigning) this.#redirected = to;
    else this.#assigned = to;
    return true;
  }

  /**
   * This home agent cannot be had. True: another one is asked now; false: there is none, or all
   * have been tried. Names are resolved again in either case.
   */
  fail(isHeld: boolean, now: Instant): boolean {
    for (const [name, known] of this.#names) {
      this.#names.set(name, { ...known, askAt: known.askAt ?? now });
    }
    this.#failures++;
    if (isHeld && this.#failures < FAILURES_WHEN_HELD) return false;
    this.#failures = 0;
    const strayed = this.#assigned !== undefined || this.#redirected !== undefined;
    this.#assigned = undefined;
    this.#redirected = undefined;
    if (!strayed) {
      this.#position = (this.#position + 1) % Math.max(1, this.#candidates.length);
    }
    this.#failed++;
    if (this.#failed <= this.#candidates.length - (strayed ? 0 : 1)) return true;
    this.#failed = 0;
    return false;
  }

  nextDeadline(): Instant | undefined {
    return earliest(...[...this.#names.values()].map(({ askAt }) => askAt));
  }

  /** Asks for the names that are due. */
  ask(now: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const source of this.#settings.homeAgents) {
      if (source.kind !== "name") continue;
      const { name } = source;
      const known = this.#names.get(name) ?? { addresses: [], askAt: now, retry: FIRST_RETRY };
      if (known.askAt === undefined || now < known.askAt) continue;
      this.#names.set(name, { ...known, askAt: undefined });
      effects.push({ type: "resolve", name });
    }
    return effects;
  }

  resolved({ name, addresses, error }: Resolved, now: Instant): Effect[] {
    const known = this.#names.get(name);
    if (known === undefined) return [];
    if (addresses === undefined) {
      const retry = Math.min(MAX_RETRY, known.retry * 2);
      this.#names.set(name, { ...known, askAt: after(now, known.retry), retry });
      return [report("home-agent-unresolved", { name, reason: error ?? null }, "warning")];
    }
    const usable = addresses.filter(isUsableUnicast).slice(0, MAX_ADDRESSES);
    this.#names.set(name, { addresses: usable, askAt: undefined, retry: FIRST_RETRY });
    this.#list();
    const fields = { name, addresses: usable.map(formatIpv4) };
    return [report("home-agent-resolved", fields, "debug"), this.#persist()];
  }

  restoreNames(value: Json): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [name, list] of Object.entries(value)) {
      const texts = Array.isArray(list) ? list.slice(0, MAX_ADDRESSES) : [];
      const addresses = texts.flatMap((text) =>
        typeof text === "string" ? (parseIpv4(text) ?? []) : [],
      );
      const isAsked = this.#settings.homeAgents.some(
        (source) => source.kind === "name" && source.name === name,
      );
      if (isAsked) this.#names.set(name, { addresses, askAt: 0 as Instant, retry: FIRST_RETRY });
    }
    this.#list();
  }

  get #candidate(): Candidate | undefined {
    return this.#candidates[this.#position];
  }

  /** Lists what is known; the one in use stays, or the first of its source takes its place. */
  #list(): void {
    const { homeAgents } = this.#settings;
    const before = this.#candidate;
    this.#candidates = homeAgents.flatMap((source) =>
      this.#addressesOf(source).map((address) => ({ source, address })),
    );
    const find = (isIt: (candidate: Candidate) => boolean): number | undefined => {
      const found = this.#candidates.findIndex(isIt);
      return found < 0 ? undefined : found;
    };
    this.#position =
      find(({ source, address }) => source === before?.source && address === before.address) ??
      find(({ source }) => source === before?.source) ??
      0;
  }

  #addressesOf(source: HomeAgentSource): readonly Ipv4[] {
    const { homePrefix, nai } = this.#settings;
    if (source.kind === "address") return [source.address];
    if (source.kind === "name") return this.#names.get(source.name)?.addresses ?? [];
    // RFC 4433 §2: all ones prefers the home domain, with which the key is shared; without a NAI
    // it is the broadcast address of the home network (RFC 5944 §3.6.1.2).
    return [(nai === undefined ? directedBroadcast(homePrefix) : undefined) ?? BROADCAST];
  }

  #startOver(): void {
    this.#assigned = undefined;
    this.#redirected = undefined;
    this.#forgetTroubles();
  }

  #forgetTroubles(): void {
    this.#turnedAway = new Set();
    this.#failed = 0;
    this.#failures = 0;
  }

  #persist(): Persist {
    const known = [...this.#names].map(([name, { addresses }]) => [
      name,
      addresses.map(formatIpv4),
    ]);
    return { type: "persist", key: NAMES_KEY, value: Object.fromEntries(known) };
  }
}
