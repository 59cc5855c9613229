/** Cores that break one rule of fast handovers each: the simulator must find them. */

import type { Mac } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { by, Declaring, type Misbehaviour } from "./misbehaviour.ts";

/** Never forgets where it has sent a node's packets. */
class Clinging extends Declaring {
  readonly #sent = new Map<string, ForwardingItem>();

  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    for (const [key, item] of entries) {
      if (item.kind === "handover" && !item.hold && item.tunnel !== undefined) {
        this.#sent.set(key, item);
      }
    }
    return [...entries, ...this.#sent];
  }
}

/** What it keeps for a node it keeps. */
class Hoarding extends Declaring {
  readonly #kept = new Map<string, ForwardingItem>();

  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    for (const [key, item] of entries) {
      if (item.kind === "handover" && item.hold) this.#kept.set(key, item);
    }
    return [...entries, ...this.#kept];
  }
}

/** Never takes down what a handover was for, though it does no harm any more. */
class Untidy extends Declaring {
  readonly #had = new Map<string, ForwardingItem>();

  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    for (const [key, item] of entries) {
      if (item.kind !== "handover") continue;
      this.#had.set(`old/${key}`, { ...item, hold: false, tunnel: undefined });
    }
    return [...this.#had, ...entries].reverse();
  }
}

/** Delivers what is for its visitors to somebody else on the link. */
class Misdelivering extends Declaring {
  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    return entries.map(([key, item]) => {
      if (item.kind !== "visitor") return [key, item] as const;
      return [key, { ...item, mac: "02:00:00:00:00:99" as Mac }] as const;
    });
  }
}

/** Keeps what it wants to send though it has a link. */
class Withholding extends Declaring {
  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    return entries.map(([key, item]) => {
      return [key, item.kind === "outgoing" ? { ...item, hold: true } : item] as const;
    });
  }
}

/** Keeps every address that an agent has given it. */
class Possessive extends Declaring {
  readonly #had = new Map<string, ForwardingItem>();

  protected override declared(entries: readonly (readonly [string, ForwardingItem])[]) {
    for (const [key, item] of entries) if (item.kind === "own-address") this.#had.set(key, item);
    return new Map([...entries, ...this.#had]);
  }
}

const form = "handovers";

export const HANDOVER_MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    what: "sends packets after a node for ever",
    tamper: by("foreign-agent", Clinging),
    verdict: /round in a circle|fa\d keeps it|too many handovers/,
    form,
  },
  {
    what: "keeps a node's packets for ever",
    tamper: by("foreign-agent", Hoarding),
    verdict: /keeps packets of .* for ever/,
    form,
  },
  {
    what: "does not tidy up after handovers",
    tamper: by("foreign-agent", Untidy),
    verdict: /has an old handover|too many handovers/,
    form,
  },
  {
    what: "delivers to somebody else",
    tamper: by("foreign-agent", Misdelivering),
    verdict: /delivers what is for/,
    form,
  },
  {
    what: "keeps the addresses that it was given",
    tamper: by("mobile-node", Possessive),
    verdict: /takes .*, which mn\d has/,
    form,
    from: 40,
  },
  {
    what: "keeps its own packets for ever",
    tamper: by("mobile-node", Withholding),
    verdict: /keeps what it sends/,
    form,
  },
];
