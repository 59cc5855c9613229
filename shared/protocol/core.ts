/**
 * What a protocol core is, and every kind of thing that goes in and comes out.
 *
 * A core is a pure state machine: no clock, dice, socket, timer or environment inside. The daemon
 * (shared/service) and the simulator (test/sim) run the same cores unchanged.
 */

import type { Ipv4, Mac, Prefix } from "../base/address.ts";
import type { Json, JsonObject } from "../base/result.ts";
import type { Instant, Now } from "../base/time.ts";
import type { ForwardingState } from "../forwarding/state.ts";

export interface Core<Config = unknown> {
  /** The only way state changes. A spurious tick returns no effects. */
  handle(event: Event, now: Now): Effect[];
  /** When `handle({ type: "tick" }, now)` is wanted next, if at all. */
  nextDeadline(): Instant | undefined;
  /** What the machine should be forwarding now; the same object while nothing changed. */
  forwarding(): ForwardingState;
  /** A reloaded configuration: what still fits it is kept. */
  reconfigure(config: Config, now: Now): Effect[];
  /** The answer to a read-only question of the control socket; `undefined` for an unknown name. */
  query(name: string, now: Now): Json | undefined;
}

/** A datagram to UDP port 434, as captured on a link or received by a socket. */
export interface UdpReceived {
  readonly type: "udp";
  /** The link it was captured on; `undefined` when a routed socket received it. */
  readonly interface: string | undefined;
  /** Link-layer source, known when captured on a link. */
  readonly linkSource: Mac | undefined;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
  readonly destinationPort: number;
  readonly ttl: number | undefined;
  readonly payload: Uint8Array;
}

/** An ICMP message (from its type octet on), checksum not yet verified. */
export interface IcmpReceived {
  readonly type: "icmp";
  readonly interface: string | undefined;
  readonly linkSource: Mac | undefined;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly ttl: number;
  readonly payload: Uint8Array;
}

export interface ArpPacket {
  readonly operation: "request" | "reply";
  readonly senderMac: Mac;
  readonly senderAddress: Ipv4;
  readonly targetMac: Mac;
  readonly targetAddress: Ipv4;
}

export interface ArpReceived extends ArpPacket {
  readonly type: "arp";
  readonly interface: string;
  readonly linkSource: Mac;
  readonly linkDestination: Mac;
}

/** State of one interface that the configuration names; sent at start and at every change. */
export interface LinkChanged {
  readonly type: "link";
  readonly interface: string;
  /** `undefined`: the interface does not exist (any more). */
  readonly link:
    | {
        /** Administratively up and carrier present. */
        readonly up: boolean;
        readonly mac: Mac;
        readonly mtu: number;
        /** IPv4 addresses with their prefix lengths, primary first. */
        readonly addresses: readonly Prefix[];
        /**
         * The system's default route by this interface, if it has one; without a gateway on a
         * point-to-point link.
         */
        readonly defaultRoute?: { readonly gateway: Ipv4 | undefined };
      }
    | undefined;
}

/** Sent before anything else: what the store kept, from another machine in portions. */
export interface Restored {
  readonly type: "restore";
  /** The last portion: another machine acted on it until now, and neighbours must learn that. */
  readonly isTakeover?: boolean;
  readonly entries: readonly (readonly [key: string, value: Json])[];
}

/** A command of the control socket; its outcome is an `answer` effect, perhaps much later. */
export interface Command {
  readonly type: "command";
  readonly id: number;
  readonly name: string;
  readonly args: JsonObject;
}

/** The answer to a `resolve` effect: IPv4 addresses in the order of the resolver, or why not. */
export interface Resolved {
  readonly type: "resolved";
  readonly name: string;
  /** At least one; `undefined`: there is none to be had now. */
  readonly addresses: readonly Ipv4[] | undefined;
  /** In words for a person, when there are no addresses. */
  readonly error?: string;
}

/**
 * The first keepalive of a half-bound tunnel came, by the home address and from where the
 * registration came from: the port of the tunnel's other end is known (RFC 3519 §4.6).
 */
export interface TunnelBound {
  readonly type: "tunnel-bound";
  readonly homeAddress: Ipv4;
  readonly local: Ipv4;
  readonly remote: Ipv4;
  readonly remotePort: number;
}

/**
 * Echoes through a tunnel of ours to the home agent are answered no more, although the link looks
 * sound, or are answered again.
 */
export interface PathChanged {
  readonly type: "path";
  /** Our end of the tunnel. */
  readonly careOfAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly isLost: boolean;
}

export type Event =
  | UdpReceived
  | IcmpReceived
  | ArpReceived
  | LinkChanged
  | Restored
  | Command
  | Resolved
  | TunnelBound
  | PathChanged
  | { readonly type: "tick" }
  /** An orderly end: withdraw or deregister; the service then applies an empty forwarding state. */
  | { readonly type: "shutdown" };

/** What tells others to act on what is declared together with it may not be ahead of that. */
interface Timed {
  /** Given: it leaves when that is in force. */
  readonly onceInForce?: true;
}

/** UDP from port 434. Without `link` it is routed: by the whole table, or by that device alone. */
export interface SendUdp extends Timed {
  readonly type: "send-udp";
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly payload: Uint8Array;
  /** Given: sent on this link straight to this link-layer address, without ARP or routing. */
  readonly link?: { readonly interface: string; readonly destination: Mac };
  /** Given: `source` is an address of this interface, and it leaves by it. */
  readonly device?: string;
}

/** An ICMP message with its checksum in place; always on a link. */
export interface SendIcmp {
  readonly type: "send-icmp";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly ttl: number;
  readonly payload: Uint8Array;
  readonly link: { readonly interface: string; readonly destination: Mac };
}

/** An ICMP message with its checksum in place, from one router to another by the routing table. */
export interface RouteIcmp extends Timed {
  readonly type: "route-icmp";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly ttl: number;
  readonly payload: Uint8Array;
}

export interface SendArp extends ArpPacket {
  readonly type: "send-arp";
  readonly link: { readonly interface: string; readonly destination: Mac };
}

/** Something people and scripts may want to know: `watch`, the log and hooks get it. */
export interface Report {
  readonly type: "report";
  /** Kebab-case, as the interface contract lists them. */
  readonly event: string;
  readonly fields: JsonObject;
  /** `debug` for what happens all the time, `warning` for security exceptions. */
  readonly level: "debug" | "info" | "warning" | "error";
}

/** What must outlive a crash: the last value of each key comes back in `restore`. */
export interface Persist {
  readonly type: "persist";
  readonly key: string;
  /** `null` forgets the key. */
  readonly value: Json;
}

export interface Answer {
  readonly type: "answer";
  readonly id: number;
  readonly ok: boolean;
  /** Why not, or what was done, in words for a person. */
  readonly message: string;
  readonly result?: Json;
}

/** Ask for the IPv4 addresses of a DNS name; each `resolve` is answered by one `resolved` event. */
export interface Resolve {
  readonly type: "resolve";
  readonly name: string;
}

export type Effect = SendUdp | SendIcmp | RouteIcmp | SendArp | Report | Persist | Answer | Resolve;
