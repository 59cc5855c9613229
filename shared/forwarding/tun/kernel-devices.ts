/**
 * The part of the driver that is about the kernel's own tunnel devices: are there any, may they be
 * used, and what is told of them. Without them everything here does nothing.
 */

import type { JsonObject } from "../../base/result.ts";
import { readDeviceCounts } from "../../linux/device-counts.ts";
import type { KernelNetwork } from "../../linux/kernel-network.ts";
import type { TunnelLinks } from "../../linux/netlink/tunnel-links.ts";
import type { ClampTo, NftPassages } from "../../linux/nft-passages.ts";
import { Carriers } from "../carriers.ts";
import type { DriverConfig } from "../driver.ts";
import { notInKernel } from "../ebpf/wanted.ts";
import type { Marks } from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";
import type { RealizeConfig } from "../realized.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";
import type { DataPath } from "./data-path.ts";
import { TunnelDevices } from "./tunnel-devices.ts";
import { tunnelRow } from "./tunnel-rows.ts";

export interface KernelDevicesParts {
  readonly config: DriverConfig;
  readonly marks: Marks;
  readonly network: Pick<KernelNetwork, "setMtu">;
  readonly links: TunnelLinks | undefined;
  readonly passages: NftPassages;
  readonly objects: ObjectSet;
  readonly table: TunnelTable;
  readonly realizeConfig: () => RealizeConfig;
  readonly mtu: (overhead: number) => number;
  /** Writes the rules about devices. */
  readonly guard: (clampTo: ClampTo) => Promise<string[]>;
  readonly again: () => void;
  readonly dataPath: () => DataPath | undefined;
}

const NO_MODULES =
  'the kernel has no tunnel devices: `modprobe -a ipip ip_gre` (OpenWrt: install kmod-ipip and kmod-gre), or leave out dataplane.driver = "kernel"';
const NO_NFT =
  'dataplane.driver = "kernel" takes nft, which cannot be used: install nftables, or leave that key out';
const NO_NETLINK =
  'dataplane.driver = "kernel" takes the native helper, which this machine does not have: leave that key out';

export class KernelDevices {
  readonly #parts: KernelDevicesParts;
  readonly carriers: Carriers;
  #devices: TunnelDevices | undefined;
  /** By our own end, what was left out last. */
  #left = "";
  #guardedMtu: number | undefined;

  constructor(parts: KernelDevicesParts) {
    this.#parts = parts;
    this.carriers = new Carriers({ ...parts.config, marks: parts.marks });
  }

  /** May tunnels be carried by devices? */
  get isOn(): boolean {
    return this.#devices !== undefined;
  }

  get isInUse(): boolean {
    return this.#devices?.isInUse === true;
  }

  /** Rejects where the configuration asks for what there is not. */
  async start(): Promise<void> {
    const { config, links, passages, network, realizeConfig } = this.#parts;
    const { carriers } = this;
    const isAsked = config.driver === "kernel";
    if (!isAsked) return this.#removeLeftovers();
    if (links === undefined || !(await passages.isUsable())) {
      if (isAsked) throw new Error(links === undefined ? NO_NETLINK : NO_NFT);
      return this.#removeLeftovers();
    }
    const devices = new TunnelDevices({
      ...this.#parts,
      carriers,
      links,
      config: realizeConfig,
      setMtu: (name, mtu) => network.setMtu(name, mtu),
    });
    carriers.enable();
    const missing = await devices.start();
    if (missing.length < 2) {
      this.#devices = devices;
      return;
    }
    carriers.disable();
    if (isAsked) throw new Error(NO_MODULES);
  }

  async #removeLeftovers(): Promise<void> {
    const { links, marks, passages } = this.#parts;
    const names = [...((await links?.read(marks)) ?? new Map<string, unknown>()).keys()];
    if (names.length === 0) return;
    await links?.delete(names);
    await passages.remove();
  }

  /** Before the kernel is brought to what is wanted. */
  async prepare(turn: () => void): Promise<string[]> {
    if (this.#devices === undefined) return [];
    const { mtu, config, guard } = this.#parts;
    const failures: string[] = [];
    // No device is there, or wanted, before this has been done once.
    const now = mtu(0);
    if (this.#guardedMtu !== now)
      failures.push(...(await guard(config.mssClamp ? mtu : undefined)));
    if (failures.length > 0) return failures;
    this.#guardedMtu = now;
    return this.#devices.prepare(turn);
  }

  async refresh(): Promise<void> {
    await this.#devices?.refresh();
  }

  settle(): void {
    this.#devices?.settle();
    this.leaveOut();
  }

  /** What devices take need not come up by the sockets, too. */
  leaveOut(): void {
    const dataPath = this.#parts.dataPath();
    if (this.#devices === undefined || dataPath === undefined) return;
    const carried = [...this.#devices.carried(dataPath.homeGroups.broadcasts())];
    const text = JSON.stringify(carried);
    if (text === this.#left) return;
    this.#left = text;
    for (const [local, all] of carried) for (const one of all) dataPath.leaveOut(local, one);
  }

  async close(): Promise<void> {
    await this.#devices?.close();
  }

  clear(): void {
    this.#devices?.clear();
  }

  /** Nothing is left of it. */
  async remove(): Promise<void> {
    if (this.#devices !== undefined) {
      await this.#devices.close();
      await this.#parts.passages.remove();
    }
    this.#parts.links?.close();
  }

  /** Rows of `tunnels --json`. */
  rows(tunnels: readonly Tunnel[], isAccelerated: boolean): JsonObject[] {
    const { marks } = this.#parts;
    const counts = this.isInUse ? readDeviceCounts() : new Map();
    return tunnels.map((tunnel) => {
      if (!this.isOn) return byAnchor(tunnel, marks.anchor, isAccelerated);
      const { device, reason } = this.carriers.carrierOf({ ...tunnel, ...tunnel.form });
      const isCarried = device !== undefined && tunnel.isCarried;
      const carrier = {
        driver: isCarried ? "kernel" : "tun",
        device: isCarried ? device.name : marks.anchor,
        reason,
        counts: device && counts.get(device.name),
      } as const;
      return tunnelRow(tunnel, carrier);
    });
  }
}

/** With an accelerator it says, too, why a tunnel is not for that. */
function byAnchor(tunnel: Tunnel, device: string, isAccelerated: boolean): JsonObject {
  const reason = isAccelerated ? notInKernel(tunnel) : undefined;
  const driver = isAccelerated && reason === undefined ? "ebpf" : "tun";
  return tunnelRow(tunnel, { driver, device, reason });
}
