/**
 * What is asked now and then: echoes through tunnels of ours, to keep a NAT's mapping and to see if they
 * live, and our own kernel, which groups it has joined.
 */

import type { PathNews } from "../driver.ts";
import type { ForwardingItem } from "../state.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";
import { GroupQueries } from "./group-queries.ts";
import { Keepalives } from "./keepalives.ts";
import { Probes } from "./probes.ts";

export class Echoes {
  readonly #keepalives: Keepalives;
  readonly #probes: Probes;
  readonly #groups: GroupQueries;

  constructor(
    table: Pick<TunnelTable, "to">,
    send: (tunnel: Tunnel, packet: Uint8Array, plane: number) => void,
    tell: (news: PathNews) => void,
    toKernel: (packet: Uint8Array) => void,
  ) {
    this.#keepalives = new Keepalives(table, send, tell);
    this.#probes = new Probes(table, (tunnel, packet) => send(tunnel, packet, 0), tell);
    this.#groups = new GroupQueries(toKernel);
  }

  /** What is forwarded under this key from now on. */
  set(key: string, item: ForwardingItem | undefined): void {
    this.#keepalives.set(key, item, performance.now());
    this.#probes.set(key, item);
    this.#groups.set(key, item);
  }

  /** After all of them are set. */
  run(): void {
    this.#keepalives.run();
    this.#groups.run();
  }

  close(): void {
    this.#keepalives.close();
    this.#probes.close();
    this.#groups.close();
  }
}
