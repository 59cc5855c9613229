/** What must hold at every step, whatever goes wrong around the nodes. */

import { BROADCAST_MAC, formatIpv4, parseIpv4, UNSPECIFIED } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Effect, Event, SendArp, SendUdp } from "../../shared/protocol/core.ts";
import { lowBits } from "../../shared/security/replay.ts";
import {
  decodeControl,
  type RegistrationReply,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import { isAccepted } from "../../shared/wire/reply-code.ts";
import { isInvented } from "./flooder.ts";
import { HandoverRules } from "./handover-rules.ts";
import type { Packet } from "./network.ts";
import { networksHeld } from "./network-rules.ts";
import type { Observer, SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import { type Dossier, type Grant, Records } from "./records.ts";
import { RevocationRules } from "./revocation-rules.ts";
import type { Roster } from "./roster.ts";
import { BOUNDS, careOfAddress } from "./topology.ts";
import { entriesOf, itemsOf } from "./traffic.ts";

const ASKED_EVERY = 8;

type Row = { readonly [key: string]: Json | undefined };

export class Safety implements Observer {
  readonly #plan: Plan;
  readonly #roster: Roster;
  readonly #records: Records;
  readonly #answered = new Map<SimNode, Set<number>>();
  readonly #steps = new Map<SimNode, number>();
  readonly #revocations = new RevocationRules();
  readonly #handovers: HandoverRules;
  readonly #fail: (what: string) => never;
  /** How many registrations were accepted: a run in which nothing happened proves nothing. */
  accepted = 0;

  /** Acknowledgments of revocations that were sent. */
  get acknowledged(): number {
    return this.#revocations.acknowledged;
  }

  /** Nodes that were announced to their next agent. */
  get announced(): number {
    return this.#handovers.announced;
  }

  constructor(plan: Plan, roster: Roster, fail: (what: string) => never) {
    this.#plan = plan;
    this.#roster = roster;
    this.#records = new Records(roster);
    this.#fail = fail;
    this.#handovers = new HandoverRules((mac, address) => this.#records.mayHave(mac, address));
  }

  violation(what: string): never {
    this.#fail(what);
  }

  booted(node: SimNode): void {
    this.#answered.set(node, new Set());
    this.#revocations.booted(node);
    this.#handovers.booted(node);
  }

  handled(node: SimNode, event: Event, effects: readonly Effect[], now: Now): void {
    this.#answersOnce(node, effects);
    const fault = this.#revocations.handled(node, effects, now);
    if (fault !== undefined) this.#fail(`${node.name} ${fault}`);
    if (node.role === "home-agent") this.#homeAgentHolds(node, now);
    if (node.role === "foreign-agent") this.#foreignAgentHolds(node, event, effects, now);
    if (node.role === "mobile-node") this.#mobileNodeHolds(node, event, effects, now);
  }

  sent(node: SimNode, packet: Packet): void {
    if (packet.type === "send-arp" && node.role === "mobile-node") this.#arpAllowed(node, packet);
    if (packet.type !== "send-udp") return;
    const decoded = decodeControl(packet.payload);
    if (!decoded.ok) this.#fail(`${node.name} sends what nobody can read`);
    const { message } = decoded.value;
    if (message.name === "registration-revocation") {
      if (!this.#roster.isHome(message.homeAddress)) this.#fail(`${node.name} revokes a stranger`);
      return;
    }
    if (message.name === "registration-revocation-acknowledgment") return;
    if (message.name === "fast-binding-update" || message.name === "fast-binding-acknowledgment") {
      if (!this.#records.isSomebodys(message.homeAddress))
        this.#fail(`${node.name} binds a stranger`);
      return;
    }
    if (message.name !== "registration-request" && message.name !== "registration-reply") {
      this.#fail(`${node.name} sends a ${message.name}, which no agent here speaks`);
    }
    if (isInvented(message.homeAddress)) {
      const granted = message.name === "registration-reply" && isAccepted(message.code);
      if (granted) this.#fail(`${node.name} registers a node that does not exist`);
      return;
    }
    const record = this.#records.of(this.#roster.of(message));
    if (message.name === "registration-reply") {
      // A denial says what was asked, whoever spoilt that, and an agent's own names no NAI.
      const isOwnWord = node.role === "home-agent" && isAccepted(message.code);
      if (!isOwnWord && this.#plan.assignsAddresses) return;
    }
    if (record === undefined) this.#fail(`${node.name} speaks of an unknown node`);
    if (message.name === "registration-request") this.#requestSent(node, packet, message, record);
    else if (node.role === "home-agent") this.#replySent(message, record);
  }

  #requestSent(
    node: SimNode,
    packet: SendUdp,
    request: RegistrationRequest,
    record: Dossier,
  ): void {
    if (node.role === "mobile-node") {
      if (packet.link?.destination === BROADCAST_MAC) {
        this.#fail(`${node.name} broadcasts a request though it knows the agent`);
      }
      record.asked.set(request.identification, request);
    } else if (!record.asked.has(request.identification)) {
      this.#fail(`${node.name} relays a request that the node did not make`);
    }
  }

  #replySent(reply: RegistrationReply, record: Dossier): void {
    if (!isAccepted(reply.code)) return;
    const low = lowBits(reply.identification);
    const request = this.#requestOf(reply, record);
    const about = `request ${reply.identification.toString(16)} of ${formatIpv4(reply.homeAddress)}`;
    if (request === undefined) this.#fail(`ha accepts ${about}, which nobody made`);
    if (reply.lifetime > request.lifetime) this.#fail(`ha grants more than asked to ${about}`);
    if (reply.lifetime > this.#plan.homeAgentLifetime) this.#fail(`ha grants too much to ${about}`);
    if (this.#plan.replay === "timestamp") {
      const { lastAccepted } = record;
      if (lastAccepted !== undefined && reply.identification <= lastAccepted) {
        this.#fail(`ha accepts ${about} after ${lastAccepted.toString(16)}`);
      }
      record.lastAccepted = reply.identification;
    } else if (record.granted.get(low)?.request.identification === request.identification) {
      this.#fail(`ha accepts ${about} twice`);
    }
    const { homeAddress, lifetime } = reply;
    const text = formatIpv4(homeAddress);
    if (!this.#roster.isHome(homeAddress)) this.#fail(`ha gives out ${text}`);
    const other = this.#roster.atHomeWith(homeAddress);
    if (other !== undefined && this.#records.of(other) !== record && lifetime > 0) {
      this.#fail(`ha gives away ${text}, with which ${other.name} is at home`);
    }
    record.granted.set(low, { request, homeAddress, lifetime });
    this.accepted++;
  }

  /** With nonces the reply has another high half; then the latest request with that low half. */
  #requestOf(reply: RegistrationReply, record: Dossier): RegistrationRequest | undefined {
    if (this.#plan.replay === "timestamp") return record.asked.get(reply.identification);
    const low = lowBits(reply.identification);
    return [...record.asked.values()].findLast((asked) => lowBits(asked.identification) === low);
  }

  #arpAllowed(node: SimNode, arp: SendArp): void {
    const atHome = itemsOf(node, "at-home").some((i) => i.interface === arp.link.interface);
    if (atHome) return;
    // Is the agent still there? In nobody's name, and to it alone.
    const isPoll = arp.senderAddress === UNSPECIFIED && arp.link.destination !== BROADCAST_MAC;
    if (arp.operation === "request" && isPoll) return;
    if (arp.operation === "request") this.#fail(`${node.name} sends an ARP request away from home`);
    if (arp.link.destination === BROADCAST_MAC) this.#fail(`${node.name} broadcasts ARP abroad`);
  }

  /** What lasts, and costs a table to look at, is looked at every few steps of a node. */
  #isAsked(node: SimNode): boolean {
    const steps = (this.#steps.get(node) ?? 0) + 1;
    this.#steps.set(node, steps);
    return steps % ASKED_EVERY === 0;
  }

  #answersOnce(node: SimNode, effects: readonly Effect[]): void {
    const answered = this.#answered.get(node);
    for (const effect of effects) {
      if (effect.type !== "answer") continue;
      if (answered?.has(effect.id)) this.#fail(`${node.name} answers command ${effect.id} twice`);
      answered?.add(effect.id);
    }
  }

  #homeAgentHolds(node: SimNode, now: Now): void {
    for (const item of itemsOf(node, "binding")) {
      const wanted = this.#records
        .withHome(item.homeAddress)
        .some(({ asked }) =>
          [...asked.values()].some(
            (each) => each.lifetime > 0 && each.careOfAddress === item.careOfAddress,
          ),
        );
      if (!wanted) this.#fail(`ha has a binding to ${formatIpv4(item.careOfAddress)} unasked`);
    }
    const fault = networksHeld(this.#plan, node, (home) => this.#roster.boundTo(node, home));
    if (fault !== undefined) this.#fail(`ha ${fault}`);
    if (!this.#isAsked(node)) return;
    const rows = node.core?.query("bindings", now) as readonly Row[] | undefined;
    if (rows === undefined) return;
    if (rows.length > BOUNDS.bindings) this.#fail("ha has more bindings than it may");
    for (const row of rows) {
      if (Number(row.lifetime_remaining ?? 0) > Number(row.lifetime)) {
        this.#fail("ha has a binding that outlives what was granted");
      }
      const isTwice = rows.some(
        ({ home_address: home, nai }) => home === row.home_address && nai !== row.nai,
      );
      if (isTwice) this.#fail(`ha gives ${String(row.home_address)} to two nodes`);
    }
  }

  #foreignAgentHolds(node: SimNode, event: Event, effects: readonly Effect[], now: Now): void {
    const fault = this.#handovers.handled(node, event, effects, now);
    if (fault !== undefined) this.#fail(`${node.name} ${fault}`);
    const visitors = entriesOf(node).flatMap(([key, item]) =>
      key.startsWith("visitor/") && item.kind === "visitor" ? [item] : [],
    );
    if (visitors.length > BOUNDS.visitors) this.#fail(`${node.name} has too many visitors`);
    for (const item of visitors) {
      const isGranted = ({ homeAddress, request }: Grant): boolean =>
        homeAddress === item.homeAddress && request.careOfAddress === item.careOfAddress;
      const dossiers = this.#records.withHome(item.homeAddress);
      if (!dossiers.some(({ granted }) => [...granted.values()].some(isGranted))) {
        this.#fail(`${node.name} serves a visitor whom the home agent never accepted`);
      }
    }
    if (this.#isAsked(node)) {
      const status = node.core?.query("status", now) as Row | undefined;
      if (Number(status?.pending ?? 0) > this.#plan.maxPending) {
        this.#fail(`${node.name} has too many pending requests`);
      }
    }
    for (const effect of effects) {
      if (effect.type === "report" && effect.event === "visitor-removed") {
        if (effect.fields.reason === "expired") this.#expiredInTime(node, effect.fields);
      }
    }
  }

  /**
   * RFC 5944 §3.7.2.2: the agent counts from relaying, so it is never earlier than the node; after
   * a restart it goes by its wall clock, which may have been set.
   */
  #expiredInTime(node: SimNode, visitor: Row): void {
    const homeAddress = parseIpv4(String(visitor.home_address)) ?? UNSPECIFIED;
    const nai = visitor.nai === null ? [] : [String(visitor.nai)];
    const extensions = nai.map(
      (name) => ({ name: "mobile-node-nai-extension", nai: name }) as const,
    );
    const member = this.#roster.of({ homeAddress, extensions });
    const mobile = member && this.#roster.node(member);
    const status = mobile?.core?.query("status", mobile.now) as Row | undefined;
    if (status?.home_address !== visitor.home_address) return; // another one has been assigned since
    // With an address of its own it may have registered anew, through another agent of the link.
    const own = formatIpv4(careOfAddress(Number(node.name.slice(2)) - 1));
    const here = visitor.care_of_address === own && status?.care_of_address === own;
    // It asked for less, or got less, and has not heard of that.
    const { asked = new Map(), granted = new Map() } = this.#records.of(member) ?? {};
    const lifetimes = [...asked.values(), ...granted.values()].map((each) => each.lifetime);
    const isOther =
      status?.lifetime !== visitor.lifetime && lifetimes.includes(Number(visitor.lifetime));
    if (isOther) return;
    if (here && Number(status?.lifetime_remaining ?? 0) > 0 && node.boots === 1) {
      this.#fail(`${node.name} gives up a visitor who still counts on it`);
    }
  }

  #mobileNodeHolds(node: SimNode, event: Event, effects: readonly Effect[], now: Now): void {
    if (this.#isAsked(node)) {
      const agents = node.core?.query("agents", now) as readonly Row[] | undefined;
      if ((agents?.length ?? 0) > BOUNDS.agents) this.#fail(`${node.name} knows too many agents`);
    }
    const reports = effects.flatMap((effect) => (effect.type === "report" ? effect : []));
    const settled = reports.find(
      ({ event: name }) => name === "registered" || name === "deregistered",
    );
    if (settled === undefined) return;
    if (event.type !== "udp") {
      this.#fail(`${node.name} is ${settled.event} though it heard no reply`);
    }
    const decoded = decodeControl(event.payload);
    if (!decoded.ok || decoded.value.message.name !== "registration-reply") {
      this.#fail(`${node.name} is ${settled.event} by something that is no reply`);
    }
    const reply = decoded.value.message;
    const record = this.#records.of(this.#roster.named(node.name));
    const low = lowBits(reply.identification);
    const grant = record?.granted.get(low);
    if (grant === undefined) this.#fail(`${node.name} believes a reply that ha never sent`);
    if (record?.acceptedReplies.has(low)) this.#fail(`${node.name} takes one reply twice`);
    record?.acceptedReplies.add(low);
    if (settled.event === "registered" && Number(settled.fields.lifetime) > grant.lifetime) {
      this.#fail(`${node.name} counts on more than was granted`);
    }
  }
}
