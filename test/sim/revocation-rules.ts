/** What must hold of every revocation that an agent sends: RFC 3543 §3.3, §3.5. */

import { formatIpv4 } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { RevocationFlag } from "../../shared/wire/control/revocation.ts";
import { type ControlMessage, decodeControl } from "../../shared/wire/control.ts";
import type { SimNode } from "./node.ts";

type Row = { readonly [key: string]: Json | undefined };
type Revocation = Extract<ControlMessage, { readonly name: "registration-revocation" }>;

interface Sent {
  readonly identifier: number;
  readonly at: number;
}

/** Between two of one binding. */
const INTERVAL = 1000;

export class RevocationRules {
  /** By node, and there by binding; in its present life. */
  readonly #sent = new Map<SimNode, Map<string, Sent>>();
  #acknowledged = 0;

  /** Acknowledgments sent by anybody. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  booted(node: SimNode): void {
    this.#sent.set(node, new Map());
  }

  /** The rule that a step broke, if any. */
  handled(node: SimNode, effects: readonly Effect[], now: Now): string | undefined {
    for (const effect of effects) {
      if (effect.type !== "send-udp") continue;
      const decoded = decodeControl(effect.payload);
      const message = decoded.ok ? decoded.value.message : undefined;
      if (message?.name === "registration-revocation-acknowledgment") this.#acknowledged++;
      if (message?.name !== "registration-revocation") continue;
      const fault = this.#judge(node, message, now);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #judge(node: SimNode, message: Revocation, now: Now): string | undefined {
    const isHome = node.role === "home-agent";
    if (((message.flags & RevocationFlag.A) !== 0) !== isHome) return "revokes in another's role";
    const home = formatIpv4(message.homeAddress);
    const careOf = formatIpv4(message.foreignDomainAddress);
    const rows = node.core?.query(isHome ? "bindings" : "visitors", now) as readonly Row[];
    const isThere = rows.some(
      (row) =>
        row.home_address === home &&
        row.care_of_address === careOf &&
        (isHome || row.state === "registered"),
    );
    if (isThere) return `revokes what it has: ${home} at ${careOf}`;
    const sent = this.#sent.get(node);
    const last = sent?.get(`${home} ${careOf}`);
    const identifier = message.revocationIdentifier;
    sent?.set(`${home} ${careOf}`, { identifier, at: now.monotonic });
    if (last === undefined) return undefined;
    if (identifier <= last.identifier) return "revokes with an identifier that is not later";
    return now.monotonic - last.at < INTERVAL ? "revokes twice in a second" : undefined;
  }
}
