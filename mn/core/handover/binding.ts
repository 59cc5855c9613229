/**
 * Fast Binding Updates and their acknowledgments: RFC 4988 §4.2, §5.1, §5.2; RFC 4068 §4. One is
 * outstanding at a time; the other end of it is the access router that the node is registered with.
 */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import { after, type Instant, type Now } from "../../../shared/base/time.ts";
import type { SendUdp, UdpReceived } from "../../../shared/protocol/core.ts";
import { AddressCode, FIRST_REFUSAL } from "../../../shared/protocol/fast-handover.ts";
import type { SecurityContext } from "../../../shared/security/association.ts";
import {
  appendAuthentication,
  checkAuthentication,
} from "../../../shared/security/authenticator.ts";
import {
  initialIdentification,
  learnFromReply,
  lowBits,
  nextIdentification,
  type RequestIdentification,
} from "../../../shared/security/replay.ts";
import type { FastBindingAcknowledgment } from "../../../shared/wire/control/fast-handover.ts";
import {
  BASE_EXTENSIONS,
  type DecodedControl,
  decodeControl,
  encodeControl,
  MOBILE_IP_PORT,
  RequestFlag,
  understanding,
} from "../../../shared/wire/control.ts";
import type { PreviousRouter } from "./previous-router.ts";

/** Milliseconds until an update is repeated first; doubled each time. */
const FIRST_TIMEOUT = 100;
const TTL = 64;
/** The flags that an update shares with a request; those in the place of S and B are 0 (§5.1). */
const FLAGS = RequestFlag.D | RequestFlag.M | RequestFlag.G | RequestFlag.T;
const UNDERSTOOD = understanding(new Set([...BASE_EXTENSIONS, 21, 36]));

/** Where an update leaves, and to whom on that link. */
export interface UpdatePath {
  readonly interface: string;
  readonly destination: Ipv4;
  readonly mac: Mac;
}

export interface UpdateOrder {
  readonly previous: PreviousRouter;
  /** The address that is bound: the node's on the previous link. */
  readonly address: Ipv4;
  /** The Care-of Address field. */
  readonly next: Ipv4;
  /** Seconds; 0: the node is back. */
  readonly lifetime: number;
  readonly path: UpdatePath;
}

interface Outstanding {
  readonly order: UpdateOrder;
  readonly sent: number;
  readonly identification: bigint;
  readonly repeatAt: Instant;
}

export type AckOutcome =
  | {
      readonly kind: "accepted";
      readonly order: UpdateOrder;
      /** Seconds. */
      readonly lifetime: number;
      /** For this node alone, on the next link. */
      readonly careOfAddress: Ipv4 | undefined;
    }
  | { readonly kind: "refused"; readonly order: UpdateOrder; readonly code: number }
  | { readonly kind: "discarded"; readonly reason: string };

export class Binding {
  readonly #random: Random;
  /** By router: kept apart from that of the home agent (§5.1). */
  readonly #identifications = new Map<Ipv4, RequestIdentification>();
  #outstanding: Outstanding | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  get order(): UpdateOrder | undefined {
    return this.#outstanding?.order;
  }

  /** The update that is outstanding has not been repeated yet. */
  get isFirst(): boolean {
    return this.#outstanding?.sent === 1;
  }

  nextDeadline(): Instant | undefined {
    return this.#outstanding?.repeatAt;
  }

  send(order: UpdateOrder, now: Now): SendUdp {
    return this.#send(order, 0, now);
  }

  forget(): void {
    this.#outstanding = undefined;
  }

  /** What is due again; `given-up`: nobody answers (RFC 4068 §4). */
  tick(retries: number, now: Now): SendUdp | "given-up" | undefined {
    const outstanding = this.#outstanding;
    if (outstanding === undefined || outstanding.repeatAt > now.monotonic) return undefined;
    const { order, sent } = outstanding;
    if (sent <= retries) return this.#send(order, sent, now);
    this.#outstanding = undefined;
    return "given-up";
  }

  /** RFC 4988 §5.2: only what is authentic and answers the update that is outstanding counts. */
  receive(event: UdpReceived, now: Now): AckOutcome {
    const outstanding = this.#outstanding;
    const decoded = decodeControl(event.payload, UNDERSTOOD);
    if (!decoded.ok || decoded.value.message.name !== "fast-binding-acknowledgment") {
      return { kind: "discarded", reason: "malformed" };
    }
    if (outstanding === undefined) return { kind: "discarded", reason: "not-awaited" };
    const { order, identification } = outstanding;
    const { message } = decoded.value as DecodedControl<FastBindingAcknowledgment>;
    const { context } = order.previous;
    const check = checkAuthentication(decoded.value, "mn-par-auth-extension", [context]);
    if (check.outcome !== "valid") return { kind: "discarded", reason: check.outcome };
    const isAnswer = lowBits(message.identification) === lowBits(identification);
    if (!isAnswer || message.homeAddress !== order.address) {
      return { kind: "discarded", reason: "identification-mismatch" };
    }
    this.#outstanding = undefined;
    this.#learn(order.previous, message.identification, identification, now);
    const { code } = message;
    if (code >= FIRST_REFUSAL) return { kind: "refused", order, code };
    const lifetime = Math.min(message.lifetime, order.lifetime);
    return { kind: "accepted", order, lifetime, careOfAddress: newAddress(message) };
  }

  #send(order: UpdateOrder, sent: number, now: Now): SendUdp {
    const { previous, address, next, lifetime, path } = order;
    const identification = this.#identify(previous, now);
    const repeatAt = after(now.monotonic, FIRST_TIMEOUT * 2 ** sent);
    this.#outstanding = { order, sent: sent + 1, identification, repeatAt };
    const fixed = encodeControl({
      name: "fast-binding-update",
      flags: previous.flags & FLAGS,
      reserved: 0,
      lifetime,
      homeAddress: address,
      homeAgent: previous.address,
      careOfAddress: next,
      identification,
      extensions: [],
    });
    return {
      type: "send-udp",
      source: address,
      sourcePort: MOBILE_IP_PORT,
      destination: path.destination,
      destinationPort: MOBILE_IP_PORT,
      ttl: TTL,
      payload: appendAuthentication(fixed, "mn-par-auth-extension", previous.context),
      link: { interface: path.interface, destination: path.mac },
    };
  }

  #identify({ context, address }: PreviousRouter, now: Now): bigint {
    const state = this.#stateOf(context, address);
    const next = nextIdentification(state, now.wall, this.#random);
    this.#identifications.set(address, next);
    return next.last ?? 0n;
  }

  /** RFC 5944 §5.7, as for registrations: a refusal shows the router's clock, any answer its nonce. */
  #learn({ context, address }: PreviousRouter, reply: bigint, sent: bigint, now: Now): void {
    const state = this.#stateOf(context, address);
    this.#identifications.set(address, learnFromReply(state, reply, reply !== sent, now.wall));
  }

  #stateOf({ replay }: SecurityContext, router: Ipv4): RequestIdentification {
    const known = this.#identifications.get(router);
    return known?.method === replay ? known : initialIdentification(replay);
  }
}

/** New IPv4 Address Option, code 2: an address for this node alone (§5.2). */
function newAddress({ extensions }: FastBindingAcknowledgment): Ipv4 | undefined {
  for (const extension of extensions) {
    const isAddress = extension.name === "new-ipv4-address-option";
    if (isAddress && extension.optionCode === AddressCode.new) return extension.newIpv4Address;
  }
  return undefined;
}
