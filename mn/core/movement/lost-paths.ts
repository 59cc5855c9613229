/**
 * Ways that die without a word. That of an address of the node's own the forwarding watches, by echoes
 * through the tunnel; a foreign agent is watched here: by unicast ARP requests to its link-layer address
 * (the "unicast poll" of RFC 1122 §2.3.2.1). They name no address of the node's: away from home nothing
 * is to be said about the home address, and nothing by broadcast (RFC 5944 §4.6).
 */

import { formatIpv4, type Mac, UNSPECIFIED } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import { after, type Instant } from "../../../shared/base/time.ts";
import { Liveness } from "../../../shared/forwarding/liveness.ts";
import type {
  ArpReceived,
  Effect,
  Event,
  PathChanged,
  SendArp,
} from "../../../shared/protocol/core.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Registration } from "../registration/registration.ts";
import { report } from "../reports.ts";
import type { AgentHistory } from "./agent-history.ts";
import type { Agent } from "./agents.ts";
import { type Attachment, keyOf } from "./attachment.ts";
import type { Whereabouts } from "./whereabouts.ts";

const UNKNOWN_MAC = "00:00:00:00:00:00" as Mac;

interface Watched {
  readonly agent: Agent;
  readonly liveness: Liveness;
  lookAt: Instant;
  isHeard: boolean;
  isAnswered: boolean;
}

export class LostPaths {
  readonly #where: Whereabouts;
  readonly #registration: Registration;
  readonly #history: AgentHistory;
  readonly #counters: Counters;
  #watched: Watched | undefined;

  constructor(
    where: Whereabouts,
    registration: Registration,
    history: AgentHistory,
    counters: Counters,
  ) {
    this.#where = where;
    this.#registration = registration;
    this.#history = history;
    this.#counters = counters;
  }

  /** Where the agent in use is silent: others may be on its link. */
  get solicitsOn(): string | undefined {
    const { agent, liveness } = this.#watched ?? {};
    return liveness?.isLost === true ? agent?.interface : undefined;
  }

  nextDeadline(): Instant | undefined {
    return this.#watched?.lookAt;
  }

  /** Of a care-of address of the node's own, as the forwarding has found out. */
  told({ careOfAddress, isLost }: PathChanged, now: Instant): Effect[] {
    const serving = this.#where.serving(this.#registration.registered);
    if (serving?.kind !== "co-located" || serving.path.careOfAddress !== careOfAddress) return [];
    return this.#change(serving, isLost, now);
  }

  /** Whatever comes from the agent in use is a sign of life. */
  hear(event: Event): void {
    const watched = this.#watched;
    if (watched === undefined || !("linkSource" in event)) return;
    const { agent } = watched;
    if (event.interface !== agent.interface || event.linkSource !== agent.mac) return;
    watched.isHeard = true;
    if (event.type === "arp") watched.isAnswered ||= isAnswer(event, agent);
  }

  /** Watches the agent that serves, as long as it does. */
  look({ probing }: MnCoreConfig, now: Instant): Effect[] {
    const serving = this.#where.serving(this.#registration.registered);
    if (serving?.kind !== "foreign-agent" || probing === undefined) {
      this.#watched = undefined;
      return [];
    }
    const { agent } = serving;
    const interval = probing.interval * 1000;
    if (this.#watched?.agent.key !== agent.key || this.#watched.agent.mac !== agent.mac) {
      const lookAt = after(now, interval);
      const nothing = { isHeard: false, isAnswered: false };
      this.#watched = { agent, liveness: new Liveness(), lookAt, ...nothing };
    }
    const watched = this.#watched;
    if (now < watched.lookAt) return [];
    const { news, asks } = watched.liveness.look(watched, probing.misses);
    watched.isHeard = false;
    watched.lookAt = after(now, interval);
    const effects = news ? this.#change(serving, watched.liveness.isLost, now) : [];
    return asks ? [...effects, ...this.#ask(agent)] : effects;
  }

  #ask({ interface: name, address, mac }: Agent): SendArp[] {
    const senderMac = this.#where.links.macOf(name);
    if (senderMac === undefined) return [];
    this.#counters.add("agent-polls-sent");
    return [
      {
        type: "send-arp",
        operation: "request",
        senderMac,
        senderAddress: UNSPECIFIED,
        targetMac: UNKNOWN_MAC,
        targetAddress: address,
        link: { interface: name, destination: mac },
      },
    ];
  }

  /** Lost: another way is better for a while; where there is none, this one is registered anew. */
  #change(serving: Attachment, isLost: boolean, now: Instant): Effect[] {
    if (isLost) {
      this.#counters.add("paths-lost");
      this.#history.lost(keyOf(serving), now);
      this.#registration.mappingLost();
      this.#registration.linkChanged();
      this.#registration.renewNow(now);
    } else {
      this.#history.found(keyOf(serving));
    }
    const fields =
      serving.kind === "co-located"
        ? { interface: serving.path.interface, ...careOf(serving.path) }
        : { interface: serving.agent.interface, agent: formatIpv4(serving.agent.address) };
    const event = isLost ? "path-lost" : "path-found";
    return [report(event, fields, isLost ? "warning" : "info")];
  }
}

function isAnswer({ operation, senderAddress }: ArpReceived, { address }: Agent): boolean {
  return operation === "reply" && senderAddress === address;
}

function careOf({ careOfAddress }: Extract<Attachment, { kind: "co-located" }>["path"]) {
  return { care_of_address: formatIpv4(careOfAddress) };
}
