/** Cores that break one rule each, by a wrapper around a real one: the simulator must find them. */

import type { HomeAgent } from "../../ha/core/home-agent.ts";
import type { Ipv4 } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { ForwardingItem, ForwardingState } from "../../shared/forwarding/state.ts";
import type { Core, Effect, Event } from "../../shared/protocol/core.ts";
import { isAccepted } from "../../shared/wire/reply-code.ts";
import type { Role } from "./node.ts";
import type { PlanForm } from "./plan.ts";
import type { Blueprint } from "./topology.ts";

/** Passes everything on; a misbehaviour overrides what it does differently. */
export class Passing implements Core {
  readonly inner: Core;

  constructor(inner: Core) {
    this.inner = inner;
  }

  handle(event: Event, now: Now): Effect[] {
    return this.inner.handle(event, now);
  }

  nextDeadline(): Instant | undefined {
    return this.inner.nextDeadline();
  }

  forwarding(): ForwardingState {
    return this.inner.forwarding();
  }

  reconfigure(config: unknown, now: Now): Effect[] {
    return this.inner.reconfigure(config, now);
  }

  query(name: string, now: Now): Json | undefined {
    return this.inner.query(name, now);
  }
}

/** After a restart it does not know what it has accepted before. */
class Forgetful extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    if (event.type !== "restore") return super.handle(event, now);
    const entries = event.entries
      .filter(([key]) => !key.startsWith("replay/"))
      .map(([key, value]) => [key, { ...(value as JsonObject), replay: "nonce" }] as const);
    return super.handle({ ...event, entries }, now);
  }
}

/** It does not know whose its addresses were. */
class Careless extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    (this.inner as HomeAgent).lastAddresses.retain({ remember: () => false });
    return super.handle(event, now);
  }
}

/** Writes a longer lifetime into its replies than was asked for. */
class Generous extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    return super.handle(event, now).map((effect) => {
      if (effect.type !== "send-udp" || !isAccepted(effect.payload[1] ?? 0xff)) return effect;
      const payload = effect.payload.slice();
      payload.set([0xff, 0xff], 2);
      return { ...effect, payload };
    });
  }
}

/** Declares something else than the core behind it, and the same object while that does not change. */
export abstract class Declaring extends Passing {
  #last: ForwardingState | undefined;
  #mine: ForwardingState = new Map();

  override forwarding(): ForwardingState {
    const real = super.forwarding();
    if (real === this.#last) return this.#mine;
    this.#last = real;
    this.#mine = new Map(this.declared([...real]));
    return this.#mine;
  }

  protected abstract declared(
    entries: readonly (readonly [string, ForwardingItem])[],
  ): Iterable<readonly [string, ForwardingItem]>;
}

/** Invents a care-of address. */
class Inventive extends Declaring {
  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    return entries.map(([key, item]): [string, ForwardingItem] => [
      key,
      item.kind === "binding" ? { ...item, careOfAddress: 0x01020304 as Ipv4 } : item,
    ]);
  }
}

/** Takes what comes to its own care-of address for somebody else's. */
class Closed extends Declaring {
  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    return entries.map(([key, item]): [string, ForwardingItem] => [
      key,
      item.kind === "co-located" ? { ...item, encapsulation: "gre" } : item,
    ]);
  }
}

/** Its clock runs half as fast again. */
class Hasty extends Passing {
  readonly #start = new Map<string, number>();

  override handle(event: Event, now: Now): Effect[] {
    return super.handle(event, this.#hurry(now));
  }

  override nextDeadline(): Instant | undefined {
    const deadline = super.nextDeadline();
    const start = this.#start.get("monotonic");
    if (deadline === undefined || start === undefined) return deadline;
    return (start + (deadline - start) / 1.5) as Instant;
  }

  #hurry({ monotonic, wall }: Now): Now {
    const start = this.#start.get("monotonic") ?? monotonic;
    this.#start.set("monotonic", start);
    // Upwards, so that a tick is never early by the error of a division.
    return { monotonic: (start + Math.ceil((monotonic - start) * 1.5)) as Instant, wall };
  }
}

/** Asks by ARP for the agent it heard. */
class Chatty extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    const effects = super.handle(event, now);
    if (event.type !== "icmp" || event.interface === undefined) return effects;
    const link = { interface: event.interface, destination: "ff:ff:ff:ff:ff:ff" as never };
    const arp = {
      type: "send-arp",
      operation: "request",
      senderMac: "02:00:00:00:00:20" as never,
      senderAddress: event.destination,
      targetMac: "00:00:00:00:00:00" as never,
      targetAddress: event.source,
      link,
    } as const;
    return [...effects, arp];
  }
}

/** Takes a denial by anyone for its home agent's word: here, reports what it never heard. */
class Credulous extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    const effects = super.handle(event, now);
    if (event.type !== "udp") return effects;
    const fields = { lifetime: 60 };
    return [...effects, { type: "report", event: "registered", fields, level: "info" }];
  }
}

class Mute extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    return super.handle(event, now).filter((effect) => effect.type !== "send-udp");
  }
}

/** Believes for ever in the first agent: no link-layer news, no end of an advertisement. */
class Stubborn extends Passing {
  #heard: string | undefined;

  override handle(event: Event, now: Now): Effect[] {
    if (event.type === "link" && this.#heard !== undefined) return [];
    if (event.type !== "icmp") return super.handle(event, now);
    this.#heard ??= event.linkSource;
    return event.linkSource === this.#heard ? super.handle(event, now) : [];
  }
}

class Fidgety extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    const effects = super.handle(event, now);
    if (event.type !== "tick") return effects;
    return [...effects, { type: "report", event: "tick", fields: {}, level: "debug" }];
  }
}

class Copying extends Passing {
  override forwarding(): ForwardingState {
    return new Map(super.forwarding());
  }
}

class Sleepless extends Passing {
  #now: Instant | undefined;

  override handle(event: Event, now: Now): Effect[] {
    this.#now = now.monotonic;
    return super.handle(event, now);
  }

  override nextDeadline(): Instant | undefined {
    return this.#now;
  }
}

/** Says that every command is done, twice. */
class Eager extends Passing {
  override handle(event: Event, now: Now): Effect[] {
    const effects = super.handle(event, now);
    if (event.type !== "command") return effects;
    const answer = { type: "answer", id: event.id, ok: true, message: "done" } as const;
    return [...effects.filter(({ type }) => type !== "answer"), answer, answer];
  }
}

type MakeParts = Parameters<Blueprint["make"]>;

export const by = (role: Role, wrap: new (inner: Core) => Core) => (blueprint: Blueprint) =>
  blueprint.role === role
    ? { ...blueprint, make: (...parts: MakeParts) => new wrap(blueprint.make(...parts)) }
    : blueprint;

/** What it does, and the verdict that it must provoke. */
export interface Misbehaviour {
  readonly what: string;
  readonly tamper: (blueprint: Blueprint) => Blueprint;
  readonly verdict: RegExp;
  readonly form?: PlanForm;
  /** The first seed to try, where it takes luck and this one is known to have it; else 1. */
  readonly from?: number;
}

export const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    what: "forgets replay state in a crash",
    tamper: by("home-agent", Forgetful),
    verdict: /^ha accepts request .* (after|twice)/,
    from: 335,
  },
  {
    what: "forgets whose its addresses were",
    tamper: by("home-agent", Careless),
    verdict: /gives away .* is at home/,
    from: 66,
  },
  {
    what: "grants more than asked",
    tamper: by("home-agent", Generous),
    verdict: /^ha grants more than asked/,
  },
  {
    what: "binds an address that nobody asked for",
    tamper: by("home-agent", Inventive),
    verdict: /unasked/,
  },
  { what: "never answers", tamper: by("home-agent", Mute), verdict: /^not at rest after/ },
  {
    what: "counts lifetimes too fast",
    tamper: by("foreign-agent", Hasty),
    verdict: /gives up a visitor who still counts/,
  },
  {
    what: "broadcasts ARP abroad",
    tamper: by("mobile-node", Chatty),
    verdict: /sends an ARP request away from home/,
  },
  {
    what: "is registered by nobody",
    tamper: by("mobile-node", Credulous),
    verdict: /believes a reply|no reply|one reply/,
  },
  {
    what: "does not notice that it has moved",
    tamper: by("mobile-node", Stubborn),
    verdict: /^not at rest after/,
  },
  {
    what: "does not end its own tunnel",
    tamper: by("mobile-node", Closed),
    verdict: /the node expects another tunnel/,
  },
  {
    what: "does something at a spurious tick",
    tamper: by("foreign-agent", Fidgety),
    verdict: /spurious tick had effects/,
  },
  {
    what: "gives a new forwarding state each time",
    tamper: by("home-agent", Copying),
    verdict: /changed its identity/,
  },
  {
    what: "wants a tick without end",
    tamper: by("mobile-node", Sleepless),
    verdict: /wants ticks without end/,
  },
  {
    what: "answers a command twice",
    tamper: by("mobile-node", Eager),
    verdict: /answers command \d+ twice/,
  },
];
