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
  isIpv4,
  mergeCongestion,
  OUTER_HEADER,
  PROTOCOL_IPIP,
  refusalFor,
  sourceOf,
  totalLength,
  writeOuterHeader,
} from "../ipip.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";

export interface DataPathOptions {
  readonly io: PacketIo;
  readonly tun: TunDevice;
  readonly table: TunnelTable;
  readonly df: DfPolicy;
  readonly counters: Counters;
  /** A packet came to a tunnel end from nobody who may use it (RFC 3024 §4.3.2). */
  readonly onStranger: (remote: Ipv4, innerSource: Ipv4) => void;
}

export class DataPath {
  readonly #io: PacketIo;
  readonly #tun: TunDevice;
  readonly #table: TunnelTable;
  readonly #df: DfPolicy;
  readonly #counters: Counters;
  readonly #onStranger: DataPathOptions["onStranger"];
  readonly #sockets = new Map<Ipv4, RawIpSocket>();
  #identification = 0;

  constructor(options: DataPathOptions) {
    this.#io = options.io;
    this.#tun = options.tun;
    this.#table = options.table;
    this.#df = options.df;
    this.#counters = options.counters;
    this.#onStranger = options.onStranger;
    this.#tun.onPackets((batch) => this.#encapsulateAll(batch));
  }

  /** Listens on these tunnel ends and no others; throws an `IoError` when one cannot be opened. */
  listen(locals: ReadonlySet<Ipv4>): void {
    for (const [address, socket] of this.#sockets) {
      if (locals.has(address)) continue;
      socket.close();
      this.#sockets.delete(address);
    }
    for (const address of locals) {
      if (this.#sockets.has(address)) continue;
      const socket = this.#io.openRawIp({ protocol: PROTOCOL_IPIP, address });
      this.#sockets.set(address, socket);
      socket.onPackets((batch) => this.#decapsulateAll(batch));
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
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
      if (isWritten) this.#sendCopy(slab, packet);
      this.#identification = (this.#identification + 1) & 0xffff;
      writeOuterHeader(slab, packet, tunnel, this.#df, this.#identification);
      countOut(tunnel, totalLength(slab, packet));
      isWritten = true;
    }
    return isWritten;
  }

  /** Simultaneous bindings: the copy for one of them leaves at once. */
  #sendCopy(slab: Uint8Array, packet: number): void {
    const start = packet - OUTER_HEADER;
    const [socket] = this.#sockets.values();
    const error = socket?.sendOne(slab.subarray(start, packet + totalLength(slab, packet)));
    if (error !== undefined || socket === undefined) {
      this.#counters.add(`tunnel-send-${error ?? "no-socket"}`);
    }
  }

  #sendAll(batch: PacketBatch): void {
    const [socket] = this.#sockets.values();
    if (socket === undefined) {
      this.#counters.add("tunnel-send-no-socket", batch.count);
      return;
    }
    while (batch.count > 0) {
      const sent = socket.send(batch);
      if (sent >= batch.count) return;
      // The one that was refused is sent alone to learn why; then the rest.
      const start = batch.offsets[sent] ?? 0;
      const end = start + (batch.lengths[sent] ?? 0);
      const error = socket.sendOne(batch.slab.subarray(start, end));
      if (error !== undefined) this.#counters.add(`tunnel-send-${error}`);
      const rest = sent + 1;
      batch.offsets.copyWithin(0, rest, batch.count);
      batch.lengths.copyWithin(0, rest, batch.count);
      batch.count -= rest;
    }
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

function countOut(tunnel: Tunnel, octets: number): void {
  tunnel.packetsOut++;
  tunnel.bytesOut += octets;
}
