/**
 * Does anything still come back by a way that looks sound? A link that dies without a word is found
 * out by echoes through the tunnel: an ICMP Echo Request from the home address to the home agent,
 * whenever nothing has come out of the tunnel for a while (`Liveness`).
 */

import type { PathNews } from "../driver.ts";
import { Liveness } from "../liveness.ts";
import { type CoLocatedItem, type ForwardingItem, type Probing, sameForm } from "../state.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";
import { echoRequest } from "./keepalives.ts";

interface Watched {
  readonly item: CoLocatedItem;
  readonly probing: Probing;
  readonly liveness: Liveness;
  packetsIn: number;
  echoesAnswered: number;
  timer: NodeJS.Timeout | undefined;
}

export class Probes {
  readonly #table: Pick<TunnelTable, "to">;
  readonly #send: (tunnel: Tunnel, packet: Uint8Array) => void;
  readonly #tell: (news: PathNews) => void;
  readonly #watched = new Map<string, Watched>();
  #sequence = 0;

  constructor(
    table: Pick<TunnelTable, "to">,
    send: (tunnel: Tunnel, packet: Uint8Array) => void,
    tell: (news: PathNews) => void,
  ) {
    this.#table = table;
    this.#send = send;
    this.#tell = tell;
  }

  close(): void {
    for (const { timer } of this.#watched.values()) clearInterval(timer);
    this.#watched.clear();
  }

  /** What is forwarded under this key from now on; a tunnel that stays keeps what is known of it. */
  set(key: string, item: ForwardingItem | undefined): void {
    const before = this.#watched.get(key);
    const now = item?.kind === "co-located" && item.reverse ? item : undefined;
    const probing = now?.probing;
    const isSame = before !== undefined && now !== undefined && isSameTunnel(before.item, now);
    if (isSame && before.probing.interval === probing?.interval) {
      this.#watched.set(key, { ...before, item: now, probing });
      return;
    }
    clearInterval(before?.timer);
    this.#watched.delete(key);
    if (now === undefined || probing === undefined) return;
    const tunnel = this.#tunnelOf(now);
    const watched: Watched = {
      item: now,
      probing,
      liveness: new Liveness(),
      packetsIn: tunnel?.packetsIn ?? 0,
      echoesAnswered: tunnel?.echoesAnswered ?? 0,
      timer: setInterval(() => this.look(key), probing.interval * 1000),
    };
    watched.timer?.unref();
    this.#watched.set(key, watched);
  }

  /** One interval is over: did anything come, and is there something to be asked? */
  look(key: string): void {
    const watched = this.#watched.get(key);
    const tunnel = watched && this.#tunnelOf(watched.item);
    if (watched === undefined || tunnel === undefined) return;
    const isAnswered = tunnel.echoesAnswered !== watched.echoesAnswered;
    // What a device of the kernel's carries is not counted here, but for the answers.
    const isHeard = isAnswered || tunnel.packetsIn !== watched.packetsIn;
    watched.packetsIn = tunnel.packetsIn;
    watched.echoesAnswered = tunnel.echoesAnswered;
    const { liveness, probing, item } = watched;
    const { news, asks } = liveness.look({ isHeard, isAnswered }, probing.misses);
    if (news) this.#say(item, liveness.isLost);
    if (asks) this.#ask(item, tunnel);
  }

  #say({ path, homeAgent }: CoLocatedItem, isLost: boolean): void {
    this.#tell({ careOfAddress: path.careOfAddress, homeAgent, isLost });
  }

  #ask({ homeAddress, homeAgent }: CoLocatedItem, tunnel: Tunnel): void {
    tunnel.hasEchoes = true;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#send(tunnel, echoRequest(homeAddress, homeAgent, this.#sequence));
  }

  #tunnelOf(item: CoLocatedItem): Tunnel | undefined {
    return this.#table
      .to(item.homeAgent)
      .find(({ local, form }) => local === item.path.careOfAddress && sameForm(form, item));
  }
}

function isSameTunnel(a: CoLocatedItem, b: CoLocatedItem): boolean {
  if (a.homeAgent !== b.homeAgent || a.homeAddress !== b.homeAddress) return false;
  return a.path.careOfAddress === b.path.careOfAddress && sameForm(a, b);
}
