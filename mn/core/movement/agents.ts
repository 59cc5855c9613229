/**
 * The agents that a mobile node hears: checked advertisements, their lifetimes, sequence numbers.
 * RFC 1256 §5, RFC 5944 §2.4.
 */

import {
  BROADCAST,
  directedBroadcast,
  type Ipv4,
  isUsableUnicast,
  type Mac,
  prefixContains,
} from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import { after, earliest, type Instant } from "../../../shared/base/time.ts";
import type { IcmpReceived } from "../../../shared/protocol/core.ts";
import {
  AdvertisementFlag,
  agentExtension,
  prefixLengthsOf,
  type RouterAdvertisement,
} from "../../../shared/wire/icmp/agent-discovery.ts";
import type { RouterAddress } from "../../../shared/wire/icmp/router-address.ts";
import { decodeDiscovery } from "../../../shared/wire/icmp.ts";
import type { MnCoreConfig } from "../config.ts";

/** More agents than this are not remembered; the one heard longest ago makes room. */
export const MAX_AGENTS = 32;

/** One agent as its last advertisement described it. */
export interface Agent {
  readonly key: string;
  readonly interface: string;
  /** IP source of the advertisement, and where requests go (RFC 5944 §3.6.1.1). */
  readonly address: Ipv4;
  /** Link-layer source of the advertisement. */
  readonly mac: Mac;
  readonly careOfAddresses: readonly Ipv4[];
  readonly flags: number;
  readonly sequenceNumber: number;
  /** Longest registration it accepts, seconds; nothing to do with `expiresAt` (§2.1.1). */
  readonly registrationLifetime: number;
  readonly routerAddresses: readonly RouterAddress[];
  readonly prefixLengths: readonly number[] | undefined;
  /** To be answered by requests (RFC 4721 §2). */
  readonly challenge: Uint8Array | undefined;
  /** By its realm the agent's domain is known (RFC 4857 §8.2). */
  readonly nai: string | undefined;
  /** ICMP code 16: it does not route common traffic (RFC 5944 §2.1). */
  readonly mobilityOnly: boolean;
  readonly heardAt: Instant;
  /** When it was heard first, without having been lost since. */
  readonly foundAt: Instant;
  /** By the ICMP Lifetime: how long the advertisement may be relied upon. */
  readonly expiresAt: Instant;
}

export interface Heard {
  readonly agent: Agent;
  readonly change: "new" | "changed" | "same" | "gone";
  /** The sequence number says that the agent started over (RFC 5944 §2.4.4). */
  readonly rebooted: boolean;
  /** An agent that had to make room. */
  readonly displaced: Agent | undefined;
}

export function hasFlag(agent: Agent, flag: keyof typeof AdvertisementFlag): boolean {
  return (agent.flags & AdvertisementFlag[flag]) !== 0;
}

/**
 * Is this our home agent on our home link? It sets H, and lists or uses the home agent's address;
 * as long as only the home network is known (RFC 5944 §3.6.1.2), one of that network.
 */
export function isHomeAgent(agent: Agent, { homeAgent, homePrefix }: MnCoreConfig): boolean {
  if (!hasFlag(agent, "H")) return false;
  // Who is still to be chosen is asked for at home (RFC 5944 §3.6.1.2).
  const isOpen = homeAgent === BROADCAST || homeAgent === directedBroadcast(homePrefix);
  if (isOpen) return prefixContains(homePrefix, agent.address);
  const lists = agent.routerAddresses.some(({ address }) => address === homeAgent);
  return lists || agent.address === homeAgent;
}

/** RFC 5944 §2.4.4: less than before and within 0..255 is a reboot; less but above, a roll-over. */
export function isReboot(previous: number, next: number): boolean {
  return next < previous && next <= 255;
}

/** The parts of an advertisement whose change people want to know about. */
function description(agent: Agent): string {
  const { mac, careOfAddresses, flags, registrationLifetime } = agent;
  return `${mac} ${careOfAddresses.join(",")} ${flags} ${registrationLifetime}`;
}

function challengeOf({ extensions }: RouterAdvertisement): Uint8Array | undefined {
  const found = extensions.find(({ name }) => name === "challenge-extension");
  return found?.name === "challenge-extension" ? found.challenge : undefined;
}

function naiOf({ extensions }: RouterAdvertisement): string | undefined {
  const found = extensions.find(({ name }) => name === "foreign-agent-nai");
  return found?.name === "foreign-agent-nai" ? found.nai : undefined;
}

/** A group or broadcast address cannot be where an advertisement comes from. */
function isUnicastMac(mac: Mac): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

export class AgentTable {
  readonly #agents = new Map<string, Agent>();
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  get(key: string): Agent | undefined {
    return this.#agents.get(key);
  }

  all(): readonly Agent[] {
    return [...this.#agents.values()];
  }

  hearsOn(interfaceName: string): boolean {
    return this.all().some((agent) => agent.interface === interfaceName);
  }

  nextDeadline(): Instant | undefined {
    return earliest(...this.all().map(({ expiresAt }) => expiresAt));
  }

  /**
   * Takes an ICMP message in; `undefined` when it is no valid Agent Advertisement. Reserved bits
   * are kept and never a reason to discard (RFC 5944 §2.4). `keep` is never displaced. `isLost`: the
   * agent with this key is silent, so another machine may have its address now.
   */
  hear(
    event: IcmpReceived,
    now: Instant,
    keep: string | undefined,
    isLost: (key: string) => boolean = () => false,
  ): Heard | undefined {
    const read = this.#read(event, now);
    if (read === undefined) return undefined;
    const previous = this.#agents.get(read.key);
    // RFC 3543 §6.1: as long as an agent is heard nobody else speaks for it.
    if (previous !== undefined && previous.mac !== read.mac && !isLost(read.key)) {
      this.#counters.add("advertisement-other-link-address");
      return undefined;
    }
    const agent = previous === undefined ? read : { ...read, foundAt: previous.foundAt };
    if (agent.expiresAt <= now) {
      // RFC 1256 §5.3: Lifetime 0 takes the entry away at once.
      if (!this.#agents.delete(agent.key)) return undefined;
      return { agent, change: "gone", rebooted: false, displaced: undefined };
    }
    const displaced = previous === undefined ? this.#makeRoom(keep) : undefined;
    this.#agents.set(agent.key, agent);
    if (previous === undefined) return { agent, change: "new", rebooted: false, displaced };
    const rebooted = isReboot(previous.sequenceNumber, agent.sequenceNumber);
    const same = description(previous) === description(agent);
    return { agent, change: same ? "same" : "changed", rebooted, displaced };
  }

  /** Removes and returns the agents whose advertisements have run out (RFC 5944 §2.4.2.1). */
  expire(now: Instant): readonly Agent[] {
    return this.removeWhere((agent) => agent.expiresAt <= now);
  }

  removeWhere(unwanted: (agent: Agent) => boolean): readonly Agent[] {
    const removed = this.all().filter(unwanted);
    for (const { key } of removed) this.#agents.delete(key);
    return removed;
  }

  #makeRoom(keep: string | undefined): Agent | undefined {
    if (this.#agents.size < MAX_AGENTS) return undefined;
    this.#counters.add("agents-over-limit");
    let oldest: Agent | undefined;
    for (const agent of this.#agents.values()) {
      if (agent.key === keep) continue;
      if (oldest === undefined || agent.heardAt < oldest.heardAt) oldest = agent;
    }
    if (oldest !== undefined) this.#agents.delete(oldest.key);
    return oldest;
  }

  /** RFC 1256 §5.2 as RFC 5944 relaxes it; every discard is silent and counted. */
  #read(event: IcmpReceived, now: Instant): Agent | undefined {
    const decoded = decodeDiscovery(event.payload);
    if (!decoded.ok) {
      this.#counters.add(`advertisement-${decoded.error.code}`);
      return undefined;
    }
    const message = decoded.value;
    // RFC 1256 §5.2: a host discards solicitations; routers without the extension are no agents.
    if (message.name !== "router-advertisement") return undefined;
    const extension = agentExtension(message);
    if (extension === undefined) {
      this.#counters.add("router-advertisements-ignored");
      return undefined;
    }
    const { interface: interfaceName, linkSource, source } = event;
    if (interfaceName === undefined || linkSource === undefined) return undefined;
    if (!isUsableUnicast(source) || !isUnicastMac(linkSource)) {
      this.#counters.add("advertisement-wrong-source");
      return undefined;
    }
    // RFC 5944 §2.1, RFC 3543 §6.1: it has not been forwarded, or claims so.
    if (event.ttl !== 1) {
      this.#counters.add("advertisement-wrong-ttl");
      return undefined;
    }
    this.#counters.add("advertisements-received");
    return {
      key: `${interfaceName}/${source}`,
      interface: interfaceName,
      address: source,
      mac: linkSource,
      careOfAddresses: extension.careOfAddresses.filter(isUsableUnicast),
      flags: extension.flags,
      sequenceNumber: extension.sequenceNumber,
      registrationLifetime: extension.registrationLifetime,
      routerAddresses: message.routerAddresses,
      prefixLengths: prefixLengthsOf(message),
      challenge: challengeOf(message),
      nai: naiOf(message),
      mobilityOnly: message.code === 16,
      heardAt: now,
      foundAt: now,
      expiresAt: after(now, message.lifetime * 1000),
    };
  }
}
