/**
 * The home agent: keeps the mobility bindings of its nodes and answers Registration Requests.
 * RFC 5944 §2.3, §3.8, §4.2.3, §4.6; RFC 3024 §4.3. Pure: it is told the time and what came in.
 */

import type { Ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { Random } from "../../shared/base/random.ts";
import type { Json } from "../../shared/base/result.ts";
import { earliest, type Instant, type Now } from "../../shared/base/time.ts";
import { PersistentMap } from "../../shared/forwarding/persistent-map.ts";
import type { ForwardingItem, ForwardingState } from "../../shared/forwarding/state.ts";
import { Advertisers } from "../../shared/protocol/advertisers.ts";
import type { Core, Effect, Event, LinkChanged, UdpReceived } from "../../shared/protocol/core.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import { authenticate, type ReplayUpdate, type ReplyTerms } from "./authenticate.ts";
import {
  type Binding,
  BindingTable,
  bindingItem,
  bindingRecord,
  bindingRow,
  restoreBinding,
  sameItem,
} from "./bindings.ts";
import type { HaCoreConfig } from "./config.ts";
import { HomeLinks } from "./home-link.ts";
import {
  Directory,
  type MobileNode,
  replayKey,
  replayKeyAddress,
  replayRecord,
  restoreReplay,
} from "./nodes.ts";
import { type Exchange, linkToHome, receive } from "./reception.ts";
import { applyRegistration, type BindingChange } from "./registration.ts";
import { encodeReply, sendReply } from "./reply.ts";
import { bindingReport, denied, dropped, outcomeCounter, securityException } from "./reports.ts";
import { grantedLifetime, validate } from "./validate.ts";

/** Milliseconds between two code 131 replies about one node to senders nobody vouches for. */
const UNAUTHENTICATED_DENIAL_INTERVAL = 1000;

/** The interfaces that a configuration names. */
function linkNames({ links, homeNetworks }: HaCoreConfig): ReadonlySet<string> {
  const home = homeNetworks.flatMap((network) => network.interface ?? []);
  return new Set([...links.map((link) => link.interface), ...home]);
}

export class HomeAgent implements Core<HaCoreConfig> {
  #config: HaCoreConfig;
  #directory: Directory;
  readonly #random: Random;
  readonly #counters = new Counters();
  readonly #bindings = new BindingTable();
  readonly #homeLinks = new HomeLinks(this.#counters);
  readonly #advertisers: Advertisers;
  #forwarding = PersistentMap.empty<ForwardingItem>();

  constructor(config: HaCoreConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    this.#directory = new Directory(config);
    this.#advertisers = new Advertisers(config.links, random, this.#counters);
  }

  handle(event: Event, now: Now): Effect[] {
    // First, so that nothing below meets a binding whose lifetime is over.
    const effects = this.#expire(now);
    effects.push(...this.#dispatch(event, now));
    return effects;
  }

  #dispatch(event: Event, now: Now): Effect[] {
    switch (event.type) {
      case "udp":
        return this.#onUdp(event, now);
      case "icmp":
        return this.#advertisers.solicited(event, now);
      case "link":
        return this.#onLink(event, now);
      case "tick":
        return [...this.#advertisers.tick(now), ...this.#homeLinks.tick(now)];
      case "restore":
        return this.#onRestore(event.entries, now);
      case "shutdown":
        // The bindings stay in the journal: their nodes need not notice a restart.
        return this.#advertisers.stop();
      case "command":
        return [
          { type: "answer", id: event.id, ok: false, message: `no command ${event.name} here` },
        ];
      case "arp":
        return []; // proxy ARP is part of the forwarding state
    }
  }

  nextDeadline(): Instant | undefined {
    return earliest(
      this.#advertisers.nextDeadline(),
      this.#bindings.nextExpiry(),
      this.#homeLinks.nextDeadline(),
    );
  }

  forwarding(): ForwardingState {
    return this.#forwarding;
  }

  reconfigure(config: HaCoreConfig, now: Now): Effect[] {
    const before = { config: this.#config, directory: this.#directory };
    this.#config = config;
    this.#directory = new Directory(config, before.directory);
    const effects = this.#advertisers.reconfigure(config.links, now);
    this.#homeLinks.retain(linkNames(config));
    for (const binding of [...this.#bindings.all()]) {
      const moved = binding.homeAgent === before.config.address && !this.#isOwn(binding.homeAgent);
      const network = this.#directory.node(binding.homeAddress)?.network;
      if (network !== undefined && !moved) this.#forward(binding, network.interface);
      else effects.push(...this.#remove(binding, "reconfigured"));
    }
    for (const { homeAddress } of before.directory.nodes()) {
      if (this.#directory.node(homeAddress) !== undefined) continue;
      effects.push({ type: "persist", key: replayKey(homeAddress), value: null });
    }
    return effects;
  }

  query(name: string, now: Now): Json | undefined {
    if (name === "bindings") {
      return [...this.#bindings.all()].map((binding) => bindingRow(binding, now));
    }
    if (name !== "status") return undefined;
    return { bindings: this.#bindings.size, pending: 0, counters: this.#counters.toJson() };
  }

  #onLink(event: LinkChanged, now: Now): Effect[] {
    this.#homeLinks.linkChanged(event);
    return this.#advertisers.linkChanged(event, now);
  }

  #onRestore(entries: readonly (readonly [string, Json])[], now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const [key, value] of entries) {
      const homeAddress = replayKeyAddress(key);
      const node = homeAddress === undefined ? undefined : this.#directory.node(homeAddress);
      if (node !== undefined) restoreReplay(node, value);
      else if (!this.#restoreBinding(value, now)) {
        effects.push({ type: "persist", key, value: null });
      }
    }
    return effects;
  }

  /** False when a record is over, of no node of ours, or beyond the limit. */
  #restoreBinding(value: Json, now: Now): boolean {
    const binding = restoreBinding(value, now);
    if (binding === undefined) return false;
    const network = this.#directory.node(binding.homeAddress)?.network;
    if (network === undefined || this.#bindings.size >= this.#config.maxBindings) return false;
    this.#bindings.set(binding);
    this.#forward(binding, network.interface);
    return true;
  }

  #isOwn(address: Ipv4): boolean {
    return address === this.#config.address || this.#homeLinks.hasAddress(address);
  }

  #onUdp(event: UdpReceived, now: Now): Effect[] {
    const reception = receive(event, {
      counters: this.#counters,
      directory: this.#directory,
      homeLinks: this.#homeLinks,
      homeNetworks: this.#config.homeNetworks,
      isOwnAddress: (address) => this.#isOwn(address),
    });
    if (reception.kind === "request") return this.#judge(reception.exchange, now);
    return reception.kind === "discard" ? this.#discard(event, reception.reason) : [];
  }

  #judge(exchange: Exchange, now: Now): Effect[] {
    const { event, request, node } = exchange;
    const verdict = authenticate({
      decoded: exchange.decoded,
      node,
      foreignAgent: this.#directory.associationsWith(event.source),
      wall: now.wall,
      replayWindow: this.#config.replayWindow,
      random: this.#random,
    });
    if (verdict.verdict === "authentic") {
      const persist = this.#remember(node, verdict.update, true);
      return [...persist, ...this.#serve(exchange, verdict.terms, now)];
    }
    if (verdict.verdict === "discard") {
      const effects = this.#discard(event, verdict.reason);
      if (verdict.security) effects.unshift(securityException(event, request, verdict.reason));
      return effects;
    }
    const effects: Effect[] = [securityException(event, request, verdict.security)];
    if (verdict.limited && !this.#mayDenyUnauthenticated(node, now.monotonic)) {
      return [...effects, ...this.#discard(event, "denials-over-rate")];
    }
    this.#remember(node, verdict.update, false);
    effects.push(...this.#deny(exchange, verdict.code, verdict.terms));
    return effects;
  }

  /**
   * What was accepted is written before its reply leaves. A nonce given out by a denial is not: a
   * replay must not cost a write, and after a crash the one before it is as good.
   */
  #remember(node: MobileNode, update: ReplayUpdate | undefined, durable: boolean): Effect[] {
    if (update !== undefined) node.replay[update.method] = update.state;
    if (!durable) return [];
    return [{ type: "persist", key: replayKey(node.homeAddress), value: replayRecord(node) }];
  }

  #mayDenyUnauthenticated(node: MobileNode, now: Instant): boolean {
    const last = node.lastUnauthenticatedDenial;
    if (last !== undefined && now - last < UNAUTHENTICATED_DENIAL_INTERVAL) return false;
    node.lastUnauthenticatedDenial = now;
    return true;
  }

  #serve(exchange: Exchange, terms: ReplyTerms, now: Now): Effect[] {
    const { request, node, broadcast } = exchange;
    const context = {
      config: this.#config,
      bindings: this.#bindings,
      isOwnAddress: (address: Ipv4) => this.#isOwn(address),
      broadcast,
    };
    const service = validate(context, node, request);
    if (!service.ok) return this.#deny(exchange, service.error, terms);
    const lifetime = grantedLifetime(request.lifetime, this.#config.maxLifetime);
    const registration = {
      request,
      terms: service.value,
      lifetime,
      identification: terms.identification,
    };
    const change = applyRegistration(this.#bindings, registration, now);
    return [
      ...this.#changed(change, node, now),
      ...this.#announce(exchange, change, now),
      ...this.#reply(exchange, ReplyCode.accepted, terms),
    ];
  }

  /** The binding list has changed: journal, forwarding state and reports follow. */
  #changed({ removed, made, renewed }: BindingChange, node: MobileNode, now: Now): Effect[] {
    const reason = made === undefined ? "deregistered" : "replaced";
    const effects = removed.flatMap((binding) => this.#dropped(binding, reason));
    if (made === undefined) return effects;
    this.#forward(made, node.network?.interface);
    return [
      ...effects,
      { type: "persist", key: made.key, value: bindingRecord(made, now) },
      bindingReport(renewed ? "binding-updated" : "binding-added", made),
    ];
  }

  /** RFC 5944 §4.6: who now answers for the home address, when that has changed. */
  #announce(exchange: Exchange, { before, made }: BindingChange, now: Now): Effect[] {
    const { request, node, event } = exchange;
    const home = node.network?.interface;
    if (home === undefined) return [];
    if (made !== undefined) {
      return before ? [] : this.#homeLinks.announce(home, node.homeAddress, undefined, now);
    }
    if (this.#bindings.of(node.homeAddress).length > 0) return [];
    this.#homeLinks.cancel(node.homeAddress);
    const returned = request.careOfAddress === request.homeAddress;
    if (!returned || linkToHome(exchange) === undefined) return [];
    return this.#homeLinks.announce(home, node.homeAddress, event.linkSource, now);
  }

  #reply(exchange: Exchange, code: number, terms: ReplyTerms): Effect[] {
    const { event, request, broadcast } = exchange;
    const { address, maxLifetime } = this.#config;
    this.#counters.add(outcomeCounter(code));
    this.#counters.add("reg-replies-sent");
    if (request.lifetime === 0) this.#counters.add("de-reg-replies-sent");
    const fields = {
      code,
      lifetime: grantedLifetime(request.lifetime, maxLifetime),
      homeAgent: this.#isOwn(request.homeAgent) ? request.homeAgent : address,
    };
    const payload = encodeReply(request, fields, terms);
    return [sendReply(event, address, broadcast, linkToHome(exchange), payload)];
  }

  #deny(exchange: Exchange, code: number, terms: ReplyTerms): Effect[] {
    return [denied(exchange.event, exchange.request, code), ...this.#reply(exchange, code, terms)];
  }

  #discard(event: UdpReceived, reason: string): Effect[] {
    this.#counters.add(`discarded-${reason}`);
    return [dropped(event, reason)];
  }

  /** RFC 5944 §3.8.2.2, §4.2.3: the binding goes, and no reply tells of it. */
  #expire(now: Now): Effect[] {
    return this.#bindings.takeExpired(now.monotonic).flatMap((binding) => {
      if (this.#bindings.of(binding.homeAddress).length === 0) {
        this.#homeLinks.cancel(binding.homeAddress);
      }
      return this.#dropped(binding, "expired");
    });
  }

  #remove(binding: Binding, reason: string): Effect[] {
    this.#bindings.delete(binding);
    this.#homeLinks.cancel(binding.homeAddress);
    return this.#dropped(binding, reason);
  }

  #dropped(binding: Binding, reason: string): Effect[] {
    this.#forwarding = this.#forwarding.without(binding.key);
    return [
      { type: "persist", key: binding.key, value: null },
      bindingReport("binding-removed", binding, reason),
    ];
  }

  /** Declares a binding's forwarding; a mere renewal leaves the state the same object. */
  #forward(binding: Binding, homeInterface: string | undefined): void {
    const item = bindingItem(binding, homeInterface);
    const current = this.#forwarding.get(binding.key);
    if (current?.kind === "binding" && sameItem(current, item)) return;
    this.#forwarding = this.#forwarding.with(binding.key, item);
  }
}
