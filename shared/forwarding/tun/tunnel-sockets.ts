/**
 * The sockets of our own tunnel ends: one for each kind of tunnel packet, and one for the ICMP
 * errors that come back. Tunnel packets are taken even before there is a tunnel, so that those of
 * strangers meet silence (RFC 5944 §4.2.2) and not the kernel's `protocol unreachable`.
 */

import type { Ipv4 } from "../../base/address.ts";
import type {
  CarriedPackets,
  PacketBatch,
  PacketIo,
  RawIpSocket,
  UdpPortShare,
} from "../../linux/packet-io.ts";
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
  /** The same one, if it is a share of the registrations' socket. */
  share: UdpPortShare | undefined;
}

/** Ends of UDP tunnels. */
export interface UdpEnds {
  readonly all: ReadonlySet<Ipv4>;
  /** Those with a tunnel of minimal encapsulation, which needs the outer header as it came. */
  readonly minimal: ReadonlySet<Ipv4>;
}

export const NO_UDP_ENDS: UdpEnds = { all: new Set(), minimal: new Set() };

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
  sender(local: Ipv4, protocol: number): RawIpSocket | undefined {
    const end = this.#ends.get(local);
    if (protocol === PROTOCOL_UDP && end?.share?.isOpen === true) return end.share;
    return end?.tunnels[0];
  }

  /**
   * Listens on these ends and no others, for tunnel data (RFC 3519) where `udp` has them too: by the
   * registrations' own socket, many segments a message, where that can be; throws an `IoError` when one cannot be opened.
   */
  listen(locals: ReadonlySet<Ipv4>, udp: UdpEnds): void {
    for (const [address, end] of this.#ends) {
      if (locals.has(address)) continue;
      closeEnd(end);
      this.#ends.delete(address);
    }
    for (const address of locals) {
      const end = this.#ends.get(address) ?? this.#open(address);
      this.#ends.set(address, end);
      this.#listenUdp(address, end, udp);
    }
  }

  /** What comes to this end from these is taken by devices of the kernel's. */
  leaveOut(local: Ipv4, packets: CarriedPackets): void {
    const protocol = packets.encapsulation === "ipip" ? PROTOCOL_IPIP : PROTOCOL_GRE;
    this.#ends.get(local)?.tunnels[TUNNEL_PROTOCOLS.indexOf(protocol)]?.leaveOut?.(packets);
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
      return { tunnels, icmp, udp: undefined, share: undefined };
    } catch (error) {
      for (const socket of tunnels) socket.close();
      throw error;
    }
  }

  #listenUdp(address: Ipv4, end: End, { all, minimal }: UdpEnds): void {
    const wantsShare = this.#io.shareUdpPort !== undefined && !minimal.has(address);
    if (end.udp !== undefined && (!all.has(address) || wantsShare !== (end.share !== undefined))) {
      end.udp.close();
      end.udp = undefined;
      end.share = undefined;
    }
    if (end.udp !== undefined || !all.has(address)) return;
    const udp = { port: TUNNEL_PORT, firstOctet: TUNNEL_DATA };
    if (wantsShare) end.share = this.#io.shareUdpPort?.({ address, ...udp });
    end.udp = end.share ?? this.#io.openRawIp({ protocol: PROTOCOL_UDP, address, udp });
    end.udp.onPackets(this.#handlers.onTunnel, { takesRuns: true });
  }
}

function closeEnd({ tunnels, icmp, udp }: End): void {
  for (const socket of tunnels) socket.close();
  icmp.close();
  udp?.close();
}
