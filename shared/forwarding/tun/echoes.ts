/** The echoes that go through tunnels of ours: to keep a NAT's mapping, and to see if they live. */

import type { PathNews } from "../driver.ts";
import type { ForwardingItem } from "../state.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";
import { Keepalives } from "./keepalives.ts";
import { Probes } from "./probes.ts";

export class Echoes {
  readonly #keepalives: Keepalives;
  readonly #probes: Probes;

  constructor(
    table: TunnelTable,
    send: (tunnel: Tunnel, packet: Uint8Array, plane: number) => void,
    tell: (news: PathNews) => void,
  ) {
    this.#keepalives = new Keepalives(table, send, tell);
    this.#probes = new Probes(table, (tunnel, packet) => send(tunnel, packet, 0), tell);
  }

  /** What is forwarded under this key from now on. */
  set(key: string, item: ForwardingItem | undefined): void {
    this.#keepalives.set(key, item, performance.now());
    this.#probes.set(key, item);
  }

  /** After all of them are set. */
  run(): void {
    this.#keepalives.run();
  }

  close(): void {
    this.#keepalives.close();
    this.#probes.close();
  }
}
