/** The machine's network as a core meets it: links, routed sockets, and the news of both. */

import type { Ipv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import { TUNNEL_DATA } from "../../forwarding/udp-tunnel.ts";
import type { FrameEvent } from "../../linux/frames.ts";
import type { PacketIo } from "../../linux/packet-io.ts";
import type { LinkChanged } from "../../protocol/core.ts";
import type { Wiring } from "../program.ts";
import { LinkNews } from "./link-news.ts";
import { Links } from "./links.ts";
import type { HostMonitor } from "./parts.ts";
import type { Problems } from "./problems.ts";
import { REGISTRATION_PORT, Sockets } from "./sockets.ts";

export interface NetworkOptions {
  readonly io: PacketIo;
  readonly monitor: HostMonitor;
  readonly problems: Problems;
  readonly counters: Counters;
  readonly onEvent: (event: FrameEvent | LinkChanged) => void;
  /** Too much waits already: what comes in is counted and let go. */
  readonly isFull: () => boolean;
}

export class Network {
  readonly links: Links;
  readonly sockets: Sockets;
  readonly #options: NetworkOptions;
  readonly #news: LinkNews;

  constructor(options: NetworkOptions) {
    const { monitor } = options;
    this.#options = options;
    const onEvent = (event: FrameEvent): void => this.#receive(event);
    this.links = new Links({ ...options, onEvent });
    this.#news = new LinkNews({
      names: () => this.links.names,
      link: (name) => monitor.link(name),
      handle: options.onEvent,
    });
    // What a program on this machine sends comes by the loopback, whatever interface the kernel
    // names (that of the destination address): no link has captured it.
    const isCaptured = (index: number, source: Ipv4): boolean =>
      this.links.isCaptured(index) && !monitor.isLocal(source);
    const isLocal = (address: Ipv4): boolean => monitor.isLocal(address);
    this.sockets = new Sockets({ ...options, isCaptured, isLocal, onEvent });
  }

  /** Opens what the wiring wants, then tells of its links. */
  wire(wiring: Wiring): void {
    this.links.rewire(wiring.links);
    this.sockets.rewire(wiring);
    this.#news.clear();
    this.#news.tell();
  }

  /** Nothing is received or sent any more. */
  unwire(): void {
    this.links.rewire([]);
    this.sockets.rewire({ udpAddresses: [], icmpErrors: false });
  }

  /** Sockets first, so that a core that hears of a link can send on it at once. */
  hostChanged(): void {
    this.refresh();
    this.#news.tell();
  }

  /** Nobody was looking for a while: any link may be another one. */
  doubt(): void {
    this.#news.doubt();
    this.#news.tell();
  }

  /** Opens what could not be opened before. */
  refresh(): void {
    this.links.refresh();
    this.sockets.refresh();
  }

  #receive(event: FrameEvent): void {
    const { counters, isFull, onEvent } = this.#options;
    if (isFull()) {
      counters.add("received-while-disk-is-slow");
      return;
    }
    if (event.type === "udp" && event.destinationPort !== REGISTRATION_PORT) {
      counters.add("other-udp-port");
      return;
    }
    // A packet socket sees it too; no core has anything to do with it (RFC 3519 §3.3).
    if (event.type === "udp" && event.payload[0] === TUNNEL_DATA) return;
    onEvent(event);
  }
}
