/**
 * Fast Binding Updates of nodes that have come here: they go to the router that each names, and its
 * acknowledgment goes back to the node (RFC 4988 §4.2).
 */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import { after, type Instant, type Now } from "../../../shared/base/time.ts";
import type { SendUdp, UdpReceived } from "../../../shared/protocol/core.ts";
import { MAX_HANDOVER_LIFETIME } from "../../../shared/protocol/fast-handover.ts";
import { lowBits } from "../../../shared/security/replay.ts";
import type {
  FastBindingAcknowledgment,
  FastBindingUpdate,
} from "../../../shared/wire/control/fast-handover.ts";
import { MOBILE_IP_PORT } from "../../../shared/wire/control.ts";

/** Nodes remembered at most; beyond, the one whose update came first is forgotten. */
const MAX_RELAYED = 1024;

/** A node that has sent an update here. */
export interface RelayedUpdate {
  readonly interface: string;
  readonly mac: Mac;
  readonly sourcePort: number;
  readonly identification: bigint;
  /** Where it was sent on to. */
  readonly previous: Ipv4;
  readonly relayedAt: Instant;
  readonly expiresAt: Instant;
}

export class RelayedUpdates {
  /** By the address that is bound. */
  readonly #nodes = new Map<Ipv4, RelayedUpdate>();
  /** Acknowledgments for nodes that have not come yet; each by the bound address. */
  readonly #waiting = new Map<Ipv4, { readonly payload: Uint8Array; readonly until: Instant }>();

  /** The update as it came, from this router on (RFC 4988 §4.2). */
  relay(
    event: UdpReceived,
    { homeAddress, homeAgent, identification }: FastBindingUpdate,
    from: { readonly interface: string; readonly mac: Mac; readonly local: Ipv4 },
    now: Now,
  ): SendUdp {
    this.#nodes.delete(homeAddress);
    makeRoom(this.#nodes);
    this.#nodes.set(homeAddress, {
      interface: from.interface,
      mac: from.mac,
      sourcePort: event.sourcePort,
      identification,
      previous: homeAgent,
      relayedAt: now.monotonic,
      expiresAt: after(now.monotonic, MAX_HANDOVER_LIFETIME * 1000),
    });
    return {
      type: "send-udp",
      source: from.local,
      sourcePort: MOBILE_IP_PORT,
      destination: homeAgent,
      destinationPort: MOBILE_IP_PORT,
      ttl: 64,
      payload: event.payload,
    };
  }

  /** The node whose update was sent on, as long as it may matter. */
  of(address: Ipv4, now: Instant): RelayedUpdate | undefined {
    const node = this.#nodes.get(address);
    return node === undefined || node.expiresAt <= now ? undefined : node;
  }

  /** Whose update an acknowledgment from this router answers. */
  answered(
    source: Ipv4,
    { homeAddress, identification }: FastBindingAcknowledgment,
    now: Instant,
  ): RelayedUpdate | undefined {
    const node = this.of(homeAddress, now);
    if (node === undefined || node.previous !== source) return undefined;
    return lowBits(node.identification) === lowBits(identification) ? node : undefined;
  }

  /** Keeps an acknowledgment for a node that is to come. */
  keep(address: Ipv4, payload: Uint8Array, until: Instant): void {
    this.#waiting.delete(address);
    makeRoom(this.#waiting);
    this.#waiting.set(address, { payload, until });
  }

  /** What was kept for a node that has come. */
  take(address: Ipv4, now: Instant): Uint8Array | undefined {
    const waiting = this.#waiting.get(address);
    this.#waiting.delete(address);
    return waiting === undefined || waiting.until <= now ? undefined : waiting.payload;
  }
}

function makeRoom(map: Map<Ipv4, unknown>): void {
  const [oldest] = map.keys();
  if (map.size >= MAX_RELAYED && oldest !== undefined) map.delete(oldest);
}
