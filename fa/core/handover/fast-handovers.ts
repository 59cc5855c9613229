/**
 * Fast handovers at a foreign agent: its messages find the part that they are for, and what both
 * parts want becomes what is forwarded. RFC 4988.
 */

import { formatIpv4, type Ipv4, isGroupMac, type Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import { assert } from "../../../shared/base/result.ts";
import { earliest, type Instant, type Now } from "../../../shared/base/time.ts";
import type {
  Effect,
  IcmpReceived,
  LinkChanged,
  SendUdp,
  UdpReceived,
} from "../../../shared/protocol/core.ts";
import { fastHandoverMessage } from "../../../shared/protocol/fast-handover.ts";
import {
  type FastBindingAcknowledgment,
  type FastBindingUpdate,
  fastBindingAcknowledgment,
  fastBindingUpdate,
} from "../../../shared/wire/control/fast-handover.ts";
import {
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  MOBILE_IP_PORT,
  understanding,
} from "../../../shared/wire/control.ts";
import { ICMP_EXPERIMENTAL_MOBILITY } from "../../../shared/wire/icmp/fast-handover.ts";
import type { FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { Agent } from "../agent.ts";
import { dropped, securityException } from "../reports.ts";
import type { Visitor } from "../visits/visitors.ts";
import { UpdateJudge } from "./binding-update.ts";
import { type FastHandoverConfig, isNeighbor, type Neighbor } from "./config.ts";
import { Neighborhood } from "./neighborhood.ts";
import { NextRouter } from "./next.ts";
import { PreviousRouter } from "./previous.ts";
import { answerSolicitation, mayAnswer, orderHandover, type ProxyPath } from "./proxy.ts";
import { RelayedUpdates } from "./relayed-updates.ts";
import { report } from "./reports.ts";
import { RouterMessages } from "./routers.ts";

/** The extensions that are acted on here: authentication, and a name that is read past. */
const UNDERSTOOD = understanding(new Set([...BASE_EXTENSIONS, 21, 36, 131]));

export class FastHandovers {
  readonly #agent: Agent;
  readonly #judge: UpdateJudge;
  readonly #routers: RouterMessages;
  readonly #neighborhood: Neighborhood;
  readonly #previous: PreviousRouter;
  readonly #next: NextRouter;
  readonly #relayed = new RelayedUpdates();
  #now = 0 as Instant;

  constructor(agent: Agent, random: Random) {
    this.#agent = agent;
    this.#judge = new UpdateJudge(agent, random);
    const config = () => this.#enabled();
    this.#routers = new RouterMessages(config, random);
    this.#neighborhood = new Neighborhood(config, (router) => agent.isOwnAddress(router));
    const changed = (address: Ipv4) => this.#declare(address);
    const tuples = () => this.#neighborhood.ownTuples();
    const common = { agent, config, routers: this.#routers, tuples, changed };
    this.#previous = new PreviousRouter({ ...common, random });
    const seenOn = (address: Ipv4) => this.#relayed.of(address, this.#now)?.interface;
    const seenAt = (address: Ipv4) => this.#relayed.of(address, this.#now)?.relayedAt;
    const announced = (address: Ipv4) => this.#previous.end(address);
    this.#next = new NextRouter({ ...common, seenOn, seenAt, announced });
  }

  get isEnabled(): boolean {
    return this.#agent.config.fastHandover !== undefined;
  }

  /** Before anything else. `isRestart`: there were visitors before. */
  begin(now: Now, isRestart: boolean): void {
    if (isRestart) this.#next.restarted(now);
    this.#judge.begin(now);
    this.#routers.begin(now);
  }

  nextDeadline(): Instant | undefined {
    return earliest(this.#previous.nextDeadline(), this.#next.nextDeadline());
  }

  /** Is this datagram one of ours to look at? */
  isOurs({ payload }: UdpReceived): boolean {
    const [type] = payload;
    return type === fastBindingUpdate.type || type === fastBindingAcknowledgment.type;
  }

  isIcmp({ payload }: IcmpReceived): boolean {
    return payload[0] === ICMP_EXPERIMENTAL_MOBILITY;
  }

  receive(event: UdpReceived, now: Now): Effect[] {
    if (!this.isEnabled || !this.#agent.isOwnAddress(event.destination)) return [];
    this.#now = now.monotonic;
    const decoded = decodeControl(event.payload, UNDERSTOOD);
    if (!decoded.ok) return this.#discard(`fbu-${decoded.error.code}`);
    const { name } = decoded.value.message;
    if (name === "fast-binding-update") {
      return this.#updated(event, decoded.value as DecodedControl<FastBindingUpdate>, now);
    }
    const acknowledgment = decoded.value as DecodedControl<FastBindingAcknowledgment>;
    return this.#acknowledged(event, acknowledgment.message, now);
  }

  receiveIcmp(event: IcmpReceived, now: Now): Effect[] {
    if (!this.isEnabled) return [];
    this.#now = now.monotonic;
    const message = fastHandoverMessage(event.payload);
    if (message === undefined) return this.#discard("icmp-41-malformed");
    // What routers say to each other comes by the routed socket, wherever it came in.
    const isFromLink = event.interface !== undefined;
    if (message.name === "rtsolpr") return isFromLink ? this.#solicited(event, message) : [];
    if (isFromLink || message.name === "prrtadv") return [];
    return this.#fromRouter(event, message, now);
  }

  tick(now: Now): Effect[] {
    return this.isEnabled ? [...this.#previous.tick(now), ...this.#next.tick(now)] : [];
  }

  reconfigured(): void {
    this.#neighborhood.clear();
    if (this.isEnabled) return;
    this.#previous.clear();
    this.#next.clear();
  }

  /** A node has registered here: by a request that was relayed then. */
  registered(visitor: Visitor, relayedAt: Instant, now: Now): Effect[] {
    if (!this.isEnabled) return [];
    const address = addressOf(visitor);
    const since = this.#previous.awaySince(address);
    const isBack = since !== undefined && relayedAt >= since;
    const effects = isBack ? this.#previous.returned(address, "registered", now) : [];
    this.#next.registered(address, now);
    this.#declare(address);
    return effects;
  }

  /** A guest has registered, is about to, or is not registered any more. */
  visitorChanged(address: Ipv4): void {
    if (this.#next.get(address) !== undefined) this.#declare(address);
  }

  /** Somebody who watches the link has seen a node with this link-layer address leave. */
  left(mac: Mac, now: Now): { readonly count: number; readonly effects: Effect[] } {
    const visitors = [...this.#agent.visitors.all()].filter((visitor) => visitor.mac === mac);
    const effects = visitors.flatMap((each) => this.#previous.left(each, addressOf(each), now));
    return { count: visitors.length, effects };
  }

  /** Nobody is on a link that is down; who has not said where else is there again when it is up. */
  linkChanged({ interface: name, link }: LinkChanged, now: Now): Effect[] {
    if (!this.isEnabled) return [];
    const visitors = [...this.#agent.visitors.all()].filter((each) => each.interface === name);
    return visitors.flatMap((visitor) => {
      const address = addressOf(visitor);
      if (link?.up !== true) return this.#previous.left(visitor, address, now);
      return this.#previous.isAbsent(address)
        ? this.#previous.returned(address, "returned", now)
        : [];
    });
  }

  /** Somebody who watches the link has seen it come. */
  arrived(mac: Mac, interfaceName: string | undefined, now: Now): Effect[] {
    const effects: Effect[] = [];
    for (const guest of this.#next.all()) {
      if (guest.mac !== mac) continue;
      effects.push(...this.#cameHere(guest.address, mac, interfaceName ?? guest.interface, now));
    }
    for (const address of this.#previous.awayAt(mac)) {
      effects.push(...this.#previous.returned(address, "returned", now));
    }
    return effects;
  }

  /** The access point of this link-layer address, and the router behind it. */
  neighbor(accessPoint: Mac | undefined): Neighbor | undefined {
    return this.isEnabled ? this.#neighborhood.find(accessPoint) : undefined;
  }

  /** RFC 4988 §5.4, code 1: the network sends a visitor to another access point. */
  order(visitor: Visitor, to: Neighbor): Effect[] {
    const path = this.#pathTo(visitor.interface, addressOf(visitor), visitor.mac);
    return path === undefined ? [] : [orderHandover(path, to)];
  }

  /** For `status`. */
  counts(): JsonObject {
    const neighbors_learned = this.isEnabled ? this.#neighborhood.learned : 0;
    return { leaving: this.#previous.size, arriving: this.#next.size, neighbors_learned };
  }

  #enabled(): FastHandoverConfig {
    const { fastHandover } = this.#agent.config;
    assert(fastHandover !== undefined, "fast handover is off");
    return fastHandover;
  }

  #updated(event: UdpReceived, decoded: DecodedControl<FastBindingUpdate>, now: Now): Effect[] {
    const { message } = decoded;
    this.#agent.counters.add("fbu-received");
    if (!this.#agent.isOwnAddress(message.homeAgent)) return this.#relay(event, message, now);
    const verdict = this.#judge.judge(event, decoded, now);
    if (verdict.verdict === "accept") return this.#previous.update(verdict.update, now);
    if (verdict.verdict === "refuse") return this.#previous.refuse(verdict.update, verdict.code);
    const { reason, isSecurity } = verdict;
    if (!isSecurity) return this.#discard(reason);
    const { linkSource: mac, interface: name } = event;
    const fields = { homeAddress: message.homeAddress, nai: undefined };
    const about = { ...fields, interface: name ?? "", mac: mac ?? ("" as Mac) };
    return [...this.#discard(reason), securityException(about, reason)];
  }

  /** RFC 4988 §4.2: the node is here, and its previous router has to hear of it. */
  #relay(event: UdpReceived, message: FastBindingUpdate, now: Now): Effect[] {
    const { interface: name, linkSource: mac, destination } = event;
    const link = name === undefined ? undefined : this.#agent.link(name);
    if (name === undefined || link === undefined || mac === undefined || isGroupMac(mac)) {
      return this.#discard("fbu-not-ours");
    }
    if (!isNeighbor(this.#enabled(), message.homeAgent)) return this.#discard("fbu-unknown-router");
    const served = link.careOfAddresses;
    const local = served.includes(destination) ? destination : served[0];
    if (local === undefined) return this.#discard("no-care-of-address");
    this.#agent.counters.add("fbu-relayed");
    const relayed = this.#relayed.relay(event, message, { interface: name, mac, local }, now);
    return [relayed, ...this.#cameHere(message.homeAddress, mac, name, now)];
  }

  #cameHere(address: Ipv4, mac: Mac, interfaceName: string, now: Now): Effect[] {
    const effects = this.#next.seen(address, mac, interfaceName, now);
    if (this.#next.get(address)?.isHere !== true) return effects;
    const payload = this.#relayed.take(address, now.monotonic);
    if (payload === undefined) return effects;
    return [...this.#toNode(address, mac, interfaceName, payload, now), ...effects];
  }

  /** RFC 4988 §4.2: on to the node, now or when it has come. */
  #acknowledged(event: UdpReceived, message: FastBindingAcknowledgment, now: Now): Effect[] {
    const { homeAddress } = message;
    const { source, payload } = event;
    if (!isNeighbor(this.#enabled(), source)) return this.#discard("fback-from-stranger");
    const node = this.#relayed.answered(source, message, now.monotonic);
    if (node !== undefined) {
      this.#next.measured(homeAddress, now.monotonic - node.relayedAt);
      return this.#toNode(homeAddress, node.mac, node.interface, payload, now);
    }
    const guest = this.#next.get(homeAddress);
    if (guest?.previous !== source) return this.#discard("fback-unmatched");
    if (!guest.isHere) this.#relayed.keep(homeAddress, payload, guest.expiresAt);
    return [];
  }

  #toNode(
    destination: Ipv4,
    mac: Mac,
    interfaceName: string,
    payload: Uint8Array,
    now: Now,
  ): SendUdp[] {
    const source = this.#agent.linkAddress(interfaceName);
    if (source === undefined) return [];
    const known = this.#relayed.of(destination, now.monotonic);
    return [
      {
        type: "send-udp",
        source,
        sourcePort: MOBILE_IP_PORT,
        destination,
        destinationPort: known?.sourcePort ?? MOBILE_IP_PORT,
        ttl: 64,
        payload,
        onceInForce: true,
        link: { interface: interfaceName, destination: mac },
      },
    ];
  }

  #solicited(event: IcmpReceived, message: Extract<FastHandoverMessage, { name: "rtsolpr" }>) {
    const { interface: name, linkSource, source } = event;
    const link = name === undefined ? undefined : this.#agent.link(name);
    if (name === undefined || link === undefined || linkSource === undefined) return [];
    const path = this.#pathTo(name, source, linkSource);
    if (path === undefined || !mayAnswer(event) || isGroupMac(linkSource)) {
      return this.#discard("rtsolpr-unanswerable");
    }
    const serves = (router: Ipv4) =>
      path.source === router || link.careOfAddresses.includes(router);
    const asked = { serves, mtu: this.#agent.linkMtu(name) };
    const answer = answerSolicitation(this.#neighborhood.all(), message, path, asked);
    if (answer === undefined) return this.#discard("rtsolpr-empty");
    this.#agent.counters.add("rtsolpr-answered");
    return [answer];
  }

  #fromRouter(
    event: IcmpReceived,
    message: Extract<FastHandoverMessage, { name: "hi" | "hack" }>,
    now: Now,
  ): Effect[] {
    const verdict =
      message.name === "hi"
        ? this.#routers.judgeInitiate(event, message, now)
        : this.#routers.judgeAcknowledge(event, message);
    if (verdict.verdict === "discard") {
      const fields = { source: formatIpv4(event.source), reason: verdict.reason };
      const exception = report("security-exception", { home_address: null, ...fields }, "warning");
      return [...this.#discard(verdict.reason), ...(verdict.isSecurity ? [exception] : [])];
    }
    const { timestamp } = verdict;
    this.#neighborhood.learn(event.source, message);
    if (message.name === "hack") {
      return this.#previous.acknowledged(event, message, timestamp, now);
    }
    return this.#next.initiated(event, message, timestamp, now);
  }

  #pathTo(interfaceName: string, destination: Ipv4, mac: Mac): ProxyPath | undefined {
    const source = this.#agent.linkAddress(interfaceName);
    return source && { interface: interfaceName, source, destination, mac };
  }

  /** A node that leaves again has a departure beside the guest that it was. */
  #declare(address: Ipv4): void {
    const text = formatIpv4(address);
    const { guest, expected, handover, own } = this.#next.items(address);
    this.#agent.forward(`guest/${text}`, guest);
    this.#agent.forward(`expected/${text}`, expected);
    this.#agent.forward(`own/${text}`, own);
    this.#agent.forward(`handover/${text}`, this.#previous.item(address) ?? handover);
  }

  #discard(reason: string): Effect[] {
    this.#agent.counters.add(`discarded-${reason}`);
    return [dropped(reason)];
  }
}

/** The address by which a visitor is reached on its link (RFC 4988 §1). */
export function addressOf({ colocated, careOfAddress, homeAddress }: Visitor): Ipv4 {
  return colocated ? careOfAddress : homeAddress;
}
