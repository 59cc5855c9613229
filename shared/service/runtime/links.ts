/**
 * The links a core listens on: for each a packet socket, open while the interface exists. What it
 * captures is the truth about the link; a UDP socket bound to the same device stands by only so
 * that the kernel does not answer `port unreachable`.
 */

import { isDeepStrictEqual } from "node:util";
import { formatIpv4, type Ipv4, isGroupMac, type Mac, UNSPECIFIED } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { JsonObject } from "../../base/result.ts";
import { type FrameEvent, parseFrame } from "../../linux/frames.ts";
import type { Closable, Frame, LinkSocket, PacketIo } from "../../linux/packet-io.ts";
import type { Wiring } from "../program.ts";
import { explainError } from "./explain.ts";
import type { HostMonitor } from "./parts.ts";
import type { Problems } from "./problems.ts";

type LinkWiring = Wiring["links"][number];

interface OpenLink {
  readonly index: number;
  readonly socket: LinkSocket;
  readonly guard: Closable | undefined;
}

interface Link {
  readonly wiring: LinkWiring;
  open: OpenLink | undefined;
  /** Of the last packet sent, if it failed. */
  sendError?: string | undefined;
}

export class Links {
  readonly #io: PacketIo;
  readonly #monitor: HostMonitor;
  readonly #problems: Problems;
  readonly #counters: Counters;
  readonly #onEvent: (event: FrameEvent) => void;
  readonly #links = new Map<string, Link>();

  constructor(options: {
    readonly io: PacketIo;
    readonly monitor: HostMonitor;
    readonly problems: Problems;
    readonly counters: Counters;
    readonly onEvent: (event: FrameEvent) => void;
  }) {
    this.#io = options.io;
    this.#monitor = options.monitor;
    this.#problems = options.problems;
    this.#counters = options.counters;
    this.#onEvent = options.onEvent;
  }

  get names(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Takes a wiring; links that it does not change stay open. */
  rewire(wirings: readonly LinkWiring[]): void {
    const wanted = new Map(wirings.map((wiring) => [wiring.interface, wiring]));
    for (const [name, link] of this.#links) {
      if (isDeepStrictEqual(link.wiring, wanted.get(name))) continue;
      this.#close(link);
      this.#links.delete(name);
      this.#problems.drop(`link ${name}`);
    }
    for (const [name, wiring] of wanted) {
      if (!this.#links.has(name)) this.#links.set(name, { wiring, open: undefined });
    }
    this.refresh();
  }

  /** Opens what can be opened now, and closes what has gone or come back as another interface. */
  refresh(): void {
    for (const [name, link] of this.#links) {
      const host = this.#monitor.link(name);
      if (link.open !== undefined && link.open.index !== host?.index) this.#close(link);
      if (host === undefined) {
        this.#problems.set(`link ${name}`, "there is no such interface");
      } else if (link.open === undefined) {
        this.#open(link, host.index);
      }
    }
  }

  /** Is this the index of an interface whose datagrams the packet socket has already? */
  isCaptured(index: number): boolean {
    for (const { open, wiring } of this.#links.values()) {
      if (open?.index === index) return wiring.filter.udpPort !== undefined;
    }
    return false;
  }

  /** `undefined` when sent, otherwise the error name. */
  send(
    link: { readonly interface: string; readonly destination: Mac },
    etherType: number,
    packet: Uint8Array,
  ): string | undefined {
    const out = this.#links.get(link.interface);
    if (out?.open === undefined) return "ENODEV";
    out.sendError = out.open.socket.send(link.destination, etherType, packet);
    return out.sendError;
  }

  /** Counts the frames for which the kernel had no room, since this program was too slow. */
  countLost(): void {
    for (const { open } of this.#links.values()) {
      const lost = open?.socket.takeLost() ?? 0;
      if (lost > 0) this.#counters.add("frames-lost", lost);
    }
  }

  /** Rows of `interfaces` in `status`. */
  status(): readonly JsonObject[] {
    return [...this.#links].map(([name, { sendError }]) => {
      const host = this.#monitor.link(name);
      const address: Ipv4 | undefined = host?.addresses[0]?.address;
      return {
        name,
        address: address === undefined ? null : formatIpv4(address),
        state: host === undefined ? "missing" : host.up ? "up" : "down",
        ...(sendError === undefined ? {} : { send_error: sendError }),
      };
    });
  }

  close(): void {
    for (const link of this.#links.values()) this.#close(link);
    this.#links.clear();
  }

  #open(link: Link, index: number): void {
    const { interface: name, filter, groups } = link.wiring;
    let socket: LinkSocket | undefined;
    try {
      socket = this.#io.openLink(name, filter);
      socket.joinGroups(groups);
      const guard =
        filter.udpPort === undefined
          ? undefined
          : this.#io.openUdp({ address: UNSPECIFIED, port: filter.udpPort, device: name });
      link.open = { index, socket, guard };
      socket.onFrame((frame) => this.#receive(name, frame));
      this.#problems.set(`link ${name}`, undefined);
    } catch (error) {
      socket?.close();
      this.#problems.set(`link ${name}`, explainError(error));
    }
  }

  #close(link: Link): void {
    link.open?.socket.close();
    link.open?.guard?.close();
    link.open = undefined;
  }

  #receive(name: string, frame: Frame): void {
    // A bridge or a sniffer may have put the device into promiscuous mode.
    const own = this.#monitor.link(name)?.mac;
    if (frame.linkDestination !== own && !isGroupMac(frame.linkDestination)) {
      this.#counters.add("frames-for-others");
      return;
    }
    const event = parseFrame(name, frame);
    if (event.ok) this.#onEvent(event.value);
    else this.#counters.add(`malformed-${event.error}`);
  }
}
