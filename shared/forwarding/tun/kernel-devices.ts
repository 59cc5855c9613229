/**
 * The part of the driver that is about the kernel's own tunnel devices: are there any, may they be
 * used, and what is told of them. Without them everything here does nothing.
 */

import type { JsonObject } from "../../base/result.ts";
import { readDeviceCounts } from "../../linux/device-counts.ts";
import type { KernelNetwork } from "../../linux/kernel-network.ts";
import type { TunnelLinks } from "../../linux/netlink/tunnel-links.ts";
import type { ClampTo, NftPassages } from "../../linux/nft-passages.ts";
import {
  answersTunnelPackets,
  loadedTunnelKinds,
  TUNNEL_KINDS,
} from "../../linux/tunnel-modules.ts";
import { Carriers } from "../carriers.ts";
import type { DriverConfig } from "../driver.ts";
import type { Acceleration } from "../ebpf/acceleration.ts";
import { notInKernel } from "../ebpf/wanted.ts";
import type { Marks } from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";
import type { RealizeConfig } from "../realized.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";
import type { DataPath } from "./data-path.ts";
import { TunnelDevices } from "./tunnel-devices.ts";
import { type TunnelCarrier, tunnelRow } from "./tunnel-rows.ts";

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
  "it takes the modules ipip and ip_gre: `modprobe -a ipip ip_gre` (OpenWrt: install kmod-ipip and kmod-gre)";
const NO_NFT = "it takes nft, which cannot be used: install nftables";
const NO_NETLINK = "it takes the native helper, which this machine does not have";

export class KernelDevices {
  readonly #parts: KernelDevicesParts;
  readonly carriers: Carriers;
  #devices: TunnelDevices | undefined;
  /** Why there are none, though they are wanted. */
  lack: string | undefined;
  /** By our own end, what was left out last. */
  #left = "";
  #guardedMtu: number | undefined;
  /** Is nothing left of an earlier run that had devices, while this one has none? */
  #isClean = false;
  /** Is what the kernel would say to strangers kept from leaving, without devices? */
  #isSilent = false;

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
  async start(isAccelerated: boolean): Promise<void> {
    const { driver } = this.#parts.config;
    const isWanted = driver === "kernel" || (driver === "auto" && !isAccelerated);
    this.lack = isWanted ? await this.#open() : undefined;
    if (driver !== "kernel" || this.lack === undefined) return this.#silence();
    throw new Error(`dataplane.driver = "kernel": ${this.lack}, or leave that key out`);
  }

  /** What is missing. */
  async #open(): Promise<string | undefined> {
    const { config, links, passages, network, realizeConfig } = this.#parts;
    const { carriers } = this;
    if (links === undefined) return NO_NETLINK;
    // Nobody has asked for devices of the kernel's: then none of its modules is loaded for them.
    const kinds = config.driver === "auto" ? loadedTunnelKinds() : TUNNEL_KINDS;
    if (kinds.length === 0) return NO_MODULES;
    if (!(await passages.isUsable())) return NO_NFT;
    const devices = new TunnelDevices({
      ...this.#parts,
      carriers,
      links,
      config: realizeConfig,
      setMtu: (name, mtu) => network.setMtu(name, mtu),
    });
    carriers.enable();
    if (await devices.start(kinds)) {
      this.#devices = devices;
      return undefined;
    }
    carriers.disable();
    return NO_MODULES;
  }

  /** When the first state has its routes elsewhere. */
  async #removeLeftovers(): Promise<void> {
    const { links, marks, passages } = this.#parts;
    const names = [...((await links?.read(marks)) ?? new Map<string, unknown>()).keys()];
    if (names.length > 0) {
      await links?.delete(names);
      if (!this.#isSilent) await passages.remove();
    }
    this.#isClean = true;
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
    await this.#silence();
  }

  /**
   * RFC 5944 §4.2.2: strangers meet silence, also where somebody else has loaded modules that answer
   * them. When they are loaded the kernel makes devices, so that this is looked at again.
   */
  async #silence(): Promise<void> {
    const { passages } = this.#parts;
    if (this.isOn || this.#isSilent || !answersTunnelPackets()) return;
    if (!(await passages.isUsable())) return;
    await passages.writeSilence();
    this.#isSilent = true;
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
    if (this.#devices !== undefined) await this.#devices.close();
    else if (!this.#isClean) await this.#removeLeftovers();
  }

  clear(): void {
    this.#devices?.clear();
  }

  /** Nothing is left of it. */
  async remove(): Promise<void> {
    await this.#devices?.close();
    if (this.isOn || this.#isSilent) await this.#parts.passages.remove();
    this.#parts.links?.close();
  }

  /** Rows of `tunnels --json`. */
  rows(
    tunnels: readonly Tunnel[],
    acceleration: Pick<Acceleration, "isOn" | "lack">,
  ): JsonObject[] {
    const counts = this.isInUse ? readDeviceCounts() : new Map();
    return tunnels.map((tunnel) => {
      const carrier = acceleration.isOn ? accelerated(tunnel) : this.#carrierOf(tunnel);
      const { driver, device = this.#parts.marks.anchor } = carrier;
      const reason = carrier.reason ?? missed(tunnel, acceleration);
      // What the anchor has counted is in the tunnel's own figures, and is that of all tunnels.
      const own = driver === "kernel" ? counts.get(device) : undefined;
      return tunnelRow(tunnel, { driver, device, reason, counts: own });
    });
  }

  #carrierOf(tunnel: Tunnel): Carrier {
    if (!this.isOn) return { driver: "tun" };
    const { device, reason } = this.carriers.carrierOf({ ...tunnel, ...tunnel.form });
    if (device === undefined || !tunnel.isCarried) return { driver: "tun", reason };
    return { driver: "kernel", device: device.name, reason };
  }
}

/** What carries a tunnel, and why it is not another driver, or not for all of its home addresses. */
interface Carrier extends Pick<TunnelCarrier, "driver" | "reason"> {
  readonly device?: string;
}

/** Why the programs in the kernel, which `auto` would have for it, do not carry this tunnel. */
function missed(tunnel: Tunnel, { lack }: Pick<Acceleration, "lack">): string | undefined {
  return lack === undefined ? undefined : (notInKernel(tunnel) ?? "no-bpf");
}

function accelerated(tunnel: Tunnel): Carrier {
  const reason = notInKernel(tunnel);
  return { driver: reason === undefined ? "ebpf" : "tun", reason };
}
