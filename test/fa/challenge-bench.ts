/** A foreign agent that issues challenges, and nodes that answer them. */

import assert from "node:assert/strict";
import type { FaCoreConfig } from "../../fa/core/config.ts";
import type { Effect, IcmpReceived, SendUdp } from "../../shared/protocol/core.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { SOLICITATION } from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeIcmp, encodeIcmp } from "../../shared/wire/icmp.ts";
import { Bench, HOME, NODE_MAC, type RequestOptions, replyIn } from "./harness.ts";

/** What no foreign agent without AAA can check: any octets do. */
export const mobileAaa = {
  name: "mn-aaa-authentication-subtype",
  spi: 2,
  authenticator: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i),
} as const;

export function challengeExtension(challenge: Uint8Array) {
  return { name: "mobile-foreign-challenge-extension", challenge } as const;
}

/** The challenges of the advertisements among these effects. */
export function challengesIn(effects: readonly Effect[]): Uint8Array[] {
  return effects.flatMap((effect) => {
    if (effect.type !== "send-icmp") return [];
    const decoded = decodeIcmp(effect.payload);
    assert(decoded.ok && decoded.value.name === "router-advertisement");
    return decoded.value.extensions.flatMap((each) =>
      each.name === "challenge-extension" ? [each.challenge] : [],
    );
  });
}

export function one<T>(list: readonly T[]): T {
  const [first, ...more] = list;
  assert(first !== undefined && more.length === 0, `${list.length} of them`);
  return first;
}

/** The one challenge of a reply to the node, which no other authentication stands before. */
export function challengeOf(send: SendUdp): Uint8Array {
  const extensions: readonly ControlExtension[] = replyIn(send).extensions;
  return one(
    extensions.flatMap((each) =>
      each.name === "mobile-foreign-challenge-extension" ? [each.challenge] : [],
    ),
  );
}

export class ChallengeBench extends Bench {
  readonly first: Uint8Array;

  constructor(overrides: Partial<FaCoreConfig> = {}) {
    super({ challengeWindow: 2, ...overrides });
    this.first = one(challengesIn(this.linkUp()));
  }

  /** Waits for the next periodic advertisement; its challenge. */
  advertisement(): Uint8Array {
    for (;;) {
      const due = this.agent.nextDeadline();
      assert(due !== undefined);
      this.pass(Math.max(0, due - this.now.monotonic) / 1000);
      const found = challengesIn(this.agent.handle({ type: "tick" }, this.now));
      if (found.length > 0) return one(found);
    }
  }

  solicit(changes: Partial<IcmpReceived> = {}): Uint8Array {
    const effects = this.agent.handle(
      {
        type: "icmp",
        interface: "lan0",
        linkSource: NODE_MAC,
        source: HOME,
        destination: HOME,
        ttl: 1,
        payload: encodeIcmp(SOLICITATION),
        ...changes,
      },
      this.now,
    );
    return one(challengesIn(effects));
  }

  /** A request that answers a challenge, with a Mobile-AAA Authentication Extension behind it. */
  answer(challenge: Uint8Array, options: RequestOptions = {}): Effect[] {
    // Denials are limited to one a second.
    this.pass(1);
    return this.request({ foreign: [challengeExtension(challenge), mobileAaa], ...options });
  }
}
