/** How a node has been served, as the haCounterTable of RFC 2006 has it. */

import { formatIpv4 } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { MobileNode } from "./nodes.ts";

interface Denial {
  readonly at: Instant;
  readonly code: number;
}

export class NodeService {
  #accepted = 0;
  #acceptedAt: Instant | undefined;
  #denied = 0;
  #lastDenial: Denial | undefined;
  /** Milliseconds in the bindings that are over, and since when there has been one. */
  #time = 0;
  #since: Instant | undefined;

  replied(code: number, now: Instant): void {
    if (code === ReplyCode.accepted) {
      this.#accepted++;
      this.#acceptedAt = now;
    } else {
      this.#denied++;
      this.#lastDenial = { at: now, code };
    }
  }

  /** The node has a binding now, or has none any more. */
  bound(isBound: boolean, now: Instant): void {
    if (isBound) this.#since ??= now;
    else if (this.#since !== undefined) {
      this.#time += now - this.#since;
      this.#since = undefined;
    }
  }

  /** Times in whole seconds. */
  fields(now: Instant): JsonObject {
    const ago = (at: Instant | undefined): number | null =>
      at === undefined ? null : Math.floor((now - at) / 1000);
    const running = this.#since === undefined ? 0 : now - this.#since;
    return {
      accepted: this.#accepted,
      accepted_ago: ago(this.#acceptedAt),
      denied: this.#denied,
      denied_ago: ago(this.#lastDenial?.at),
      denied_code: this.#lastDenial?.code ?? null,
      service_time: Math.floor((this.#time + running) / 1000),
    };
  }
}

const NEVER_SEEN = new NodeService();

/** One row of `nodes --json`; `bindings` is how many the node has. */
export function nodeRow(node: MobileNode, bindings: number, now: Instant): Json {
  const { homeAddress, nai, service = NEVER_SEEN } = node;
  return {
    home_address: homeAddress === undefined ? null : formatIpv4(homeAddress),
    nai: nai ?? null,
    dynamic: node.isDynamic,
    bindings,
    ...service.fields(now),
  };
}
