/**
 * Challenges: given out in advertisements and replies, and looked for in requests. RFC 4721 §2,
 * §3.2, §3.3, Appendix E.
 *
 * Nothing here verifies a Mobile-AAA Authentication Extension: that needs an AAA infrastructure,
 * which RFC 4721 §3.2 and Appendix B leave open. It goes on to the home agent with the challenge
 * that it covers, and the home agent's reply is what counts.
 */

import type { Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import type { AdvertisementOccasion } from "../../../shared/protocol/advertising-config.ts";
import { writeU32 } from "../../../shared/wire/field.ts";
import type { IcmpExtension } from "../../../shared/wire/icmp/agent-discovery.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import { identityOf, type Node, type Registration } from "../node.ts";
import { sameOctets, sameRegistration } from "./challenge-request.ts";
import type { PendingRequest } from "./pending.ts";

/** RFC 4721 §2 asks for 4 octets; with 16 none comes twice. */
const OCTETS = 16;
/** Nodes remembered that are no visitors; the one not heard of for longest is forgotten first. */
const MAX_STRANGERS = 4096;

/** What the challenges must know of the agent around them. */
export interface ChallengeUsers {
  /** How many advertised challenges are good (CHALLENGE_WINDOW, RFC 4721 §9); 0: none are issued. */
  readonly window: () => number;
  readonly isVisitor: (node: Node) => boolean;
  readonly isPending: (request: PendingRequest) => boolean;
  readonly visitors: () => number;
}

interface Advertised {
  readonly challenge: Uint8Array;
  /** Larger than those of all that were advertised before, on whatever link. */
  readonly serial: number;
}

/** What is remembered of a node from its first relayed request on. */
interface NodeRecord {
  readonly key: string;
  /** The last challenge that it has used, and the request that it was in. */
  used: Uint8Array;
  request: PendingRequest;
  /** When the last one was advertised that it has used on this link: older ones are stale. */
  advertised: { readonly interface: string; readonly serial: number } | undefined;
  /** What was last sent to it alone, in a reply or an advertisement. */
  issued: Uint8Array | undefined;
}

/** Who sends a request, or is answered. */
export type Challenged = Node & Pick<Registration, "homeAgent">;

/** One node whatever its link; without a NAI its home address is its home agent's to tell. */
function keyOf(node: Challenged): string {
  return node.nai === undefined ? `${identityOf(node)} ${node.homeAgent}` : `nai ${node.nai}`;
}

const stationKey = (interfaceName: string, mac: Mac): string => `${interfaceName} ${mac}`;

export class Challenges {
  readonly #random: Random;
  readonly #users: ChallengeUsers;
  readonly #windows = new Map<string, Advertised[]>();
  /** Those heard of last stand last. */
  readonly #records = new Map<string, NodeRecord>();
  readonly #byStation = new Map<string, NodeRecord>();
  #serial = 0;

  constructor(random: Random, users: ChallengeUsers) {
    this.#random = random;
    this.#users = users;
  }

  /**
   * The extension of an advertisement. Only one that was due brings a new challenge to all; a node
   * that asks for one gets what it has not used (RFC 4721 §2.1). For a node that is not remembered
   * that is the one advertised last, since asking must cost no storage (§12).
   */
  extensions(interfaceName: string, occasion: AdvertisementOccasion): IcmpExtension[] {
    const challenge = this.#advertised(interfaceName, occasion);
    return challenge === undefined ? [] : [{ name: "challenge-extension", challenge }];
  }

  /**
   * Why a request that would be relayed is denied: 104, 105 or 106 (RFC 4721 §3.2, Appendix E).
   * `trusted`: extension 33 holds, so that a challenge may be missing.
   */
  fault(wanted: PendingRequest, trusted: boolean): number | undefined {
    const { challenge } = wanted;
    const window = this.#window(wanted.interface);
    if (window.length === 0) return undefined;
    if (challenge === undefined) return trusted ? undefined : ReplyCode.faMissingChallenge;
    const record = this.#records.get(keyOf(wanted));
    if (record !== undefined && sameOctets(record.used, challenge)) {
      const { request } = record;
      const again = this.#users.isPending(request) && sameRegistration(request, wanted);
      return again ? undefined : ReplyCode.faStaleChallenge;
    }
    if (sameOctets(record?.issued, challenge)) return undefined;
    const found = window.find((each) => sameOctets(each.challenge, challenge));
    if (found === undefined) return ReplyCode.faUnknownChallenge;
    const last = record?.advertised;
    const stale = last?.interface === wanted.interface && found.serial <= last.serial;
    return stale ? ReplyCode.faStaleChallenge : undefined;
  }

  /** A request that was relayed has used its challenge (RFC 4721 §1.1, §3.2). */
  use(request: PendingRequest): void {
    const { challenge } = request;
    const window = this.#window(request.interface);
    if (window.length === 0 || challenge === undefined) return;
    const key = keyOf(request);
    const before = this.#records.get(key);
    const found = window.find((each) => sameOctets(each.challenge, challenge));
    const advertised =
      found === undefined
        ? before?.advertised
        : { interface: request.interface, serial: found.serial };
    if (before !== undefined) this.#forget(before);
    // What was sent to it before this one was advertised is old to it (§4).
    const isRepeated = sameOctets(before?.used, challenge);
    const issued = found === undefined || isRepeated ? before?.issued : undefined;
    const record: NodeRecord = { key, used: challenge, request, advertised, issued };
    this.#records.set(key, record);
    this.#byStation.set(stationKey(request.interface, request.mac), record);
    this.#makeRoom();
  }

  /**
   * The challenge of a reply, unused by this node: a new one once the last is used, in the record
   * that there is; else the one advertised last (RFC 4721 §3.2.1, §3.3, §12).
   */
  forReply(node: Challenged): Uint8Array | undefined {
    const window = this.#window(node.interface);
    if (window.length === 0) return undefined;
    const record = this.#records.get(keyOf(node));
    return record === undefined ? window.at(-1)?.challenge : this.#unused(record);
  }

  #advertised(interfaceName: string, occasion: AdvertisementOccasion): Uint8Array | undefined {
    if (this.#users.window() === 0) return undefined;
    if (occasion === "periodic") return this.#advertiseNew(interfaceName);
    const newest = this.#window(interfaceName).at(-1)?.challenge;
    if (occasion === "repeated") return newest;
    const record = this.#byStation.get(stationKey(interfaceName, occasion.mac));
    return record === undefined ? newest : this.#unused(record);
  }

  #advertiseNew(interfaceName: string): Uint8Array {
    const challenge = this.#new();
    const window = [...this.#window(interfaceName), { challenge, serial: ++this.#serial }];
    this.#windows.set(interfaceName, window.slice(-this.#users.window()));
    return challenge;
  }

  #window(interfaceName: string): readonly Advertised[] {
    const size = this.#users.window();
    return size === 0 ? [] : (this.#windows.get(interfaceName)?.slice(-size) ?? []);
  }

  #unused(record: NodeRecord): Uint8Array {
    if (record.issued === undefined || sameOctets(record.issued, record.used)) {
      record.issued = this.#new();
    }
    return record.issued;
  }

  #new(): Uint8Array {
    const challenge = new Uint8Array(OCTETS);
    for (let at = 0; at < OCTETS; at += 4) writeU32(challenge, at, this.#random.u32());
    return challenge;
  }

  #forget(record: NodeRecord): void {
    this.#records.delete(record.key);
    const station = stationKey(record.request.interface, record.request.mac);
    if (this.#byStation.get(station) === record) this.#byStation.delete(station);
  }

  /** Visitors are kept for as long as they are (RFC 4721 §3.2). */
  #makeRoom(): void {
    const limit = MAX_STRANGERS + this.#users.visitors();
    for (const [key, record] of this.#records) {
      if (this.#records.size <= limit) return;
      if (this.#users.isVisitor(record.request)) {
        this.#records.delete(key);
        this.#records.set(key, record);
      } else {
        this.#forget(record);
      }
    }
  }
}
