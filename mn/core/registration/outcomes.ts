/** What follows from replies: who is told, who is left alone for a while. RFC 5944 §3.6.2. */

import type { Counters } from "../../../shared/base/counters.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import { after, type Instant } from "../../../shared/base/time.ts";
import type { Effect, Report, Resolved } from "../../../shared/protocol/core.ts";
import { messageStrings } from "../../../shared/protocol/message-string.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import { replyCodeText } from "../../../shared/wire/reply-code.ts";
import type { AgentHistory } from "../movement/agent-history.ts";
import { keyOf } from "../movement/attachment.ts";
import type { Whereabouts } from "../movement/whereabouts.ts";
import {
  deniedReport,
  deregisteredReport,
  registeredReport,
  report,
  throughText,
} from "../reports.ts";
import type { Waiters } from "../waiters.ts";
import { hostConfiguration } from "./host-configuration.ts";
import type { Outcome, Pending, Registered, Registration } from "./registration.ts";
import { isAuthenticationFailure } from "./reply.ts";
import type { Operation } from "./request.ts";

/** Milliseconds between two reports of security exceptions; all of them are counted. */
const SECURITY_REPORT_INTERVAL = 1000;
/** After so many requests without any reply another agent is tried, if there is one. */
const MAX_UNANSWERED = 4;
const MAX_UNANSWERED_WHEN_SERVED = 2;

/** Has the request been sent in vain so often that this counts as failing? */
export function isUnanswered(pending: Pending | undefined): boolean {
  return (pending?.attempts ?? 0) > MAX_UNANSWERED;
}

/** Is nothing coming back, and the next retransmission due? */
export function isInVain(
  { denied, retryAt, attempts }: Pending,
  now: Instant,
  most = MAX_UNANSWERED,
): boolean {
  return !denied && retryAt <= now && attempts >= most;
}

export class Outcomes {
  readonly counters: Counters;
  readonly #history: AgentHistory;
  readonly #waiters: Waiters;
  #securityReportAt: Instant | undefined;
  /** Code of the last reply that counted. */
  #lastCode: number | undefined;
  #lastError: string | undefined;
  #lastMessage: string | undefined;
  #host: JsonObject | undefined;

  constructor(counters: Counters, history: AgentHistory, waiters: Waiters) {
    this.counters = counters;
    this.#history = history;
    this.#waiters = waiters;
  }

  /** For `status`. */
  toJson(): JsonObject {
    return {
      last_code: this.#lastCode ?? null,
      last_error: this.#lastError ?? null,
      message: this.#lastMessage ?? null,
      host_configuration: this.#host ?? null,
    };
  }

  /** A registration or, with `undefined`, one that was granted for no time at all. */
  registered(
    registered: Registered | undefined,
    operation: Operation,
    code: number,
    renewal: boolean,
    now: Instant,
  ): Effect[] {
    this.#accepted(operation, code);
    if (registered === undefined) {
      this.#lastError = "the granted lifetime is over";
      this.#history.refused(operation.agentKey, now);
      return [];
    }
    const message = `registered ${throughText(operation)}`;
    const answers = [
      ...this.#waiters.settle("register", true, message),
      ...this.#waiters.settle("handover", true, message, operation.agentKey),
    ];
    return [registeredReport(registered, renewal), ...answers];
  }

  deregistered(operation: Operation, code: number): Effect[] {
    this.#accepted(operation, code);
    const atHome = operation.via === "home";
    return [
      deregisteredReport(operation),
      ...(atHome ? this.#waiters.settle("register", true, "at home") : []),
      ...this.#waiters.settle("deregister", true, "deregistered"),
    ];
  }

  #accepted(operation: Operation, code: number): void {
    this.#lastCode = code;
    this.#lastError = undefined;
    this.#history.accepted(operation.agentKey);
  }

  /**
   * `isRemedied`: the next request will be a better one, without any back-off. `careOfAddresses`:
   * how many the agent offers.
   */
  denied(
    outcome: Extract<Outcome, { kind: "denied" }>,
    isRemedied: boolean,
    careOfAddresses: number,
    now: Instant,
  ): Effect[] {
    const { operation, reply, origin } = outcome;
    const { agentKey } = operation;
    const action = operation.action === "register" ? "register" : "deregister";
    const text = `code ${reply.code}: ${replyCodeText(reply.code)}`;
    this.#lastCode = reply.code;
    this.#lastError = text;
    const security = isAuthenticationFailure(reply.code);
    if (security) this.counters.add("security-exceptions");
    const effects: Effect[] = [deniedReport(outcome, security)];
    if (isRemedied) return effects;
    // RFC 5944 §2.4: after a rejection by the foreign agent its next address may be tried.
    const next = origin === "foreign-agent" && action === "register";
    if (next && this.#history.nextCareOf(agentKey, careOfAddresses)) return effects;
    this.#history.refused(agentKey, now);
    const said = `denied, ${text}`;
    const answers = this.#waiters.settle(action, false, said);
    return [...effects, ...answers, ...this.#waiters.settle("handover", false, said, agentKey)];
  }

  /**
   * Words for the user (RFC 4917 §4), which change nothing else; and the home network's
   * configuration (RFC 4332), which hooks may act on: only what the home agent has signed.
   */
  told(extensions: readonly ControlExtension[], signed: readonly ControlExtension[]): Report[] {
    const messages = messageStrings(extensions);
    this.#lastMessage = messages.at(-1)?.text ?? this.#lastMessage;
    const reports = messages.map((message) => report("message-string", { ...message }));
    const found = hostConfiguration(signed);
    if (found === undefined || JSON.stringify(found) === JSON.stringify(this.#host)) return reports;
    this.#host = found;
    return [...reports, report("host-configuration", found)];
  }

  /** Without an address of a home agent nobody can be asked. */
  unresolved({ name, error }: Resolved): void {
    this.#lastError = `home agent ${name}: no address${error === undefined ? "" : ` (${error})`}`;
  }

  /** RFC 5944 §3.6.2.1: silence on the wire; counted always, told at most once a second. */
  discarded({ verdict }: Extract<Outcome, { kind: "discarded" }>, now: Instant): Effect[] {
    const { reason, code, security } = verdict;
    if (!security) return [];
    this.#lastError = `security exception: ${reason}`;
    this.counters.add("security-exceptions");
    if (this.#securityReportAt !== undefined && now < this.#securityReportAt) return [];
    this.#securityReportAt = after(now, SECURITY_REPORT_INTERVAL);
    return [report("security-exception", { reason, code }, "warning")];
  }

  /**
   * Notes a way by which nothing comes back, each time a retransmission is due. While another way
   * serves this one need not be tried for long.
   */
  unanswered(
    { pending, registered, formers }: Registration,
    where: Whereabouts,
    now: Instant,
  ): Effect[] {
    const serving = where.serving(registered);
    const isServed = serving !== undefined && keyOf(serving) !== pending?.operation.agentKey;
    const most = isServed ? MAX_UNANSWERED_WHEN_SERVED : MAX_UNANSWERED;
    if (pending === undefined || !isInVain(pending, now, most)) return [];
    if (pending.operation.action === "release") {
      formers.released(pending.operation.careOfAddress);
      return [];
    }
    this.#lastError = `no reply ${throughText(pending.operation)}`;
    this.#history.refused(pending.operation.agentKey, now);
    const { agentKey } = pending.operation;
    return this.#waiters.settle("handover", false, this.#lastError, agentKey);
  }
}
