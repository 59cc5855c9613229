/**
 * The MTU of the anchor: what the uplink leaves under the largest headers of the tunnels there are,
 * so that no outer packet is too long for the uplink (RFC 2003 §5.1, RFC 3519 §4.8).
 */

import type { KernelNetwork } from "../../linux/kernel-network.ts";
import { OUTER_HEADER } from "../ipip.ts";
import type { TunnelTable } from "../tunnel-table.ts";

/** RFC 791: what every link must carry. */
const SMALLEST_MTU = 68;
const USUAL_MTU = 1500;

export class AnchorMtu {
  readonly #network: Pick<KernelNetwork, "uplinkMtu" | "setMtu">;
  readonly #devices: () => readonly string[];
  readonly #configured: number;
  readonly #table: Pick<TunnelTable, "overheads">;
  #uplink = USUAL_MTU;
  #value = 0;

  /** `configured` holds whatever the uplink and the tunnels are, unless it is 0. */
  constructor(
    network: Pick<KernelNetwork, "uplinkMtu" | "setMtu">,
    devices: () => readonly string[],
    configured: number,
    table: Pick<TunnelTable, "overheads">,
  ) {
    this.#network = network;
    this.#devices = devices;
    this.#configured = configured;
    this.#table = table;
  }

  /** What the devices have, or are opened with. */
  get value(): number {
    return this.#value;
  }

  /** A tunnel with larger headers has come, or the last one has gone. */
  get isStale(): boolean {
    return this.#wanted() !== this.#value;
  }

  /** For opening the first device. */
  async choose(): Promise<number> {
    await this.#readUplink();
    this.#value = this.#wanted();
    return this.#value;
  }

  /** Gives the devices what they should have. */
  async update(): Promise<void> {
    const wanted = this.#wanted();
    if (wanted === this.#value) return;
    for (const device of this.#devices()) await this.#network.setMtu(device, wanted);
    this.#value = wanted;
  }

  /** The uplink may be another. */
  async refresh(): Promise<void> {
    await this.#readUplink();
    await this.update();
  }

  async #readUplink(): Promise<void> {
    if (this.#configured > 0) return;
    this.#uplink = (await this.#network.uplinkMtu()) ?? USUAL_MTU;
  }

  /** What a device has for one tunnel, whose headers take so many octets. */
  forOverhead(overhead: number): number {
    if (this.#configured > 0) return this.#configured;
    return Math.max(SMALLEST_MTU, this.#uplink - overhead);
  }

  #wanted(): number {
    return this.forOverhead(Math.max(OUTER_HEADER, ...this.#table.overheads()));
  }
}
