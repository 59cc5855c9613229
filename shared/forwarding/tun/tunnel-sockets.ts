/**
 * The sockets of our own tunnel ends: one for each kind of tunnel packet, and one for the ICMP
 * errors that come back. Tunnel packets are taken even before there is a tunnel, so that those of
 * strangers meet silence (RFC 5944 §4.2.2) and not the kernel's `protocol unreachable`.
 */

import type { Ipv4 } from "../../base/address.ts";
import type { PacketBatch, PacketIo, RawIpSocket } from "../../linux/packet-io.ts";
import {
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_IPIP,
  PROTOCOL_MINIMAL,
  PROTOCOL_UDP,
} from "../packet.ts";
import { TUNNEL_DATA, TUNNEL_PORT } from "../udp-tunnel.ts";

const TUNNEL_PROTOCOLS = [PROTOCOL_IPIP, PROTOCOL_GRE, PROTOCOL_MINIMAL] as const;

interface End {
  readonly tunnels: readonly RawIpSocket[];
  readonly icmp: RawIpSocket;
  /** Where there are UDP tunnels. */
  udp: RawIpSocket | undefined;
}

export interface SocketHandlers {
  readonly onTunnel: (batch: PacketBatch) => void;
  readonly onIcmp: (batch: PacketBatch) => void;
}

export class TunnelSockets {
  readonly #io: PacketIo;
  readonly #handlers: SocketHandlers;
  readonly #ends = new Map<Ipv4, End>();

  constructor(io: PacketIo, handlers: SocketHandlers) {
    this.#io = io;
    this.#handlers = handlers;
  }

  /**
   * Sends what is from this end. The header says all, but the kernel looks for the way by the
   * address that the socket is bound to.
   */
  sender(local: Ipv4): RawIpSocket | undefined {
    return this.#ends.get(local)?.tunnels[0];
  }

  /**
   * Listens on these ends and no others, for tunnel data (RFC 3519) where `udp` has them too;
   * throws an `IoError` when one cannot be opened.
   */
  listen(locals: ReadonlySet<Ipv4>, udp: ReadonlySet<Ipv4>): void {
    for (const [address, end] of this.#ends) {
      if (locals.has(address)) continue;
      closeEnd(end);
      this.#ends.delete(address);
    }
    for (const address of locals) {
      const end = this.#ends.get(address) ?? this.#open(address);
      this.#ends.set(address, end);
      if (udp.has(address)) {
        end.udp ??= this.#openUdp(address);
      } else {
        end.udp?.close();
        end.udp = undefined;
      }
    }
  }

  close(): void {
    for (const end of this.#ends.values()) closeEnd(end);
    this.#ends.clear();
  }

  #open(address: Ipv4): End {
    const tunnels: RawIpSocket[] = [];
    try {
      for (const protocol of TUNNEL_PROTOCOLS) {
        const socket = this.#io.openRawIp({ protocol, address });
        tunnels.push(socket);
        socket.onPackets(this.#handlers.onTunnel);
      }
      const icmp = this.#io.openRawIp({ protocol: PROTOCOL_ICMP, address });
      icmp.onPackets(this.#handlers.onIcmp);
      return { tunnels, icmp, udp: undefined };
    } catch (error) {
      for (const socket of tunnels) socket.close();
      throw error;
    }
  }

  #openUdp(address: Ipv4): RawIpSocket {
    const udp = { port: TUNNEL_PORT, firstOctet: TUNNEL_DATA };
    const socket = this.#io.openRawIp({ protocol: PROTOCOL_UDP, address, udp });
    socket.onPackets(this.#handlers.onTunnel);
    return socket;
  }
}

function closeEnd({ tunnels, icmp, udp }: End): void {
  for (const socket of tunnels) socket.close();
  icmp.close();
  udp?.close();
}
