/**
 * Revocations under way: sent, sent again with a new identifier at growing intervals, until they
 * are acknowledged, the binding would have ended anyhow, or nobody answers. RFC 3543 §3.5,
 * §4.2.2.1, §4.2.3.1.
 */

import type { Ipv4 } from "../base/address.ts";
import { Deadlines } from "../base/deadlines.ts";
import { after, earliest, type Instant, type Now } from "../base/time.ts";
import { checkAuthentication } from "../security/authenticator.ts";
import { RevocationAcknowledgmentFlag } from "../wire/control/revocation.ts";
import type { DecodedControl } from "../wire/control.ts";
import type { Effect, UdpReceived } from "./core.ts";
import {
  type AgentRole,
  type BindingName,
  encodeRevocation,
  type Protection,
  type RegistrationRevocationAcknowledgment,
  revocationDatagram,
} from "./revocation-messages.ts";
import type { RevocationClock } from "./revocation-terms.ts";

/** Milliseconds: no more than one revocation or registration message a second (RFC 3543 §3.3). */
export const MESSAGE_INTERVAL = 1000;
const MAX_INTERVAL = 32_000;
/** About a minute and a half in all. */
const MAX_TRANSMISSIONS = 7;
/** Revocations under way at a time; a binding beyond ends without one. */
const MAX_UNDER_WAY = 16_384;

/** A binding that ends, with what its agent must know of it afterwards. */
export interface Revocation<Subject> extends BindingName {
  /** Of the binding. */
  readonly key: string;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** 434, or what a NAT has made of it. */
  readonly destinationPort: number;
  /** I: asks for a decision, or tells one. Only when negotiated. */
  readonly inform: boolean;
  /** For the node's user (RFC 4917). */
  readonly message?: string | undefined;
  readonly protection: Protection;
  /** When the binding would have ended by itself. */
  readonly endsAt: Instant | undefined;
  /** When the last registration message for it was sent, if that is known. */
  readonly registeredAt: Instant | undefined;
  readonly subject: Subject;
}

export interface RevocationEnd<Subject> {
  readonly revocation: Revocation<Subject>;
  readonly outcome: "acknowledged" | "unanswered" | "expired";
  /** I of the acknowledgment, where the revocation had it too (RFC 3543 §3.4). */
  readonly inform: boolean;
}

interface Entry<Subject> {
  readonly revocation: Revocation<Subject>;
  /** Of every transmission: the acknowledgment of any of them will do. */
  readonly identifiers: number[];
}

export class RevocationSender<Subject> {
  readonly #role: AgentRole;
  readonly #clock: RevocationClock;
  readonly #entries = new Map<string, Entry<Subject>>();
  readonly #byHomeAddress = new Map<Ipv4, Set<Entry<Subject>>>();
  readonly #due = new Deadlines<string>();
  /** When each binding was revoked last, in that order; only the last second is of interest. */
  readonly #sentAt = new Map<string, Instant>();

  constructor(role: AgentRole, clock: RevocationClock) {
    this.#role = role;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Nothing under way, and nothing to be remembered. */
  get isIdle(): boolean {
    return this.#entries.size === 0 && this.#sentAt.size === 0;
  }

  nextDeadline(): Instant | undefined {
    return this.#due.next();
  }

  /**
   * The first datagram comes from `tick`, at once where the limit of one a second allows it. False
   * when there is no room.
   */
  start(revocation: Revocation<Subject>, now: Now): boolean {
    this.cancel(revocation.key);
    if (this.#entries.size >= MAX_UNDER_WAY) return false;
    const { key, registeredAt, endsAt } = revocation;
    const last = [registeredAt, this.#sentAt.get(key)].filter((at) => at !== undefined);
    const first = Math.max(now.monotonic, ...last.map((at) => after(at, MESSAGE_INTERVAL)));
    const entry = { revocation, identifiers: [] };
    this.#entries.set(key, entry);
    const same = this.#byHomeAddress.get(revocation.homeAddress);
    if (same === undefined) this.#byHomeAddress.set(revocation.homeAddress, new Set([entry]));
    else same.add(entry);
    this.#due.set(key, earliest(first as Instant, endsAt) ?? now.monotonic);
    return true;
  }

  /** The binding is made anew: a revocation that came later would end the new one. */
  cancel(key: string): Revocation<Subject> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { revocation } = entry;
    this.#entries.delete(key);
    this.#due.delete(key);
    const same = this.#byHomeAddress.get(revocation.homeAddress);
    same?.delete(entry);
    if (same?.size === 0) this.#byHomeAddress.delete(revocation.homeAddress);
    return revocation;
  }

  /** Was a revocation of this binding sent within the last second? */
  isRecent(key: string, now: Instant): boolean {
    const last = this.#sentAt.get(key);
    return last !== undefined && now - last < MESSAGE_INTERVAL;
  }

  /** Sends what is due; the revocations that are given up come back. */
  tick(now: Now): { readonly effects: Effect[]; readonly ended: RevocationEnd<Subject>[] } {
    const effects: Effect[] = [];
    const ended: RevocationEnd<Subject>[] = [];
    for (const key of this.#due.takeDue(now.monotonic)) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      const { revocation, identifiers } = entry;
      const isOver = revocation.endsAt !== undefined && revocation.endsAt <= now.monotonic;
      if (isOver || identifiers.length >= MAX_TRANSMISSIONS) {
        this.cancel(key);
        ended.push({ revocation, outcome: isOver ? "expired" : "unanswered", inform: false });
      } else {
        effects.push(this.#transmit(entry, now));
      }
    }
    return { effects, ended };
  }

  /**
   * The revocation that an acknowledgment is about: it came from where that went, with its home
   * address and one of its identifiers, and the authenticator holds (RFC 3543 §3.5).
   */
  acknowledged(
    event: UdpReceived,
    decoded: DecodedControl<RegistrationRevocationAcknowledgment>,
  ): RevocationEnd<Subject> | "unmatched" | "unauthenticated" {
    const { message } = decoded;
    const about = [...(this.#byHomeAddress.get(message.homeAddress) ?? [])].filter(
      ({ revocation, identifiers }) =>
        revocation.destination === event.source &&
        identifiers.includes(message.revocationIdentifier),
    );
    if (about.length === 0) return "unmatched";
    const found = about.find(({ revocation: { protection } }) => {
      const { name, context } = protection;
      return checkAuthentication(decoded, name, [context]).outcome === "valid";
    });
    if (found === undefined) return "unauthenticated";
    const { revocation } = found;
    this.cancel(revocation.key);
    const saysInform = (message.flags & RevocationAcknowledgmentFlag.I) !== 0;
    return { revocation, outcome: "acknowledged", inform: revocation.inform && saysInform };
  }

  #transmit({ revocation, identifiers }: Entry<Subject>, now: Now): Effect {
    const { key, source, destination, destinationPort, inform, protection, endsAt } = revocation;
    const identifier = this.#clock.timestamp(now);
    const interval = Math.min(MESSAGE_INTERVAL * 2 ** identifiers.length, MAX_INTERVAL);
    identifiers.push(identifier);
    this.#due.set(key, earliest(after(now.monotonic, interval), endsAt) ?? now.monotonic);
    this.#noteSent(key, now.monotonic);
    const fields = { inform, identifier, message: revocation.message };
    const payload = encodeRevocation(this.#role, revocation, fields, protection);
    return revocationDatagram(source, destination, destinationPort, payload);
  }

  #noteSent(key: string, now: Instant): void {
    this.#sentAt.delete(key);
    this.#sentAt.set(key, now);
    for (const [other, at] of this.#sentAt) {
      if (now - at < MESSAGE_INTERVAL) return;
      this.#sentAt.delete(other);
    }
  }
}
