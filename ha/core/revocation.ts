/**
 * Registration revocation at the home agent: RFC 3543 §3.2, §4.2.2.1, §4.2.3.2. It offers itself in
 * replies, tells foreign agents and directly registered nodes of bindings that end before their
 * time, and ends bindings that a foreign agent has revoked.
 */

import { formatIpv4, type Ipv4, parseIpv4 } from "../../shared/base/address.ts";
import type { Counters } from "../../shared/base/counters.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import type { Command, Effect, Report, UdpReceived } from "../../shared/protocol/core.ts";
import {
  acknowledgment,
  judgeRevocation,
  type Protection,
  type RegistrationRevocation,
  type RegistrationRevocationAcknowledgment,
  RevocationMemory,
  UNDERSTOOD_IN_REVOCATION,
} from "../../shared/protocol/revocation-messages.ts";
import { type RevocationEnd, RevocationSender } from "../../shared/protocol/revocation-sender.ts";
import { isLaterTimestamp, RevocationClock } from "../../shared/protocol/revocation-terms.ts";
import { RevocationFlag } from "../../shared/wire/control/revocation.ts";
import { type DecodedControl, decodeControl } from "../../shared/wire/control.ts";
import { type BindingRevocation, revocationPort } from "./binding-revocation.ts";
import { type Binding, type BindingTable, bindingFields, bindingKey } from "./bindings.ts";
import type { HaCoreConfig } from "./config.ts";
import type { Directory } from "./nodes.ts";
import { dropped } from "./reports.ts";

/** Commands that wait at a time. */
const MAX_WAITING = 64;

/** What the rest of the home agent does for this part. */
export interface RevocationOwner {
  readonly config: HaCoreConfig;
  readonly directory: Directory;
  readonly bindings: BindingTable;
  readonly counters: Counters;
  isOwnAddress(address: Ipv4): boolean;
  /** Takes a binding out of the list, with all that follows from it. */
  endBinding(binding: Binding, reason: string): Effect[];
}

/** A command that waits for what it started. */
interface Waiting {
  readonly id: number;
  readonly homeAddress: Ipv4;
  left: number;
  unanswered: number;
}

export class HomeRevocations {
  readonly clock = new RevocationClock();
  readonly #owner: RevocationOwner;
  readonly #sender = new RevocationSender<Waiting | undefined>("home-agent", this.clock);
  readonly #memory = new RevocationMemory();
  #waiting = 0;

  constructor(owner: RevocationOwner) {
    this.#owner = owner;
  }

  nextDeadline(): Instant | undefined {
    return this.#sender.nextDeadline();
  }

  /** RFC 3543 §3.3: not within a second of a revocation of the same binding. */
  isTooSoon(homeAddress: Ipv4, careOfAddress: Ipv4, now: Instant): boolean {
    return (
      !this.#sender.isIdle && this.#sender.isRecent(bindingKey(homeAddress, careOfAddress), now)
    );
  }

  /** A binding was made or renewed: an older revocation must not meet it. */
  registered(binding: Binding): Effect[] {
    const revocation = this.#sender.cancel(binding.key);
    return revocation === undefined ? [] : this.#settle(revocation.subject, true);
  }

  /** After a restart: what the clock said in an earlier life. */
  restored({ revocation }: Binding, now: Now): void {
    if (revocation !== undefined) this.clock.notBefore(revocation.ours, now);
  }

  /**
   * The node registered elsewhere or came home: the foreign agent that it left may free what it
   * holds, and need not look for the node (RFC 3543 §1, §4.2.2.1). Who was there knows already.
   */
  superseded(binding: Binding, requestSource: Ipv4, now: Now): Effect[] {
    const { revocation } = binding;
    if (revocation === undefined || revocation.direct) return [];
    return revocation.source === requestSource ? [] : this.revoke(binding, false, now);
  }

  /** Tells the other side of a binding that has just ended, where it takes part. */
  revoke(
    binding: Binding,
    inform: boolean,
    now: Now,
    directory: Directory = this.#owner.directory,
  ): Effect[] {
    this.#start(binding, inform, now, directory, undefined);
    return this.tick(now);
  }

  /** `revoke HOME_ADDRESS`, or the node's NAI: ends every binding of a node; the answer comes with the last outcome. */
  command({ id, args }: Command, now: Now): Effect[] {
    const { bindings, directory } = this.#owner;
    const name = String(args.home_address);
    const named = directory.withNai(name);
    const homeAddress = parseIpv4(name) ?? named?.homeAddress;
    const answer = (ok: boolean, message: string): Effect[] => [
      { type: "answer", id, ok, message },
    ];
    if (homeAddress === undefined) {
      return answer(false, `${name} is neither a home address nor the NAI of a node with one`);
    }
    // The address that a dynamic node had last may be another's by now.
    const isIts = named === undefined || directory.node(homeAddress) === named;
    const current = isIts ? bindings.of(homeAddress) : [];
    if (current.length === 0) return answer(false, `no binding of ${name}`);
    if (this.#waiting >= MAX_WAITING) return answer(false, `${MAX_WAITING} commands wait already`);
    const message = typeof args.message === "string" ? args.message : undefined;
    const waiting: Waiting = { id, homeAddress, left: 0, unanswered: 0 };
    const effects: Effect[] = [];
    for (const binding of current) {
      effects.push(...this.#owner.endBinding(binding, "revoked"), revoked(binding, "home-agent"));
      const { informRevoked } = this.#owner.config;
      if (this.#start(binding, informRevoked, now, directory, waiting, message)) waiting.left++;
    }
    if (waiting.left === 0) {
      const text = "revoked; the care-of address takes no revocations, so nobody was told";
      return [...effects, ...answer(true, text)];
    }
    this.#waiting++;
    return [...effects, ...this.tick(now)];
  }

  tick(now: Now): Effect[] {
    const { effects, ended } = this.#sender.tick(now);
    if (effects.length > 0) this.#owner.counters.add("revocations-sent", effects.length);
    return [...effects, ...ended.flatMap((end) => this.#ended(end))];
  }

  /** A Registration Revocation or its acknowledgment. */
  receive(event: UdpReceived, now: Now): Effect[] {
    const decoded = decodeControl(event.payload, UNDERSTOOD_IN_REVOCATION);
    if (!decoded.ok) return this.#discard(event, `revocation-${decoded.error.code}`);
    return decoded.value.message.name === "registration-revocation"
      ? this.#onRevocation(event, decoded.value as DecodedControl<RegistrationRevocation>, now)
      : this.#onAcknowledgment(
          event,
          decoded.value as DecodedControl<RegistrationRevocationAcknowledgment>,
        );
  }

  #start(
    binding: Binding,
    inform: boolean,
    now: Now,
    directory: Directory,
    subject: Waiting | undefined,
    message?: string,
  ): boolean {
    const { revocation } = binding;
    const protection = revocation && protectionOf(binding, revocation, directory);
    if (revocation === undefined || protection === undefined) return false;
    const isUnderWay = this.#sender.start(
      {
        key: binding.key,
        homeAddress: binding.homeAddress,
        homeDomainAddress: binding.homeAgent,
        foreignDomainAddress: binding.careOfAddress,
        source: binding.homeAgent,
        destination: revocation.source,
        destinationPort: revocationPort(binding),
        message,
        inform: revocation.direct || (revocation.inform && inform),
        protection,
        endsAt: binding.expiresAt,
        registeredAt: revocation.registeredAt ?? now.monotonic,
        subject,
      },
      now,
    );
    if (!isUnderWay) this.#owner.counters.add("revocations-without-room");
    return isUnderWay;
  }

  /** RFC 3543 §4.2.3.2: a foreign agent serves a node no longer. */
  #onRevocation(
    event: UdpReceived,
    decoded: DecodedControl<RegistrationRevocation>,
    now: Now,
  ): Effect[] {
    const owner = this.#owner;
    const { message } = decoded;
    owner.counters.add("revocations-received");
    const { homeAddress, homeDomainAddress, foreignDomainAddress } = message;
    const contexts = owner.directory.associationsWith(foreignDomainAddress);
    const verdict = judgeRevocation(decoded, "home-agent", contexts);
    if (verdict.verdict === "discard") {
      return [exception(event, message, verdict.reason), ...this.#discard(event, verdict.reason)];
    }
    if (!owner.isOwnAddress(homeDomainAddress)) return this.#discard(event, "revocation-not-ours");
    const key = bindingKey(homeAddress, foreignDomainAddress);
    const name = `${formatIpv4(homeDomainAddress)} ${key}`;
    const last = this.#memory.check(name, message.revocationIdentifier);
    if (last === "replayed") return this.#discard(event, "revocation-replayed");
    const found = owner.bindings.get(homeAddress, foreignDomainAddress);
    const binding = found?.homeAgent === homeDomainAddress ? found : undefined;
    const fault = binding && revocationFault(binding, message.revocationIdentifier);
    if (fault !== undefined) return this.#discard(event, fault);
    const asks = (message.flags & RevocationFlag.I) !== 0;
    const negotiated = binding?.revocation?.inform ?? true;
    const inform = asks && negotiated && owner.config.informRevoked;
    this.#memory.remember(name, message.revocationIdentifier, inform, now.monotonic);
    owner.counters.add("revocation-acknowledgments-sent");
    const effects: Effect[] =
      binding === undefined
        ? []
        : [...owner.endBinding(binding, "revoked"), revoked(binding, "foreign-agent")];
    return [...effects, acknowledgment(event, message, inform, verdict.protection)];
  }

  #onAcknowledgment(
    event: UdpReceived,
    decoded: DecodedControl<RegistrationRevocationAcknowledgment>,
  ): Effect[] {
    const end = this.#sender.acknowledged(event, decoded);
    if (typeof end === "string") return this.#discard(event, `revocation-acknowledgment-${end}`);
    this.#owner.counters.add("revocation-acknowledgments-received");
    return this.#ended(end);
  }

  #ended({ revocation, outcome, inform }: RevocationEnd<Waiting | undefined>): Effect[] {
    const fields = {
      home_address: formatIpv4(revocation.homeAddress),
      care_of_address: formatIpv4(revocation.foreignDomainAddress),
      outcome,
      informed: inform,
    };
    if (outcome !== "acknowledged") this.#owner.counters.add(`revocations-${outcome}`);
    const level = outcome === "acknowledged" ? "info" : "warning";
    return [
      { type: "report", level, event: "revocation-ended", fields },
      ...this.#settle(revocation.subject, outcome === "acknowledged"),
    ];
  }

  #settle(waiting: Waiting | undefined, isDone: boolean): Effect[] {
    if (waiting === undefined) return [];
    if (!isDone) waiting.unanswered++;
    if (--waiting.left > 0) return [];
    this.#waiting--;
    const ok = waiting.unanswered === 0;
    const home = formatIpv4(waiting.homeAddress);
    const message = ok ? `${home} revoked` : `${home} revoked here, but nobody acknowledged it`;
    return [{ type: "answer", id: waiting.id, ok, message }];
  }

  #discard(event: UdpReceived, reason: string): Effect[] {
    this.#owner.counters.add(`discarded-${reason}`);
    return [dropped(event, reason)];
  }
}

/** Extension 34 with the foreign agent, 32 with a node that registered by itself (§3.3). */
function protectionOf(
  binding: Binding,
  { direct }: BindingRevocation,
  directory: Directory,
): Protection | undefined {
  const [context] = direct
    ? (directory.node(binding.homeAddress)?.contexts ?? [])
    : directory.associationsWith(binding.careOfAddress);
  if (context === undefined) return undefined;
  const name = direct
    ? "mobile-home-authentication-extension"
    : "foreign-home-authentication-extension";
  return { name, context };
}

/** RFC 3543 §4.2.3.2: only what was negotiated, and only after the registration. */
function revocationFault({ revocation }: Binding, identifier: number): string | undefined {
  if (revocation === undefined || revocation.direct) return "revocation-not-negotiated";
  return isLaterTimestamp(identifier, revocation.theirs) ? undefined : "revocation-outdated";
}

function revoked(binding: Binding, by: "foreign-agent" | "home-agent"): Report {
  return {
    type: "report",
    level: "info",
    event: "revoked",
    fields: { ...bindingFields(binding), by },
  };
}

function exception(event: UdpReceived, message: RegistrationRevocation, reason: string): Report {
  const fields = {
    home_address: formatIpv4(message.homeAddress),
    source: formatIpv4(event.source),
    reason,
  };
  return { type: "report", level: "warning", event: "security-exception", fields };
}
