/**
 * Mobile networks (RFC 5177) and the dynamic allocation of their prefixes (RFC 6626): what a
 * Registration Request asks for, what is granted, how it is answered. Pure judgement.
 */

import {
  formatPrefix,
  type Ipv4,
  networkOf,
  type Prefix,
  toIpv4,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import { authenticationIndexes } from "../../shared/security/authenticator.ts";
import { MobileNetworkCode } from "../../shared/wire/codes.ts";
import type { RegistrationRequest } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { BindingTable } from "./bindings.ts";
import type { BoundNetwork } from "./bound-networks.ts";
import type { HaCoreConfig, NetworkPool } from "./config.ts";
import type { MobileNode } from "./nodes.ts";

/** Networks of one node at a time; code 3 beyond (RFC 5177 §6.3, "not enough memory"). */
export const MAX_NETWORKS = 16;

export interface NetworkTerms {
  readonly networks: readonly BoundNetwork[];
  /** Mobile Network Acknowledgement extensions, for the node. */
  readonly answers: readonly ControlExtension[];
}

export interface NetworkDenial {
  readonly code: number;
  readonly answers: readonly ControlExtension[];
}

export const NO_NETWORKS: NetworkTerms = { networks: [], answers: [] };

/** A Mobile Network Request Extension (RFC 5177 §4.1). */
type NetworkRequest = Extract<
  ControlExtension,
  { readonly name: "mobile-network-request-extension" }
>;

export interface NetworkContext {
  readonly config: Pick<HaCoreConfig, "networkPools">;
  readonly bindings: Pick<BindingTable, "of" | "isAllocated">;
}

/** Those that the node itself has put in: extension 32 covers them (RFC 5177 §10). */
function requestsIn(request: RegistrationRequest): NetworkRequest[] {
  const [end = 0] = authenticationIndexes(request, "mobile-home-authentication-extension");
  return request.extensions
    .slice(0, end)
    .filter((extension) => extension.name === "mobile-network-request-extension");
}

/**
 * RFC 5177 §6.3 and §6.6: every prefix is judged for itself, and one that is granted is enough for
 * the registration. Without the extension (implicit mode) the router has what the Prefix Table says.
 */
export function agreeNetworks(
  context: NetworkContext,
  node: MobileNode,
  request: RegistrationRequest,
): Result<NetworkTerms, NetworkDenial> {
  // §6.7: a deregistration's are ignored.
  if (request.lifetime === 0) return ok(NO_NETWORKS);
  const requests = requestsIn(request);
  if (requests.length === 0) return ok(implicitly(node));
  if (node.networks.length === 0 && node.dynamicNetworks === 0) {
    return err({ code: ReplyCode.haMobileNetworkDisallowed, answers: [] });
  }
  const terms = new Judgement(context, node, request.homeAddress).judge(requests);
  if (terms.networks.length > 0) return ok(terms);
  return err({ code: ReplyCode.haMobileNetworkError, answers: terms.answers });
}

function implicitly({ networks }: MobileNode): NetworkTerms {
  if (networks.length === 0) return NO_NETWORKS;
  return {
    networks: networks.map((prefix) => ({ prefix, isAllocated: false })),
    answers: networks.map((prefix) =>
      answer("implicit-mode-acknowledgement-extension", MobileNetworkCode.success, prefix),
    ),
  };
}

type Acknowledgement =
  | "explicit-mode-acknowledgement-extension"
  | "implicit-mode-acknowledgement-extension";

function answer(name: Acknowledgement, code: number, { address, length }: Prefix) {
  return { name, code, prefixLength: length, reserved: 0, prefix: address } as const;
}

/** One request's prefixes, one after the other. */
class Judgement {
  readonly #context: NetworkContext;
  readonly #node: MobileNode;
  readonly #homeAddress: Ipv4;
  /** What the node has from the pools already, and is not named by this request so far. */
  readonly #own: Map<string, Prefix>;
  readonly #granted = new Map<string, BoundNetwork>();

  constructor(context: NetworkContext, node: MobileNode, homeAddress: Ipv4) {
    this.#context = context;
    this.#node = node;
    this.#homeAddress = homeAddress;
    const bound = context.bindings.of(homeAddress).flatMap(({ networks }) => networks);
    const own = bound.filter(({ isAllocated }) => isAllocated);
    this.#own = new Map(own.map(({ prefix }) => [formatPrefix(prefix), prefix]));
  }

  judge(requests: readonly NetworkRequest[]): NetworkTerms {
    // What is named comes first, so that it is not given to a request for any prefix.
    const named = requests.filter(({ prefix }) => prefix !== UNSPECIFIED);
    const open = requests.filter(({ prefix }) => prefix === UNSPECIFIED);
    const verdicts = new Map([
      ...named.map((one) => [one, this.#judgeNamed(one)] as const),
      ...open.map((one) => [one, this.#allocate(one)] as const),
    ]);
    return {
      networks: [...this.#granted.values()],
      answers: requests.flatMap((one) => verdicts.get(one) ?? []),
    };
  }

  #judgeNamed({ prefix: address, prefixLength: length }: NetworkRequest): ControlExtension {
    const asSent = { address, length };
    const answered = (code: number) =>
      answer("explicit-mode-acknowledgement-extension", code, asSent);
    if (length === 0 || length > 32) return answered(MobileNetworkCode.invalidPrefixLength);
    const prefix = networkOf(asSent);
    const key = formatPrefix(prefix);
    const isAllocated = this.#own.delete(key) || this.#granted.get(key)?.isAllocated === true;
    const isAuthorized = this.#node.networks.some((one) => formatPrefix(one) === key);
    if (!isAllocated && !isAuthorized) return answered(MobileNetworkCode.unauthorized);
    if (!this.#hasRoomFor(key)) return answered(MobileNetworkCode.forwardingSetupFailed);
    this.#granted.set(key, { prefix, isAllocated });
    return answered(MobileNetworkCode.success);
  }

  /** RFC 6626 §3.2: the prefix that the node has already, or a new one. */
  #allocate({ prefixLength: hint }: NetworkRequest): ControlExtension {
    const prefix = this.#choose(hint);
    if (typeof prefix === "number") {
      const asked = { address: UNSPECIFIED, length: hint };
      return answer("explicit-mode-acknowledgement-extension", prefix, asked);
    }
    this.#granted.set(formatPrefix(prefix), { prefix, isAllocated: true });
    return answer("explicit-mode-acknowledgement-extension", MobileNetworkCode.success, prefix);
  }

  #choose(hint: number): Prefix | number {
    const { dynamicNetworks } = this.#node;
    if (hint > 32) return MobileNetworkCode.invalidPrefixLength;
    if (dynamicNetworks === 0) return MobileNetworkCode.unauthorized;
    const given = [...this.#granted.values()].filter(({ isAllocated }) => isAllocated).length;
    if (given >= dynamicNetworks) return MobileNetworkCode.unassigned;
    const own = [...this.#own.values()];
    const known = own.find(({ length }) => length === hint) ?? own[0];
    const prefix = known ?? this.#fromPools(hint);
    if (prefix === undefined) return MobileNetworkCode.unassigned;
    const key = formatPrefix(prefix);
    if (!this.#hasRoomFor(key)) return MobileNetworkCode.forwardingSetupFailed;
    this.#own.delete(key);
    return prefix;
  }

  /** The length that was wished for is preferred, no more (RFC 6626 §3.2). */
  #fromPools(hint: number): Prefix | undefined {
    const { networkPools } = this.#context.config;
    const fitting = networkPools.filter(({ length }) => length === hint);
    const others = networkPools.filter(({ length }) => length !== hint);
    for (const pool of [...fitting, ...others]) {
      const prefix = this.#firstFree(pool);
      if (prefix !== undefined) return prefix;
    }
    return undefined;
  }

  /** The search begins at a place of the node's own, which is often the one that it had before. */
  #firstFree({ prefix: { address, length: from }, length }: NetworkPool): Prefix | undefined {
    const step = 2 ** (32 - length);
    const count = 2 ** (length - from);
    for (let i = 0; i < count; i++) {
      const place = (this.#homeAddress + i) % count;
      const prefix = { address: toIpv4(address + place * step), length };
      const isTaken =
        this.#granted.has(formatPrefix(prefix)) || this.#context.bindings.isAllocated(prefix);
      if (!isTaken) return prefix;
    }
    return undefined;
  }

  #hasRoomFor(key: string): boolean {
    return this.#granted.has(key) || this.#granted.size < MAX_NETWORKS;
  }
}

/** What a node may keep of its networks when the configuration has changed (RFC 5177 §10). */
export function stillAllowed(
  networks: readonly BoundNetwork[],
  node: MobileNode,
  pools: readonly NetworkPool[],
): readonly BoundNetwork[] {
  let left = node.dynamicNetworks;
  const allowed = networks.filter(({ prefix, isAllocated }) => {
    const key = formatPrefix(prefix);
    if (!isAllocated) return node.networks.some((one) => formatPrefix(one) === key);
    return pools.some((pool) => isFrom(pool, prefix)) && left-- > 0;
  });
  return allowed.length === networks.length ? networks : allowed;
}

function isFrom({ prefix: whole, length }: NetworkPool, prefix: Prefix): boolean {
  const within = networkOf({ address: prefix.address, length: whole.length });
  return prefix.length === length && within.address === whole.address;
}
