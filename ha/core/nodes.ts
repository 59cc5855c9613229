/** Who is who for the home agent: its mobile nodes, their home networks, known foreign agents. */

import {
  formatIpv4,
  type Ipv4,
  type Prefix,
  prefixContains,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import { err, type JsonObject, ok, type Result } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import { canonicalNai } from "../../shared/protocol/identity.ts";
import type {
  PeerAssociation,
  ReplayMethod,
  SecurityContext,
} from "../../shared/security/association.ts";
import { NO_REPLAY_STATE, type ReplayState } from "../../shared/security/replay.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import { AddressPool } from "./address-pool.ts";
import type { Binding } from "./bindings.ts";
import type { HaCoreConfig, HomeNetwork, MobileNodeConfig, ServiceLimits } from "./config.ts";
import type { LastAddresses } from "./last-addresses.ts";
import type { NodeService } from "./node-service.ts";

/** One authorised mobile node (RFC 5944 §3.8.1), with what must be remembered of it. */
export interface MobileNode {
  /** What the journal calls it: its home address, or the NAI of one whose address changes. */
  readonly name: string;
  readonly nai: string | undefined;
  readonly isDynamic: boolean;
  readonly contexts: readonly SecurityContext[];
  readonly limits: ServiceLimits;
  /** Where its care-of address may be; none: everywhere. */
  readonly careOfNetworks: readonly Prefix[];
  /** Mobile networks that it may register (RFC 5177 §6.2.2). */
  readonly networks: readonly Prefix[];
  /** How many it may be given from the pools (RFC 6626 §4). */
  readonly dynamicNetworks: number;
  /** Configured; of a dynamic node the one assigned last, which others may have got since. */
  homeAddress: Ipv4 | undefined;
  /** `undefined`: the home address lies in none of the home networks (code 129). */
  network: HomeNetwork | undefined;
  /**
   * Apart for each method: a nonce says nothing about timestamps, and must not lock them out when
   * the configuration changes the method.
   */
  readonly replay: Record<ReplayMethod, ReplayState>;
  /** `undefined`: it has never been heard of. */
  service: NodeService | undefined;
  /** When a code 131 reply went out last; they are limited because anyone can provoke them. */
  lastUnauthenticatedDenial: Instant | undefined;
}

export class Directory {
  readonly #homeNetworks: readonly HomeNetwork[];
  readonly #nodes = new Map<string, MobileNode>();
  /** Static ones, and dynamic ones while they hold an address. */
  readonly #byAddress = new Map<Ipv4, MobileNode>();
  readonly #byNai = new Map<string, MobileNode>();
  readonly #pool: AddressPool;
  readonly #last: LastAddresses;
  readonly #foreignAgents = new Map<Ipv4, PeerAssociation[]>();

  /** What `previous` knew of nodes that stay is kept. */
  constructor(
    config: HaCoreConfig,
    isOwnAddress: (address: Ipv4) => boolean,
    last: LastAddresses,
    previous?: Directory,
  ) {
    this.#last = last;
    this.#homeNetworks = config.homeNetworks;
    this.#pool = new AddressPool(
      config.addressPools,
      (address) => !this.#byAddress.has(address) && !isOwnAddress(address),
    );
    for (const each of config.mobileNodes) this.#add(each, config, previous);
    for (const node of previous?.nodes() ?? []) this.#keepAddress(node, previous);
    for (const association of config.foreignAgents) {
      const others = this.#foreignAgents.get(association.peer) ?? [];
      this.#foreignAgents.set(association.peer, [...others, association]);
    }
  }

  #add(row: MobileNodeConfig, config: HaCoreConfig, previous?: Directory): void {
    const { homeAddress, nai, associations, networks = [], dynamicNetworks = 0 } = row;
    const name = homeAddress === undefined ? canonicalNai(nai ?? "") : formatIpv4(homeAddress);
    const known = previous?.named(name) ?? (nai === undefined ? undefined : previous?.withNai(nai));
    const node: MobileNode = {
      name,
      nai,
      isDynamic: homeAddress === undefined,
      contexts: associations,
      limits: limitsOf(config, row.limits ?? {}),
      careOfNetworks: row.careOfNetworks ?? [],
      networks,
      dynamicNetworks,
      homeAddress,
      network: homeAddress === undefined ? undefined : this.#networkOf(homeAddress),
      replay: known?.replay ?? { timestamp: NO_REPLAY_STATE, nonce: NO_REPLAY_STATE },
      service: known?.service,
      lastUnauthenticatedDenial: known?.lastUnauthenticatedDenial,
    };
    this.#nodes.set(name, node);
    if (homeAddress !== undefined) this.#byAddress.set(homeAddress, node);
    if (nai !== undefined) this.#byNai.set(canonicalNai(nai), node);
  }

  /** After all static nodes are known: their addresses are not given out. */
  #keepAddress({ name, homeAddress, isDynamic }: MobileNode, previous?: Directory): void {
    const node = this.#nodes.get(name);
    if (!isDynamic || node?.isDynamic !== true || homeAddress === undefined) return;
    if (previous?.node(homeAddress)?.name === name) this.#claim(node, homeAddress);
  }

  /** The node that has this home address. */
  node(homeAddress: Ipv4): MobileNode | undefined {
    return this.#byAddress.get(homeAddress);
  }

  withNai(nai: string): MobileNode | undefined {
    return this.#byNai.get(canonicalNai(nai));
  }

  /** By its name in the journal. */
  named(name: string): MobileNode | undefined {
    return this.#nodes.get(name);
  }

  /** Who sent a request with this home address and NAI; a NAI of its own must fit (RFC 2794). */
  sender(homeAddress: Ipv4, nai: string | undefined): MobileNode | undefined {
    const named = nai === undefined ? undefined : this.withNai(nai);
    if (named !== undefined) return named;
    const holder = this.node(homeAddress);
    return nai === undefined || holder?.nai === undefined ? holder : undefined;
  }

  nodes(): IterableIterator<MobileNode> {
    return this.#nodes.values();
  }

  /**
   * The home address of a node that asks for this one, or for any with 0.0.0.0 (RFC 5944 §3.8.3.2):
   * code 129 for one that it cannot have, 130 when there is none left. One that is not used then is
   * to be released.
   */
  assign(node: MobileNode, wanted: Ipv4): Result<Ipv4, number> {
    const { homeAddress: held } = node;
    if (held !== undefined && this.node(held) === node) {
      return wanted === UNSPECIFIED || wanted === held ? ok(held) : err(ReplyCode.haProhibited);
    }
    if (wanted !== UNSPECIFIED) {
      return this.#claim(node, wanted) ? ok(wanted) : err(ReplyCode.haProhibited);
    }
    // Who comes back gets what it had.
    const last = this.#last.of(node.name);
    if (last !== undefined && this.#claim(node, last)) return ok(last);
    const address = this.#pool.take();
    if (address === undefined) return err(ReplyCode.haInsufficientResources);
    this.#hold(node, address);
    return ok(address);
  }

  /** A dynamic node's binding is restored or gone on with: is its address still to be had? */
  #claim(node: MobileNode, address: Ipv4): boolean {
    if (!node.isDynamic || !this.#pool.claim(address)) return false;
    this.#hold(node, address);
    return true;
  }

  #hold(node: MobileNode, address: Ipv4): void {
    node.homeAddress = address;
    node.network = this.#networkOf(address);
    this.#byAddress.set(address, node);
  }

  /** Is this an address that the node with this name may be given? Then others get other ones first. */
  readonly remember = (name: string, address: Ipv4): boolean => {
    if (this.named(name)?.isDynamic !== true || !this.#pool.holds(address)) return false;
    this.#pool.recall(address);
    return true;
  };

  /** A dynamic node has no binding any more: others may have its address. */
  release(homeAddress: Ipv4): void {
    if (this.node(homeAddress)?.isDynamic !== true) return;
    this.#byAddress.delete(homeAddress);
    this.#pool.release(homeAddress, this.#last.isRemembered(homeAddress));
  }

  /** How many can be given out, and how many are. */
  addresses(): JsonObject {
    return { addresses: this.#pool.size, addresses_taken: this.#pool.taken };
  }

  /** Whose binding this is, after a restart or in a new configuration; `undefined`: nobody's. */
  ownerOf({ homeAddress, nai }: Pick<Binding, "homeAddress" | "nai">): MobileNode | undefined {
    const node = this.sender(homeAddress, nai);
    return node !== undefined && this.assign(node, homeAddress).ok ? node : undefined;
  }

  /** The contexts shared with the foreign agent at this address (RFC 5944 §3.5.4). */
  associationsWith(peer: Ipv4): readonly PeerAssociation[] {
    return this.#foreignAgents.get(peer) ?? [];
  }

  #networkOf(address: Ipv4): HomeNetwork | undefined {
    return homeNetworkOf(this.#homeNetworks, address);
  }
}

function limitsOf(all: ServiceLimits, own: Partial<ServiceLimits>): ServiceLimits {
  if (Object.keys(own).length === 0) return all;
  const { maxLifetime, encapsulations, reverseTunnel } = all;
  return { maxLifetime, encapsulations, reverseTunnel, ...own };
}

/** The most specific home network that holds an address. */
function homeNetworkOf(networks: readonly HomeNetwork[], address: Ipv4): HomeNetwork | undefined {
  let best: HomeNetwork | undefined;
  for (const network of networks) {
    const better = best === undefined || network.prefix.length > best.prefix.length;
    if (better && prefixContains(network.prefix, address)) best = network;
  }
  return best;
}
