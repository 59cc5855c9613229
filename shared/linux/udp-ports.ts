/**
 * Tunnel data and registrations share a UDP port (RFC 3519 §3.3), and the kernel gives a datagram to
 * one socket. Where superpackets are wanted that must be the UDP socket of the registrations, since
 * only such a socket has UDP_GRO and UDP_SEGMENT; so the sockets of a port hand over what is not theirs.
 */

import { formatIpv4, type Ipv4 } from "../base/address.ts";
import { type HandlerOptions, IoError, type PacketBatch, type UdpPortShare } from "./packet-io.ts";

/** A socket of the port, as the one who shares it sees it. */
export interface PortSocket {
  /** Begins to give away what is not its own, and ends it (`undefined`). */
  shareWith(taker: PortTaker | undefined): void;
  sendPackets(batch: PacketBatch): number;
}

export interface PortTaker {
  readonly firstOctet: number;
  /** Packets that bear the octet; the batch is only valid during the call. */
  readonly take: (batch: PacketBatch) => void;
  readonly takesRuns: boolean;
}

interface PortAddress {
  readonly address: Ipv4;
  readonly port: number;
}

class Port {
  readonly sockets = new Set<PortSocket>();
  isShared = false;
  taker: PortTaker | undefined;
}

/** One packet, of which the socket wants to know where it begins. */
function batchOfOne(packet: Uint8Array): PacketBatch {
  return {
    slab: packet,
    slot: packet.length,
    capacity: 1,
    count: 1,
    offsets: Int32Array.of(0),
    lengths: Int32Array.of(packet.length),
  };
}

class Share implements UdpPortShare {
  readonly #port: Port;
  readonly #firstOctet: number;
  readonly #onClose: () => void;

  constructor(port: Port, firstOctet: number, onClose: () => void) {
    this.#port = port;
    this.#firstOctet = firstOctet;
    this.#onClose = onClose;
  }

  get isOpen(): boolean {
    return this.#port.sockets.size > 0;
  }

  onPackets(
    handler: (batch: PacketBatch) => void,
    { takesRuns = false }: HandlerOptions = {},
  ): void {
    this.#port.taker = { firstOctet: this.#firstOctet, take: handler, takesRuns };
    for (const socket of this.#port.sockets) socket.shareWith(this.#port.taker);
  }

  send(batch: PacketBatch): number {
    const [socket] = this.#port.sockets;
    return socket?.sendPackets(batch) ?? 0;
  }

  sendOne(packet: Uint8Array): string | undefined {
    if (!this.isOpen) return "EADDRNOTAVAIL";
    return this.send(batchOfOne(packet)) === 1 ? undefined : "EIO";
  }

  close(): void {
    this.#port.taker = undefined;
    for (const socket of this.#port.sockets) socket.shareWith(undefined);
    this.#onClose();
  }
}

export class UdpPorts {
  readonly #ports = new Map<string, Port>();

  /** One at a time for a port. */
  share({ firstOctet, ...at }: PortAddress & { readonly firstOctet: number }): UdpPortShare {
    const port = this.#port(at);
    if (port.isShared) throw new IoError("EADDRINUSE", `UDP ${formatIpv4(at.address)}:${at.port}`);
    port.isShared = true;
    return new Share(port, firstOctet, () => {
      port.isShared = false;
      this.#forget(at, port);
    });
  }

  /** A socket of this port has been opened. */
  joined(at: PortAddress, socket: PortSocket): void {
    const port = this.#port(at);
    port.sockets.add(socket);
    if (port.taker !== undefined) socket.shareWith(port.taker);
  }

  left(at: PortAddress, socket: PortSocket): void {
    const port = this.#port(at);
    port.sockets.delete(socket);
    this.#forget(at, port);
  }

  #forget({ address, port: number }: PortAddress, port: Port): void {
    if (!port.isShared && port.sockets.size === 0) this.#ports.delete(`${address} ${number}`);
  }

  #port({ address, port }: PortAddress): Port {
    const key = `${address} ${port}`;
    const known = this.#ports.get(key) ?? new Port();
    this.#ports.set(key, known);
    return known;
  }
}
