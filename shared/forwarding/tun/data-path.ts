/**
 * Packets between the TUN anchor and the raw tunnel sockets. What leaves by the anchor has been
 * forwarded by the kernel already (TTL, MTU, policy); it is encapsulated in place and sent. What
 * comes out of a tunnel is checked, decapsulated and given back to the kernel by the anchor.
 *
 * Fragmentation: the anchor's MTU is that of the uplink less the outer header, so the kernel
 * fragments (or answers `fragmentation needed` to) what is too long before it is encapsulated, and
 * the outer datagram is never fragmented. RFC 2003 §3.1 allows that whatever the inner DF bit says.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { PacketBatch, PacketIo, RawIpSocket, TunDevice } from "../../linux/packet-io.ts";
import {
  type DfPolicy,
  destinationOf,
  fitsTunnel,
  innerStart,
  isDontFragment,
  isIpv4,
  mergeCongestion,
  OUTER_HEADER,
  PROTOCOL_IPIP,
  refusalFor,
  sourceOf,
  totalLength,
  writeOuterHeader,
} from "../ipip.ts";
import { readTooBig } from "../path-mtu.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";

export interface DataPathOptions {
  readonly io: PacketIo;
  readonly tun: TunDevice;
  readonly table: TunnelTable;
  readonly df: DfPolicy;
  readonly counters: Counters;
  /** A packet to this destination did not fit through the path of its tunnel. */
  readonly onTooBig: (destination: Ipv4, tunnelMtu: number) => void;
  /** A packet came to a tunnel end from nobody who may use it (RFC 3024 §4.3.2). */
  readonly onStranger: (remote: Ipv4, innerSource: Ipv4) => void;
}

/** RFC 1191 §6.3: how long a path is taken to be as narrow as an error said. */
const PATH_MTU_LIFETIME_MS = 600_000;
const PROTOCOL_ICMP = 1;

interface Sockets {
  readonly tunnel: RawIpSocket;
  readonly icmp: RawIpSocket;
}

export class DataPath {
  readonly #io: PacketIo;
  readonly #tun: TunDevice;
  readonly #table: TunnelTable;
  readonly #df: DfPolicy;
  readonly #counters: Counters;
  readonly #onStranger: DataPathOptions["onStranger"];
  readonly #onTooBig: DataPathOptions["onTooBig"];
  readonly #sockets = new Map<Ipv4, Sockets>();
  #identification = 0;

  constructor(options: DataPathOptions) {
    this.#io = options.io;
    this.#tun = options.tun;
    this.#table = options.table;
    this.#df = options.df;
    this.#counters = options.counters;
    this.#onStranger = options.onStranger;
    this.#onTooBig = options.onTooBig;
    this.#tun.onPackets((batch) => this.#encapsulateAll(batch));
  }

  /** Listens on these tunnel ends and no others; throws an `IoError` when one cannot be opened. */
  listen(locals: ReadonlySet<Ipv4>): void {
    for (const [address, sockets] of this.#sockets) {
      if (locals.has(address)) continue;
      closeSockets(sockets);
      this.#sockets.delete(address);
    }
    for (const address of locals) {
      if (this.#sockets.has(address)) continue;
      const tunnel = this.#io.openRawIp({ protocol: PROTOCOL_IPIP, address });
      try {
        const icmp = this.#io.openRawIp({ protocol: PROTOCOL_ICMP, address });
        this.#sockets.set(address, { tunnel, icmp });
        tunnel.onPackets((batch) => this.#decapsulateAll(batch));
        icmp.onPackets((batch) => this.#readErrors(batch));
      } catch (error) {
        tunnel.close();
        throw error;
      }
    }
  }

  close(): void {
    for (const sockets of this.#sockets.values()) closeSockets(sockets);
    this.#sockets.clear();
  }

  /** RFC 2003 §5.1: an error from inside the tunnel narrows it. */
  #readErrors(batch: PacketBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const error = readTooBig(batch.slab, batch.offsets[i] ?? 0, batch.lengths[i] ?? 0);
      if (error === undefined) continue;
      const tunnel = this.#table.find(error.local, error.remote, "ipip");
      if (tunnel === undefined || error.tunnelMtu >= tunnel.mtu) continue;
      tunnel.mtu = error.tunnelMtu;
      this.#counters.add("tunnel-path-narrowed");
      const widen = (): void => {
        if (tunnel.mtu === error.tunnelMtu) tunnel.mtu = Number.POSITIVE_INFINITY;
      };
      setTimeout(widen, PATH_MTU_LIFETIME_MS).unref();
    }
  }

  #encapsulateAll(batch: PacketBatch): void {
    const { slab, offsets, lengths } = batch;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      const packet = offsets[i] ?? 0;
      if (!this.#encapsulate(slab, packet, lengths[i] ?? 0)) continue;
      offsets[kept] = packet - OUTER_HEADER;
      lengths[kept] = totalLength(slab, packet) + OUTER_HEADER;
      kept++;
    }
    batch.count = kept;
    if (kept > 0) this.#sendAll(batch);
  }

  /** Writes the header for the last tunnel; packets for the others have been sent. */
  #encapsulate(slab: Uint8Array, packet: number, length: number): boolean {
    if (!isIpv4(slab, packet, length)) return this.#drop("tunnel-not-ipv4");
    if (!fitsTunnel(slab, packet)) return this.#drop("tunnel-too-big");
    const tunnels = this.#table.outFor(sourceOf(slab, packet), destinationOf(slab, packet));
    if (tunnels.length === 0) return this.#drop("tunnel-no-route");
    let isWritten = false;
    for (const tunnel of tunnels) {
      const refusal = refusalFor(slab, packet, tunnel);
      if (refusal !== undefined) {
        this.#counters.add(refusal);
        continue;
      }
      if (totalLength(slab, packet) > tunnel.mtu && this.#isTooBig(slab, packet, tunnel)) continue;
      if (isWritten) this.#sendCopy(slab, packet);
      this.#identification = (this.#identification + 1) & 0xffff;
      writeOuterHeader(slab, packet, tunnel, this.#df, this.#identification);
      countOut(tunnel, totalLength(slab, packet));
      isWritten = true;
    }
    return isWritten;
  }

  /**
   * The first packet that is too long for a narrow path sets a route for those that follow, by which
   * the kernel tells their sender or fragments them. It goes itself only if it may be fragmented.
   */
  #isTooBig(slab: Uint8Array, packet: number, tunnel: Tunnel): boolean {
    this.#onTooBig(destinationOf(slab, packet), tunnel.mtu);
    if (!isDontFragment(slab, packet)) return false;
    this.#counters.add("tunnel-path-too-narrow");
    return true;
  }

  /** Any of the sockets will do: the header says where a packet comes from. */
  #sender(): RawIpSocket | undefined {
    const [sockets] = this.#sockets.values();
    return sockets?.tunnel;
  }

  /** Simultaneous bindings: the copy for one of them leaves at once. */
  #sendCopy(slab: Uint8Array, packet: number): void {
    const start = packet - OUTER_HEADER;
    const socket = this.#sender();
    const error = socket?.sendOne(slab.subarray(start, packet + totalLength(slab, packet)));
    if (error !== undefined || socket === undefined) {
      this.#counters.add(`tunnel-send-${error ?? "no-socket"}`);
    }
  }

  #sendAll(batch: PacketBatch): void {
    const socket = this.#sender();
    if (socket === undefined) {
      this.#counters.add("tunnel-send-no-socket", batch.count);
      return;
    }
    // The socket passes over a packet that is refused, so what is missing must not be sent again.
    const refused = batch.count - socket.send(batch);
    if (refused > 0) this.#counters.add("tunnel-send-refused", refused);
  }

  #decapsulateAll(batch: PacketBatch): void {
    const { slab, offsets, lengths } = batch;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      const inner = this.#decapsulate(slab, offsets[i] ?? 0, lengths[i] ?? 0);
      if (inner === undefined) continue;
      offsets[kept] = inner;
      lengths[kept] = totalLength(slab, inner);
      kept++;
    }
    batch.count = kept;
    if (kept === 0) return;
    const lost = kept - this.#tun.write(batch);
    if (lost > 0) this.#counters.add("tunnel-anchor-refused", lost);
  }

  #decapsulate(slab: Uint8Array, packet: number, length: number): number | undefined {
    const inner = innerStart(slab, packet, length);
    if (typeof inner !== "number") {
      this.#counters.add(inner);
      return undefined;
    }
    const remote = sourceOf(slab, packet);
    const local = destinationOf(slab, packet);
    const source = sourceOf(slab, inner);
    const tunnel = this.#table.inFor(remote, local, "ipip", source, destinationOf(slab, inner));
    if (tunnel === undefined) {
      // RFC 5944 §4.2.2 and RFC 3024 §4.3.2: silently; above all no ICMP.
      this.#counters.add("tunnel-no-binding");
      this.#onStranger(remote, source);
      return undefined;
    }
    const marked = mergeCongestion(slab, packet, inner);
    if (marked !== undefined) {
      this.#counters.add(marked);
      return undefined;
    }
    tunnel.packetsIn++;
    tunnel.bytesIn += totalLength(slab, inner);
    return inner;
  }

  #drop(reason: string): false {
    this.#counters.add(reason);
    return false;
  }
}

function closeSockets({ tunnel, icmp }: Sockets): void {
  tunnel.close();
  icmp.close();
}

function countOut(tunnel: Tunnel, octets: number): void {
  tunnel.packetsOut++;
  tunnel.bytesOut += octets;
}
