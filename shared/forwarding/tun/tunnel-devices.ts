/**
 * The kernel's own devices for tunnels: made when an item wants one, kept for a while after the last
 * one, deleted many at a time. What they cannot do the anchor does (carriers.ts).
 */

import { type Ipv4, ipv4 } from "../../base/address.ts";
import type { TunnelLinks } from "../../linux/netlink/tunnel-links.ts";
import { type CarriedPackets, IoError } from "../../linux/packet-io.ts";
import { TUNNEL_KINDS, type TunnelKind } from "../../linux/tunnel-modules.ts";
import type { Carriers } from "../carriers.ts";
import { overheadOf } from "../encapsulate.ts";
import type { Marks } from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";
import { realizeDevice } from "../realize.ts";
import type { RealizeConfig } from "../realized.ts";
import { sameForm } from "../state.ts";
import type { TunnelDevice, TunnelEnds } from "../tunnel-device.ts";
import type { Tunnel, TunnelTable } from "../tunnel-table.ts";

export interface TunnelDevicesParts {
  readonly carriers: Carriers;
  readonly links: TunnelLinks;
  readonly setMtu: (name: string, mtu: number) => Promise<void>;
  readonly marks: Marks;
  readonly objects: ObjectSet;
  readonly table: TunnelTable;
  readonly config: () => RealizeConfig;
  /** MTU of a tunnel with headers of so many octets. */
  readonly mtu: (overhead: number) => number;
  /** Asks for `retire` and `close`. */
  readonly again: () => void;
}

interface Open {
  readonly device: TunnelDevice;
  /** 0: not known. */
  mtu: number;
  /** Since when nothing has gone by it, milliseconds of the monotonic clock. */
  idleSince: number | undefined;
}

/** A node that goes to and fro finds its tunnels as they were. */
const LINGER_MS = 10_000;
/** RFC 7600: an address that nobody has, and another one. */
const NOBODY = { local: ipv4("192.0.0.8"), remote: ipv4("192.0.0.10") };
const PROBE_NUMBER = 9998;

export class TunnelDevices {
  readonly #parts: TunnelDevicesParts;
  readonly #open = new Map<string, Open>();
  readonly #retired = new Map<string, TunnelDevice>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: TunnelDevicesParts) {
    this.#parts = parts;
  }

  /** Is any device there? */
  get isInUse(): boolean {
    return this.#open.size > 0;
  }

  /**
   * Takes up what an earlier run left, removes what fits nothing, and tries the kinds that there may
   * be; is there any?
   */
  async start(kinds: readonly TunnelKind[]): Promise<boolean> {
    const { links, marks, carriers } = this.#parts;
    const useless: string[] = [];
    for (const [name, device] of await links.read(marks)) {
      if (device !== undefined && carriers.adopt(device)) this.#take(device, 0);
      else useless.push(name);
    }
    const missing = TUNNEL_KINDS.filter((kind) => !kinds.includes(kind));
    for (const [i, encapsulation] of kinds.entries()) {
      const number = PROBE_NUMBER + i;
      const ends = { ...NOBODY, encapsulation };
      const probe = { name: `${marks.anchor}t${number}`, number, ends, df: "set" } as const;
      try {
        await links.make(probe, this.#parts.mtu(overheadOf(ends)));
        useless.push(probe.name);
      } catch {
        missing.push(encapsulation);
      }
    }
    await links.delete(useless);
    for (const encapsulation of missing) carriers.lack(encapsulation);
    return missing.length < TUNNEL_KINDS.length;
  }

  /** A change of links may have taken some. */
  async refresh(): Promise<void> {
    if (this.#open.size === 0) return;
    const found = await this.#parts.links.read(this.#parts.marks);
    for (const name of [...this.#open.keys()]) if (!found.has(name)) this.#release(name);
  }

  /**
   * Makes the devices that are wanted and not there; what is refused is the anchor's, for which
   * `turn` is called.
   */
  async prepare(turn: () => void): Promise<string[]> {
    this.retire();
    const failures = await this.#make();
    if (this.#parts.carriers.isTurned) turn();
    try {
      await this.#fit();
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      failures.push(error.message);
    }
    return failures;
  }

  async #make(): Promise<string[]> {
    const { carriers, links } = this.#parts;
    const failures: string[] = [];
    for (const device of [...carriers.devices()]) {
      if (this.#open.has(device.name)) continue;
      const mtu = this.#mtuOf(device.ends);
      if (this.#retired.delete(device.name)) {
        this.#take(device, 0);
        continue;
      }
      try {
        await links.make(device, mtu);
        this.#take(device, mtu);
      } catch (error) {
        if (!(error instanceof IoError)) throw error;
        carriers.refuse(device, "refused");
        // Somebody has a device for this tunnel: it will do with the anchor.
        if (error.code !== "EEXIST") failures.push(error.message);
      }
    }
    return failures;
  }

  /** Gives devices the MTU that they should have: an uplink or a path may be another now. */
  async #fit(): Promise<void> {
    for (const open of this.#open.values()) {
      const mtu = this.#mtuOf(open.device.ends);
      if (open.mtu === mtu) continue;
      await this.#parts.setMtu(open.device.name, mtu);
      open.mtu = mtu;
    }
  }

  /** The kernel is as the items want it: what the devices take is theirs from now on. */
  settle(): void {
    const now = performance.now();
    let isIdle = false;
    for (const open of this.#open.values()) {
      const isUsed = this.#parts.carriers.isUsed(open.device);
      for (const tunnel of this.#tunnelsOf(open.device.ends)) tunnel.isCarried = isUsed;
      open.idleSince = isUsed ? undefined : (open.idleSince ?? now);
      isIdle ||= !isUsed;
    }
    if (isIdle && this.#timer === undefined) this.#wait();
  }

  /** By our own end, the packets that devices take, so that they need not come up. */
  carried(broadcasts: readonly Ipv4[]): ReadonlyMap<Ipv4, readonly CarriedPackets[]> {
    const locals = new Map<Ipv4, { readonly ipip: Ipv4[]; readonly gre: Ipv4[] }>();
    for (const { device } of this.#open.values()) {
      const { local, remote, encapsulation } = device.ends;
      const remotes = locals.get(local) ?? { ipip: [], gre: [] };
      locals.set(local, remotes);
      const tunnels = this.#parts.table.to(remote).filter((tunnel) => tunnel.local === local);
      const isWhole = tunnels.every((tunnel) => tunnel.isCarried && tunnel.ownEntries === 0);
      if (tunnels.length > 0 && isWhole && encapsulation !== "minimal") {
        remotes[encapsulation].push(remote);
      }
    }
    const list = [...locals].map(([local, { ipip, gre }]) => {
      const packets: CarriedPackets[] = [
        { encapsulation: "ipip", remotes: ipip, broadcasts },
        { encapsulation: "gre", remotes: gre, broadcasts },
      ];
      return [local, packets] as const;
    });
    return new Map(list);
  }

  /** Lets go of devices that nothing has gone by for a while; `close` deletes them. */
  retire(now = performance.now()): void {
    const { carriers } = this.#parts;
    for (const [name, { device, idleSince }] of this.#open) {
      const isOver = idleSince !== undefined && now - idleSince >= LINGER_MS;
      if (isOver && !carriers.isUsed(device)) this.#retire(name);
    }
  }

  /** Deletes what has been retired, when nothing needs it any more. */
  async close(): Promise<void> {
    const devices = [...this.#retired.values()];
    this.#retired.clear();
    await this.#parts.links.delete(devices.map(({ name }) => name));
    // One that is wanted again meanwhile is made again.
    const { carriers } = this.#parts;
    for (const device of devices) if (!carriers.isUsed(device)) carriers.forget(device);
  }

  /** Everything goes, with the next `close`. */
  clear(): void {
    clearTimeout(this.#timer);
    for (const name of [...this.#open.keys()]) this.#retire(name);
  }

  #take(device: TunnelDevice, mtu: number): void {
    this.#open.set(device.name, { device, mtu, idleSince: undefined });
    const { objects, config } = this.#parts;
    objects.hold(realizeDevice(config(), device));
  }

  #release(name: string): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    const { objects, config } = this.#parts;
    objects.release(realizeDevice(config(), open.device));
    for (const tunnel of this.#tunnelsOf(open.device.ends)) tunnel.isCarried = false;
  }

  #retire(name: string): void {
    const device = this.#open.get(name)?.device;
    if (device === undefined) return;
    this.#release(name);
    this.#retired.set(name, device);
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#parts.again();
    }, LINGER_MS);
    this.#timer.unref();
  }

  #mtuOf(ends: TunnelEnds): number {
    const wanted = this.#parts.mtu(overheadOf(ends));
    return Math.min(wanted, ...this.#tunnelsOf(ends).map(({ mtu }) => mtu));
  }

  #tunnelsOf(ends: TunnelEnds): readonly Tunnel[] {
    const tunnels = this.#parts.table.to(ends.remote);
    return tunnels.filter(({ local, form }) => local === ends.local && sameForm(form, ends));
  }
}
