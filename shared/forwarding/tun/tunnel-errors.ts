/**
 * ICMP errors from inside the tunnels: they narrow a tunnel, they are relayed to the original
 * sender, and where they quote too little for that, the senders of the next packets are told
 * (RFC 2003 §4, §5).
 */

import { type Ipv4, UNSPECIFIED } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { PacketBatch } from "../../linux/packet-io.ts";
import {
  DESTINATION_UNREACHABLE,
  HOST_UNREACHABLE,
  type IcmpError,
  icmpErrorPacket,
  mayCauseError,
} from "../icmp-error.ts";
import { destinationOf, isDontFragment, sourceOf, totalLength } from "../packet.ts";
import {
  errorForRouter,
  isAbout,
  isTooBig,
  readTunnelError,
  relayOf,
  type TunnelError,
} from "../tunnel-error.ts";
import { REACHABLE, type Tunnel, type TunnelTable } from "../tunnel-table.ts";

export interface TunnelErrorsOptions {
  readonly table: TunnelTable;
  readonly counters: Counters;
  /** A packet to this destination did not fit through the path of its tunnel. */
  readonly onTooBig: (destination: Ipv4, tunnelMtu: number, plane: number) => void;
  /** `undefined` when sent, otherwise the error name. */
  readonly send: (packet: Uint8Array) => string | undefined;
  /** Its MTU is another one, or what its senders are told. */
  readonly onTunnelChanged: (tunnel: Tunnel) => void;
}

/** RFC 1191 §6.3: how long a path is taken to be as narrow as an error said. */
const PATH_MTU_LIFETIME_MS = 600_000;
/** How long senders are told of an error that no further one confirms. */
const UNREACHABLE_LIFETIME_MS = 5000;
/** RFC 1812 §4.3.2.8: errors that we send, in a second. */
const ERRORS_A_SECOND = 100;
const SECOND_MS = 1000;

export class TunnelErrors {
  readonly #table: TunnelTable;
  readonly #counters: Counters;
  readonly #onTooBig: TunnelErrorsOptions["onTooBig"];
  readonly #send: TunnelErrorsOptions["send"];
  readonly #onTunnelChanged: TunnelErrorsOptions["onTunnelChanged"];
  #second = { began: Number.NEGATIVE_INFINITY, sent: 0 };

  constructor({ table, counters, onTooBig, send, onTunnelChanged }: TunnelErrorsOptions) {
    this.#table = table;
    this.#counters = counters;
    this.#onTooBig = onTooBig;
    this.#send = send;
    this.#onTunnelChanged = onTunnelChanged;
  }

  /** ICMP packets that came to a tunnel end; most have nothing to do with tunnels. */
  read(batch: PacketBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const error = readTunnelError(batch.slab, batch.offsets[i] ?? 0, batch.lengths[i] ?? 0);
      if (error === undefined) continue;
      const tunnels = this.#table.to(error.remote).filter((one) => isAbout(error, one));
      for (const tunnel of isTooBig(error) ? tunnels : []) {
        this.#narrow(tunnel, error.pathMtu - tunnel.overhead);
      }
      this.#takeForOne(error, tunnels);
    }
  }

  /** The tunnel to a mobile router inside another one has the same ends as that. */
  #takeForOne(error: TunnelError, tunnels: readonly Tunnel[]): void {
    for (const tunnel of tunnels) {
      const own = errorForRouter(error, tunnel);
      if (own !== undefined) {
        this.#take(own, tunnel);
        return;
      }
    }
    const plain = tunnels.find(({ router }) => router === UNSPECIFIED);
    if (plain !== undefined) this.#take(error, plain);
  }

  /**
   * A packet goes into a tunnel whose last error could not be relayed: its sender hears of it, and
   * the packet goes all the same (RFC 2003 §5).
   */
  tellSender(slab: Uint8Array, packet: number, tunnel: Tunnel): void {
    const isOurNetwork = this.#table.hasOut(destinationOf(slab, packet));
    const code = isOurNetwork ? HOST_UNREACHABLE : tunnel.unreachable;
    const error = { type: DESTINATION_UNREACHABLE, code };
    const end = packet + totalLength(slab, packet);
    this.refuse(tunnel.local, error, slab, packet, end, "tunnel-error-by-state");
  }

  /** Sends an error about a packet, if there may be one; counts it as what it is. */
  refuse(
    from: Ipv4,
    error: IcmpError,
    slab: Uint8Array,
    packet: number,
    end: number,
    counter = "tunnel-error-sent",
  ): void {
    if (!mayCauseError(slab, packet, end)) return;
    if (this.#isTooMany()) {
      this.#counters.add("tunnel-error-limited");
      return;
    }
    const failure = this.#send(icmpErrorPacket(from, error, slab, packet, end));
    this.#counters.add(failure === undefined ? counter : `tunnel-send-${failure}`);
  }

  #take(error: TunnelError, tunnel: Tunnel): void {
    const tooBig = isTooBig(error);
    const { inner } = error;
    const isOurs = inner === undefined || this.#isSentInto(tunnel, inner);
    const extendsNetwork = inner !== undefined && this.#table.hasOut(destinationOf(inner, 0));
    const relayed = isOurs ? relayOf(error, tunnel, extendsNetwork) : undefined;
    if (relayed === undefined) {
      this.#counters.add("tunnel-error-not-relayed");
      return;
    }
    if (inner === undefined) {
      // What is too big is told by the narrower tunnel; the rest by soft state.
      const isUnreachable = relayed.type === DESTINATION_UNREACHABLE && !tooBig;
      if (isUnreachable) this.#hold(tunnel, relayed.code);
      return;
    }
    if (tooBig) {
      // A device of the kernel's has that MTU itself.
      if (!tunnel.isCarried) this.#onTooBig(destinationOf(inner, 0), tunnel.mtu, 0);
      // With the outer DF bit set by configuration the sender has not asked to hear of it.
      if (!isDontFragment(inner, 0)) return;
    }
    this.refuse(tunnel.local, relayed, inner, 0, inner.length, "tunnel-error-relayed");
  }

  #isSentInto(tunnel: Tunnel, inner: Uint8Array): boolean {
    return this.#table.outFor(sourceOf(inner, 0), destinationOf(inner, 0)).includes(tunnel);
  }

  /** RFC 2003 §5.1: an error from inside the tunnel narrows it. */
  #narrow(tunnel: Tunnel, mtu: number): void {
    if (mtu >= tunnel.mtu) return;
    tunnel.mtu = mtu;
    this.#onTunnelChanged(tunnel);
    this.#counters.add("tunnel-path-narrowed");
    const widen = (): void => {
      if (tunnel.mtu !== mtu) return;
      tunnel.mtu = Number.POSITIVE_INFINITY;
      this.#onTunnelChanged(tunnel);
    };
    setTimeout(widen, PATH_MTU_LIFETIME_MS).unref();
  }

  #hold(tunnel: Tunnel, code: number): void {
    if (tunnel.unreachable !== REACHABLE) return;
    tunnel.unreachable = code;
    this.#onTunnelChanged(tunnel);
    const forget = (): void => {
      tunnel.unreachable = REACHABLE;
      this.#onTunnelChanged(tunnel);
    };
    setTimeout(forget, UNREACHABLE_LIFETIME_MS).unref();
  }

  #isTooMany(): boolean {
    const now = performance.now();
    if (now - this.#second.began >= SECOND_MS) this.#second = { began: now, sent: 0 };
    return ++this.#second.sent > ERRORS_A_SECOND;
  }
}
