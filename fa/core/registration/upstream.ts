/** Which home agents answer, as far as relayed requests tell: for `status` and `health`. */

import { formatIpv4, type Ipv4 } from "../../../shared/base/address.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import type { Instant, Now } from "../../../shared/base/time.ts";
import { isAccepted, ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { FaCoreConfig } from "../config.ts";

/** Home agents remembered; the one that has not answered for longest is forgotten first. */
const MAX_HOME_AGENTS = 64;

interface HomeAgentRecord {
  answeredAt: Instant | undefined;
  /** Requests in a row that got no reply, or an ICMP error. */
  unanswered: number;
  /** Replies in a row with code 133: this home agent's clock or the nodes' is wrong. */
  mismatches: number;
}

/**
 * Only home agents that have answered once, or that the configuration names: nodes can invent
 * others, and that those do not answer means nothing.
 */
export class Upstream {
  readonly #config: () => Pick<FaCoreConfig, "homeAgents" | "dynamicHomeAgents">;
  readonly #records = new Map<Ipv4, HomeAgentRecord>();

  constructor(config: () => Pick<FaCoreConfig, "homeAgents" | "dynamicHomeAgents">) {
    this.#config = config;
  }

  answered(homeAgent: Ipv4, code: number, now: Now): void {
    const mismatches = this.#records.get(homeAgent)?.mismatches ?? 0;
    const isMismatch = code === ReplyCode.haIdentificationMismatch;
    this.#records.delete(homeAgent); // the newest is last
    this.#records.set(homeAgent, {
      answeredAt: now.monotonic,
      unanswered: 0,
      mismatches: isMismatch ? mismatches + 1 : isAccepted(code) ? 0 : mismatches,
    });
    this.#forget();
  }

  unanswered(homeAgent: Ipv4): void {
    const record = this.#records.get(homeAgent);
    if (record !== undefined) {
      record.unanswered++;
    } else if (this.#isConfigured(homeAgent)) {
      this.#records.set(homeAgent, { answeredAt: undefined, unanswered: 1, mismatches: 0 });
      this.#forget();
    }
  }

  /** `home_agents` of the status. */
  rows(now: Now): JsonObject[] {
    return [...this.#records].map(([address, { answeredAt, unanswered, mismatches }]) => ({
      address: formatIpv4(address),
      answered_ago:
        answeredAt === undefined ? null : Math.floor((now.monotonic - answeredAt) / 1000),
      unanswered,
      identification_mismatches: mismatches,
    }));
  }

  #isConfigured(address: Ipv4): boolean {
    const { homeAgents, dynamicHomeAgents } = this.#config();
    return (
      homeAgents.some(({ peer }) => peer === address) ||
      dynamicHomeAgents.some((choice) => choice.address === address)
    );
  }

  #forget(): void {
    const [oldest] = this.#records.keys();
    if (this.#records.size > MAX_HOME_AGENTS && oldest !== undefined) this.#records.delete(oldest);
  }
}
