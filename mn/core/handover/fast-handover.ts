/**
 * The mobile node's part of fast handovers: RFC 4988. It tells the access router that it leaves
 * where it goes, before it goes if it can (predictive) and after it has come (reactive), and uses
 * its address of the previous link until it is registered by the next one. Everything else goes on
 * as without it, so where nobody answers nothing is lost but the speed.
 */

import { formatIpv4, type Ipv4, type Mac, parseMac } from "../../../shared/base/address.ts";
import type { Counters } from "../../../shared/base/counters.ts";
import type { Random } from "../../../shared/base/random.ts";
import { after, earliest, type Instant, type Now } from "../../../shared/base/time.ts";
import type {
  Answer,
  Effect,
  Event,
  IcmpReceived,
  LinkChanged,
  UdpReceived,
} from "../../../shared/protocol/core.ts";
import {
  type AccessRouter,
  fastHandoverMessage,
  LinkLayerCode,
  type ProxyAnswer,
  ProxyCode,
} from "../../../shared/protocol/fast-handover.ts";
import { fastBindingAcknowledgment } from "../../../shared/wire/control/fast-handover.ts";
import { ICMP_EXPERIMENTAL_MOBILITY } from "../../../shared/wire/icmp/fast-handover.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Agent } from "../movement/agents.ts";
import { agentOf, isFor } from "../movement/attachment.ts";
import type { Whereabouts } from "../movement/whereabouts.ts";
import type { Registered } from "../registration/registration.ts";
import { report } from "../reports.ts";
import { type AckOutcome, Binding, type UpdatePath } from "./binding.ts";
import { Neighborhood } from "./neighborhood.ts";
import { type PreviousRouter, previousRouter } from "./previous-router.ts";
import {
  agentHere,
  carriedTo,
  isRouterOf,
  LEAVING,
  routerOf,
  type Target,
  type Via,
  viaOf,
} from "./target.ts";
import { answer, OUTCOMES, refusal } from "./words.ts";

export class FastHandover {
  readonly #config: () => MnCoreConfig;
  readonly #counters: Counters;
  readonly #neighborhood: Neighborhood;
  readonly #binding: Binding;
  #previous: PreviousRouter | undefined;
  /** The registration that `#previous` was made of. */
  #met = "";
  #attached: string | undefined;
  #target: Target | undefined;
  /** The access point that somebody wants to go to, until it is known what is behind it. */
  #asked: Mac | undefined;
  /** Commands that wait for the previous router's word. */
  #commands: number[] = [];

  constructor(config: () => MnCoreConfig, random: Random, counters: Counters) {
    this.#config = config;
    this.#counters = counters;
    this.#neighborhood = new Neighborhood(random, counters);
    this.#binding = new Binding(random);
  }

  /** `undefined`: packets go as they do without fast handovers. */
  get via(): Via | undefined {
    return viaOf(this.#target, this.#previous);
  }

  /** The link is about to be changed. */
  get isLeaving(): boolean {
    const { isHere = true, leavesUntil } = this.#target ?? {};
    return !isHere && leavesUntil !== undefined;
  }

  /**
   * The previous router has not heard of the move: its packets should be on their way before the
   * home agent sends others by the shorter one. For an answer it has the time of one repeat.
   */
  get goesFirst(): boolean {
    const { isHere = false, isAccepted = false } = this.#target ?? {};
    return isHere && !isAccepted && this.#binding.isFirst;
  }

  /** At an orderly end nothing but the deregistration matters any more. */
  stop(): void {
    this.#binding.forget();
  }

  nextDeadline(): Instant | undefined {
    const deadlines = [this.#neighborhood.nextDeadline(), this.#binding.nextDeadline()];
    const { until, leavesUntil } = this.#target ?? {};
    return earliest(...deadlines, until, this.isLeaving ? leavesUntil : undefined);
  }

  /** The agent that the node was going to is heard: it has come there. True: so its addresses change. */
  steer(where: Whereabouts, registered: Registered | undefined, now: Instant): boolean {
    const target = this.#target;
    const expected = target && where.agents.all().find((agent) => isRouterOf(agent, target));
    if (expected !== undefined) where.pin(expected.key);
    const carried = carriedTo(target, this.#previous, this.#config());
    return where.addresses.follow(carried, registered, where.links, now);
  }

  /** Takes in what is for fast handovers; `undefined`: it is something else. */
  take(event: Event, now: Now): Effect[] | undefined {
    if (this.#config().fastHandover === undefined) return undefined;
    if (event.type === "icmp" && event.payload[0] === ICMP_EXPERIMENTAL_MOBILITY) {
      return this.#advertised(event, now);
    }
    if (event.type === "udp" && event.payload[0] === fastBindingAcknowledgment.type) {
      return this.#acknowledged(event, now);
    }
    return undefined;
  }

  /** A link that comes up while a handover is under way: the node has come (RFC 4988 §4.2). */
  linkChanged({ interface: name, link }: LinkChanged, now: Now): Effect[] {
    const target = this.#target;
    if (link?.up !== true || target?.interface !== name || target.isHere) return [];
    return this.#arrive(target, now);
  }

  /** After the node has moved, or its registration has changed. */
  follow(where: Whereabouts, registered: Registered | undefined, now: Now): Effect[] {
    this.#meet(where, registered, now.monotonic);
    return [...this.#moved(where, registered, now), ...this.#tick(now)];
  }

  /** `handover --to`: the network is made ready; who changes the link does so then. */
  command(id: number, to: string, now: Now): Effect[] {
    const accessPoint = parseMac(to);
    if (accessPoint === undefined) return [answer(id, false, `${to}: no link-layer address`)];
    if (this.#config().fastHandover === undefined) {
      return [answer(id, false, "fast_handover.enabled is false")];
    }
    if (this.#previous === undefined || this.#neighborhood.router === undefined) {
      return [answer(id, false, "not registered through an agent with an association")];
    }
    this.#commands.push(id);
    const known = this.#neighborhood.of(accessPoint);
    if (known?.router !== undefined) return this.#prepare(known.router, known.careOfAddress, now);
    if (!this.#neighborhood.ask([accessPoint], now.monotonic)) {
      return this.#settle(false, "the agent does no fast handovers");
    }
    this.#asked = accessPoint;
    return this.#tick(now);
  }

  /** The access router that the node is registered with is another one, or there is none. */
  #meet({ attachment, links }: Whereabouts, registered: Registered | undefined, now: Instant) {
    const config = this.#config();
    const isEnabled = config.fastHandover !== undefined;
    const { agentKey = "", careOfAddress = 0 } = registered?.operation ?? {};
    const met = `${isEnabled} ${agentKey} ${careOfAddress}`;
    if (met === this.#met) return;
    this.#met = met;
    this.#previous = isEnabled ? previousRouter(registered, config) : undefined;
    this.#target = undefined;
    this.#asked = undefined;
    this.#binding.forget();
    const agent = attachment?.kind === "home" ? undefined : agentOf(attachment);
    const ownMac = agent && links.macOf(agent.interface);
    const isHere = attachment !== undefined && isFor(registered, attachment);
    const router =
      isHere && agent !== undefined && ownMac !== undefined && this.#previous !== undefined
        ? {
            interface: agent.interface,
            address: agent.address,
            mac: agent.mac,
            source: this.#previous.bound,
            ownMac,
          }
        : undefined;
    this.#neighborhood.meet(router, now);
  }

  #moved(where: Whereabouts, registered: Registered | undefined, now: Now): Effect[] {
    const { attachment } = where;
    const agent = agentHere(where, this.#previous);
    const isNew = agent?.key !== this.#attached;
    this.#attached = agent?.key;
    if (attachment?.kind === "home") this.#target = undefined;
    const previous = this.#previous;
    if (agent === undefined || !isNew || previous === undefined) return [];
    if (attachment && isFor(registered, attachment)) return this.#back(agent, previous, now);
    const target = this.#target;
    const known = target !== undefined && isRouterOf(agent, target) ? target : undefined;
    // It has told by the link that it has come, and goes on with telling until it is heard.
    if (known?.isHere === true) return [];
    const router = routerOf(agent, target);
    if (router === undefined) return [];
    const via = { interface: agent.interface, router, routerMac: agent.mac };
    const there = this.#toward(via, known?.accessPoint, known?.isAccepted === true, now.monotonic);
    return this.#arrive({ ...known, ...there }, now);
  }

  /** RFC 4068 §5.5: back before the home agent knew; what was bound is undone. */
  #back(agent: Agent, previous: PreviousRouter, now: Now): Effect[] {
    const target = this.#target;
    this.#target = undefined;
    if (target === undefined) return [];
    const path = { interface: agent.interface, destination: agent.address, mac: agent.mac };
    return this.#update(target.router, 0, path, previous, now);
  }

  #toward(via: Via, accessPoint: Mac | undefined, isAccepted: boolean, now: Instant): Target {
    const until = after(now, this.#lifetime * 1000);
    return { ...via, accessPoint, isAccepted, isHere: false, until };
  }

  /** RFC 4988 §4.2: the update goes to the next router, whether or not one was sent before. */
  #arrive(target: Target, now: Now): Effect[] {
    this.#target = { ...target, isHere: true };
    const previous = this.#previous;
    if (previous === undefined) return [];
    const { router, routerMac: mac } = target;
    const path = { interface: target.interface, destination: router, mac };
    return this.#update(router, this.#lifetime, path, previous, now);
  }

  /** RFC 4988 §4.2: the update goes to the previous router while it can be reached. */
  #prepare(router: AccessRouter, careOfAddress: Ipv4 | undefined, now: Now): Effect[] {
    const previous = this.#previous;
    if (previous === undefined) return this.#settle(false, "not registered any more");
    const { interface: name, agent: destination, mac } = previous;
    const { router: address, routerMac, accessPoint, prefixLength } = router;
    const via = { interface: name, router: address, routerMac };
    const target = this.#toward(via, accessPoint, false, now.monotonic);
    this.#target = { ...target, prefixLength, careOfAddress };
    const path = { interface: name, destination, mac };
    return this.#update(address, this.#lifetime, path, previous, now);
  }

  get #lifetime(): number {
    return this.#config().fastHandover?.lifetime ?? 0;
  }

  #update(
    next: Ipv4,
    lifetime: number,
    path: UpdatePath,
    previous: PreviousRouter,
    now: Now,
  ): Effect[] {
    this.#counters.add("fbu-sent");
    return [this.#binding.send({ previous, address: previous.bound, next, lifetime, path }, now)];
  }

  #tick(now: Now): Effect[] {
    const config = this.#config().fastHandover;
    if (config === undefined) return [];
    const effects: Effect[] = [...this.#neighborhood.tick(config, now.monotonic)];
    if (this.#asked !== undefined && !this.#neighborhood.isAsking) {
      effects.push(...this.#settle(false, "the agent does not answer"));
    }
    const due = this.#binding.tick(config.updateRetries, now);
    if (due === "given-up") effects.push(...this.#failed("no-answer"));
    else if (due !== undefined) effects.push(due);
    const { until, leavesUntil } = this.#target ?? {};
    if (until !== undefined && until <= now.monotonic) this.#target = undefined;
    else if (this.#target !== undefined && (leavesUntil ?? now.monotonic + 1) <= now.monotonic) {
      this.#target = { ...this.#target, leavesUntil: undefined };
    }
    return effects;
  }

  /** RFC 4988 §5.4. Only the router that the node is attached to is listened to. */
  #advertised(event: IcmpReceived, now: Now): Effect[] {
    const { router } = this.#neighborhood;
    const isFromRouter =
      router?.mac === event.linkSource &&
      router?.address === event.source &&
      router?.interface === event.interface;
    const message = fastHandoverMessage(event.payload);
    if (message?.name !== "prrtadv" || !isFromRouter) return this.#discard("prrtadv-not-ours");
    const answers = this.#neighborhood.learn(message);
    if (answers === undefined) return this.#discard("prrtadv-not-asked-for");
    if (message.code === ProxyCode.handOver) return this.#ordered(answers, now);
    const asked = this.#asked;
    const known = answers.find(({ accessPoint }) => accessPoint === asked);
    if (asked === undefined || known === undefined) return [];
    this.#asked = undefined;
    if (known.router !== undefined) return this.#prepare(known.router, known.careOfAddress, now);
    const isHere = known.outcome === LinkLayerCode.sameLink;
    return this.#settle(isHere, OUTCOMES[known.outcome] ?? "the agent says nothing of it");
  }

  /** RFC 4988 §5.4, code 1: the update is to be sent at once. */
  #ordered([first]: readonly ProxyAnswer[], now: Now): Effect[] {
    if (this.#config().fastHandover?.obeysNetwork !== true) {
      return this.#discard("prrtadv-not-obeyed");
    }
    if (first?.router === undefined) return [];
    const { accessPoint, router } = first.router;
    const fields = { access_point: accessPoint, router: formatIpv4(router) };
    return [
      report("handover-ordered", fields),
      ...this.#prepare(first.router, first.careOfAddress, now),
    ];
  }

  #acknowledged(event: UdpReceived, now: Now): Effect[] {
    const outcome = this.#binding.receive(event, now);
    if (outcome.kind === "discarded") return this.#discard(`fback-${outcome.reason}`);
    if (outcome.order.lifetime === 0) return [];
    if (outcome.kind === "refused") return this.#failed(refusal(outcome.code));
    return this.#accepted(outcome, now);
  }

  #accepted(outcome: Extract<AckOutcome, { kind: "accepted" }>, now: Now): Effect[] {
    const target = this.#target;
    if (target === undefined || target.router !== outcome.order.next) return [];
    const until = after(now.monotonic, outcome.lifetime * 1000);
    const leavesUntil = target.isHere ? undefined : after(now.monotonic, LEAVING);
    const { careOfAddress = target.careOfAddress } = outcome;
    this.#target = { ...target, isAccepted: true, until, leavesUntil, careOfAddress };
    const fields = {
      access_point: target.accessPoint ?? null,
      router: formatIpv4(target.router),
      lifetime: outcome.lifetime,
      care_of_address: careOfAddress === undefined ? null : formatIpv4(careOfAddress),
    };
    const event = target.isHere ? "handover-bound" : "handover-prepared";
    const message = `${formatIpv4(target.router)} is ready: the link can be changed`;
    return [report(event, fields), ...this.#settle(true, message)];
  }

  /** RFC 4068 §4: no fast handover then; the node registers as it would have anyway. */
  #failed(reason: string): Effect[] {
    const target = this.#target;
    this.#target = undefined;
    const router = target === undefined ? null : formatIpv4(target.router);
    return [
      report("fast-handover-failed", { router, reason }, "warning"),
      ...this.#settle(false, reason),
    ];
  }

  #settle(ok: boolean, message: string): Answer[] {
    const ids = this.#commands;
    this.#commands = [];
    this.#asked = undefined;
    return ids.map((id) => answer(id, ok, message));
  }

  #discard(reason: string): Effect[] {
    this.#counters.add(reason);
    return [];
  }
}
