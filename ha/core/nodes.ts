/** Who is who for the home agent: its mobile nodes, their home networks, known foreign agents. */

import { formatIpv4, type Ipv4, parseIpv4, prefixContains } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { Instant } from "../../shared/base/time.ts";
import type {
  PeerAssociation,
  ReplayMethod,
  SecurityContext,
} from "../../shared/security/association.ts";
import { NO_REPLAY_STATE, type ReplayState } from "../../shared/security/replay.ts";
import type { HaCoreConfig, HomeNetwork } from "./config.ts";

/** One authorised mobile node (RFC 5944 §3.8.1), with what replay protection must remember. */
export interface MobileNode {
  readonly homeAddress: Ipv4;
  readonly contexts: readonly SecurityContext[];
  /** `undefined`: the home address lies in none of the home networks (code 129). */
  readonly network: HomeNetwork | undefined;
  /**
   * Apart for each method: a nonce says nothing about timestamps, and must not lock them out when
   * the configuration changes the method.
   */
  readonly replay: Record<ReplayMethod, ReplayState>;
  /** When a code 131 reply went out last; they are limited because anyone can provoke them. */
  lastUnauthenticatedDenial: Instant | undefined;
}

export class Directory {
  readonly #nodes = new Map<Ipv4, MobileNode>();
  readonly #foreignAgents = new Map<Ipv4, PeerAssociation[]>();

  /** What `previous` knew of nodes that stay is kept. */
  constructor(config: HaCoreConfig, previous?: Directory) {
    for (const { homeAddress, associations } of config.mobileNodes) {
      const known = previous?.node(homeAddress);
      this.#nodes.set(homeAddress, {
        homeAddress,
        contexts: associations,
        network: homeNetworkOf(config.homeNetworks, homeAddress),
        replay: known?.replay ?? { timestamp: NO_REPLAY_STATE, nonce: NO_REPLAY_STATE },
        lastUnauthenticatedDenial: known?.lastUnauthenticatedDenial,
      });
    }
    for (const association of config.foreignAgents) {
      const others = this.#foreignAgents.get(association.peer) ?? [];
      this.#foreignAgents.set(association.peer, [...others, association]);
    }
  }

  node(homeAddress: Ipv4): MobileNode | undefined {
    return this.#nodes.get(homeAddress);
  }

  nodes(): IterableIterator<MobileNode> {
    return this.#nodes.values();
  }

  /** The contexts shared with the foreign agent at this address (RFC 5944 §3.5.4). */
  associationsWith(peer: Ipv4): readonly PeerAssociation[] {
    return this.#foreignAgents.get(peer) ?? [];
  }
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

const REPLAY_PREFIX = "replay/";

/** Journal key of a node's replay state. */
export function replayKey(homeAddress: Ipv4): string {
  return REPLAY_PREFIX + formatIpv4(homeAddress);
}

/** Journal form: without it a restart would let the last window's requests be replayed. */
export function replayRecord({ replay }: MobileNode): Json {
  const timestamp = replay.timestamp.lastAccepted;
  return {
    last_timestamp: timestamp === undefined ? null : timestamp.toString(16).padStart(16, "0"),
    nonce: replay.nonce.nonce ?? null,
  };
}

/** The home address of a journal key, if it is the key of a replay state. */
export function replayKeyAddress(key: string): Ipv4 | undefined {
  return key.startsWith(REPLAY_PREFIX) ? parseIpv4(key.slice(REPLAY_PREFIX.length)) : undefined;
}

/** Takes a journal record over; what is not one of ours is ignored. */
export function restoreReplay(node: MobileNode, value: Json): void {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return;
  const { last_timestamp: timestamp, nonce } = value as JsonObject;
  if (typeof timestamp === "string" && /^[0-9a-f]{16}$/.test(timestamp)) {
    node.replay.timestamp = { lastAccepted: BigInt(`0x${timestamp}`), nonce: undefined };
  }
  if (typeof nonce === "number" && Number.isInteger(nonce) && nonce >= 0 && nonce <= 0xffffffff) {
    node.replay.nonce = { lastAccepted: undefined, nonce };
  }
}
