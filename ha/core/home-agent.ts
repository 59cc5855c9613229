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
import type {
  Core,
  Effect,
  Event,
  LinkChanged,
  Restored,
  TunnelBound,
  UdpReceived,
} from "../../shared/protocol/core.ts";
import { isRevocationMessage } from "../../shared/protocol/revocation-messages.ts";
import { bindingRecord } from "./binding-record.ts";
import { type Binding, BindingTable, bindingItem, bindingRow, sameItem } from "./bindings.ts";
import { type HaCoreConfig, type HomeNetwork, linkNames } from "./config.ts";
import { HomeLinks } from "./home-link.ts";
import { LastAddresses } from "./last-addresses.ts";
import { stillAllowed } from "./networks.ts";
import { nodeRow } from "./node-service.ts";
import { Directory, type MobileNode } from "./nodes.ts";
import { type Exchange, receive } from "./reception.ts";
import { Registrar, type RegistrarOwner } from "./registrar.ts";
import type { BindingChange } from "./registration.ts";
import { ReplacedBindings } from "./replaced-bindings.ts";
import { RemovedNodes, replayEffect } from "./replay-record.ts";
import { bindingReport, dropped } from "./reports.ts";
import { type RestoreOwner, restoreRecord } from "./restore.ts";
import { HomeRevocations, type RevocationOwner } from "./revocation.ts";
import { announceTakeover, declareShared, isShared } from "./sharing.ts";

export class HomeAgent
  implements Core<HaCoreConfig>, RegistrarOwner, RevocationOwner, RestoreOwner
{
  #config: HaCoreConfig;
  #directory: Directory;
  readonly random: Random;
  readonly counters = new Counters();
  readonly bindings = new BindingTable();
  readonly homeLinks = new HomeLinks(this.counters);
  readonly revocations = new HomeRevocations(this);
  readonly removed = new RemovedNodes();
  readonly lastAddresses = new LastAddresses();
  readonly #registrar = new Registrar(this);
  readonly #replaced = new ReplacedBindings();
  readonly #advertisers: Advertisers;
  #forwarding = PersistentMap.empty<ForwardingItem>();
  /** When what is being handled came. */
  #at = 0 as Instant;
  readonly #isOwn = (address: Ipv4): boolean => this.isOwnAddress(address);

  constructor(config: HaCoreConfig, random: Random) {
    this.#config = config;
    this.random = random;
    this.#directory = new Directory(config, this.#isOwn, this.lastAddresses);
    this.#advertisers = new Advertisers(config.links, random, this.counters);
  }

  get config(): HaCoreConfig {
    return this.#config;
  }

  get directory(): Directory {
    return this.#directory;
  }

  handle(event: Event, now: Now): Effect[] {
    this.#at = now.monotonic;
    // First, so that nothing below meets a binding whose lifetime is over.
    const effects = this.#expire(now);
    this.#forwarding = this.#replaced.expire(this.#forwarding, now.monotonic);
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
        return [
          ...this.#advertisers.tick(now),
          ...this.homeLinks.tick(now),
          ...this.revocations.tick(now),
        ];
      case "restore":
        return this.#onRestore(event, now);
      case "shutdown":
        // The bindings stay in the journal: their nodes need not notice a restart.
        return this.#advertisers.stop();
      case "command":
        if (event.name === "revoke") return this.revocations.command(event, now);
        return [
          { type: "answer", id: event.id, ok: false, message: `no command ${event.name} here` },
        ];
      case "resolved":
        return []; // nothing is asked for
      case "arp":
        return []; // proxy ARP is part of the forwarding state
      case "path":
        return []; // nodes look after their own ways
      case "tunnel-bound":
        return this.#onTunnelBound(event, now);
    }
  }

  nextDeadline(): Instant | undefined {
    return earliest(
      this.#advertisers.nextDeadline(),
      this.bindings.nextExpiry(),
      this.#replaced.nextDeadline(),
      this.homeLinks.nextDeadline(),
      this.revocations.nextDeadline(),
    );
  }

  forwarding(): ForwardingState {
    return this.#forwarding;
  }

  reconfigure(config: HaCoreConfig, now: Now): Effect[] {
    this.#at = now.monotonic;
    const before = { config: this.#config, directory: this.#directory };
    this.#config = config;
    this.#forwarding = this.#replaced.endAll(this.#forwarding);
    this.#forwarding = declareShared(this.#forwarding, config.sharing, before.config.sharing);
    this.#directory = new Directory(config, this.#isOwn, this.lastAddresses, before.directory);
    const clock = { wall: now.wall, window: config.replayWindow };
    // First, so that no torn write leaves neither this nor the bindings that end.
    const effects: Effect[] = this.removed.reconfigured(before.directory, this.#directory, clock);
    effects.push(...this.lastAddresses.retain(this.#directory));
    effects.push(...this.#advertisers.reconfigure(config.links, now));
    this.homeLinks.retain(linkNames(config));
    for (const binding of [...this.bindings.all()]) {
      const moved =
        binding.homeAgent === before.config.address && !this.isOwnAddress(binding.homeAgent);
      const node = this.#directory.ownerOf(binding);
      if (node?.network !== undefined && !moved) effects.push(...this.#retain(binding, node, now));
      else {
        effects.push(...this.endBinding(binding, "reconfigured"));
        const { informRevoked } = config;
        effects.push(...this.revocations.revoke(binding, informRevoked, now, before.directory));
      }
    }
    return effects;
  }

  query(name: string, now: Now): Json | undefined {
    if (name === "bindings") {
      return [...this.bindings.all()].map((binding) => bindingRow(binding, now));
    }
    if (name === "nodes") {
      return [...this.#directory.nodes()].map((node) =>
        nodeRow(node, this.#bindingsOf(node), now.monotonic),
      );
    }
    if (name !== "status") return undefined;
    return {
      bindings: this.bindings.size,
      pending: 0,
      room: { bindings: this.#config.maxBindings, ...this.#directory.addresses() },
      advertising: this.#advertisers.status(now),
      counters: this.counters.toJson(),
    };
  }

  /** A dynamic node's last address may be another's by now. */
  #bindingsOf(node: MobileNode): number {
    const { homeAddress } = node;
    if (homeAddress === undefined || this.#directory.node(homeAddress) !== node) return 0;
    return this.bindings.of(homeAddress).length;
  }

  #onLink(event: LinkChanged, now: Now): Effect[] {
    this.homeLinks.linkChanged(event, now);
    return [...this.homeLinks.tick(now), ...this.#advertisers.linkChanged(event, now)];
  }

  #onRestore({ entries, isTakeover = false }: Restored, now: Now): Effect[] {
    const effects: Effect[] = [];
    const { sharing } = this.#config;
    this.#forwarding = declareShared(this.#forwarding, sharing);
    for (const [key, value] of entries) effects.push(...restoreRecord(this, key, value, now));
    if (isTakeover) {
      const away = { bindings: this.bindings.all(), directory: this.#directory };
      announceTakeover(this.homeLinks, sharing, away, now);
    }
    return effects;
  }

  /** A binding that stays when the configuration has changed, with the networks that may. */
  #retain(binding: Binding, node: MobileNode, now: Now): Effect[] {
    const networks = stillAllowed(binding.networks, node, this.#config.networkPools);
    const kept = networks === binding.networks ? binding : { ...binding, networks };
    this.forward(kept, node.network);
    if (kept === binding) return [];
    this.bindings.set(kept);
    return [
      { type: "persist", key: kept.key, value: bindingRecord(kept, now) },
      bindingReport("binding-updated", kept),
    ];
  }

  isOwnAddress(address: Ipv4): boolean {
    const { address: own, sharing } = this.#config;
    if (sharing === undefined) return address === own || this.homeLinks.hasAddress(address);
    return isShared(sharing, address);
  }

  #onUdp(event: UdpReceived, now: Now): Effect[] {
    if (isRevocationMessage(event.payload) && this.isOwnAddress(event.destination)) {
      return this.revocations.receive(event, now);
    }
    const reception = receive(event, {
      counters: this.counters,
      directory: this.#directory,
      homeLinks: this.homeLinks,
      homeNetworks: this.#config.homeNetworks,
      isOwnAddress: (address) => this.isOwnAddress(address),
    });
    if (reception.kind === "request") {
      const { homeAddress, careOfAddress } = reception.exchange.request;
      if (this.revocations.isTooSoon(homeAddress, careOfAddress, now.monotonic)) {
        return this.discard(event, "request-right-after-revocation");
      }
      return this.#registrar.judge(reception.exchange, now);
    }
    return reception.kind === "discard" ? this.discard(event, reception.reason) : [];
  }

  /** RFC 3519 §4.6: a half-bound tunnel goes to where its first keepalive came from. */
  #onTunnelBound(event: TunnelBound, now: Now): Effect[] {
    const { homeAddress, remotePort } = event;
    const half = this.bindings.halfBound(event);
    if (half === undefined) return [];
    const bound = { ...half, udpPort: remotePort };
    this.bindings.set(bound);
    this.forward(bound, this.#directory.node(homeAddress)?.network);
    return [
      { type: "persist", key: bound.key, value: bindingRecord(bound, now) },
      bindingReport("binding-updated", bound),
    ];
  }

  /** The binding list has changed: journal, forwarding state and reports follow. */
  changed(exchange: Exchange, { removed, made, renewed }: BindingChange, now: Now): Effect[] {
    const { node, event } = exchange;
    const reason = made === undefined ? "deregistered" : "replaced";
    if (made !== undefined) this.#stillTake(removed, made, now.monotonic);
    // First: where it is bound now it may have been revoked, and that may be due to be sent again.
    const effects = made === undefined ? [] : this.revocations.registered(made);
    for (const binding of removed) {
      effects.push(
        ...this.#dropped(binding, reason),
        ...this.revocations.superseded(binding, event.source, now),
      );
    }
    if (made === undefined) return effects;
    const isRenewal = !this.forward(made, node.network) && renewed;
    effects.push(
      { type: "persist", key: made.key, value: bindingRecord(made, now) },
      bindingReport(renewed ? "binding-updated" : "binding-added", made, { isRenewal }),
    );
    return effects;
  }

  /** What the node sent by the bindings that this one replaces may be under way. */
  #stillTake(removed: readonly Binding[], made: Binding, now: Instant): void {
    const { replacedGrace } = this.#config;
    let state = this.#replaced.restored(this.#forwarding, made);
    for (const binding of removed) {
      const item = state.get(binding.key);
      state = this.#replaced.replaced(state, binding, item, replacedGrace, now);
    }
    this.#forwarding = state;
  }

  discard(event: UdpReceived, reason: string): Effect[] {
    this.counters.add(`discarded-${reason}`);
    return [dropped(event, reason)];
  }

  /** RFC 5944 §3.8.2.2, §4.2.3: the binding goes, and no reply tells of it. */
  #expire(now: Now): Effect[] {
    return this.bindings.takeExpired(now.monotonic).flatMap((binding) => {
      if (this.bindings.of(binding.homeAddress).length === 0) {
        this.homeLinks.cancel(binding.homeAddress);
      }
      return this.#dropped(binding, "expired");
    });
  }

  endBinding(binding: Binding, reason: string): Effect[] {
    this.bindings.delete(binding);
    this.homeLinks.cancel(binding.homeAddress);
    this.#forwarding = this.#replaced.end(this.#forwarding, binding.homeAddress);
    return this.#dropped(binding, reason);
  }

  #dropped(binding: Binding, reason: string): Effect[] {
    this.#forwarding = this.#forwarding.without(binding.key);
    const node = this.#directory.sender(binding.homeAddress, binding.nai);
    const isProof = node !== undefined && binding.replay === "timestamp";
    if (this.bindings.of(binding.homeAddress).length === 0) {
      this.#directory.node(binding.homeAddress)?.service?.bound(false, this.#at);
      this.#directory.release(binding.homeAddress);
      this.#forwarding = this.#replaced.end(this.#forwarding, binding.homeAddress);
    }
    const effects: Effect[] = [
      { type: "persist", key: binding.key, value: null },
      bindingReport("binding-removed", binding, { reason }),
    ];
    // First, so that no torn write leaves neither.
    if (isProof) effects.unshift(replayEffect(node));
    return effects;
  }

  /** Declares a binding's forwarding; false: a mere renewal, which leaves the state the same object. */
  forward(binding: Binding, network: HomeNetwork | undefined): boolean {
    this.#directory.node(binding.homeAddress)?.service?.bound(true, this.#at);
    const item = bindingItem(binding, network, this.#config);
    const current = this.#forwarding.get(binding.key);
    if (current?.kind === "binding" && sameItem(current, item)) return false;
    this.#forwarding = this.#forwarding.with(binding.key, item);
    return true;
  }
}
