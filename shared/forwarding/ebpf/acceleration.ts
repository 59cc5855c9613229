/**
 * The part of the driver that is about the accelerator: may there be one, and what an earlier run
 * left of one. Without it everything here does nothing.
 */

import { removeAttached } from "../../linux/bpf/attachments.ts";
import { Pins } from "../../linux/bpf/pins.ts";
import { readLinkKinds } from "../../linux/netlink/link-kinds.ts";
import { Rtnetlink } from "../../linux/netlink/rtnetlink.ts";
import type { PacketIo } from "../../linux/packet-io.ts";
import { mayLoadPrograms } from "../../linux/privileges.ts";
import type { DriverConfig } from "../driver.ts";
import type { Marks } from "../kernel-objects.ts";
import type { Tunnel } from "../tunnel-table.ts";
import { type Accelerated, Accelerator } from "./accelerator.ts";
import type { Mirror } from "./mirror.ts";

export interface AccelerationParts {
  readonly io: PacketIo;
  readonly config: DriverConfig;
  readonly marks: Marks;
  readonly mtu: () => FittingMtu;
}

/** The MTU of the anchor (tun/anchor-mtu.ts). */
interface FittingMtu {
  readonly value: number;
  readonly isStale: boolean;
  update(): Promise<void>;
}

/** What the driver says of itself when it starts. */
type About = Omit<Accelerated, "anchorMtu">;

const NO_CAPABILITIES =
  "it takes CAP_BPF and CAP_PERFMON, which root keeps where dataplane.driver is ebpf";
const NO_HELPER = "it takes the native helper, which this machine does not have";

export class Acceleration {
  readonly #parts: AccelerationParts;
  #accelerator: Accelerator | undefined;
  /** Why there is none, though `auto` would have it. */
  lack: string | undefined;

  constructor(parts: AccelerationParts) {
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#accelerator !== undefined;
  }

  get mirror(): Mirror | undefined {
    return this.#accelerator?.mirror;
  }

  /** Rejects where the configuration asks for what cannot be. */
  async start(about: About): Promise<void> {
    const { driver } = this.#parts.config;
    if (driver === "ebpf") await this.#load(about);
    else if (driver === "auto") this.lack = await this.#tryToLoad(about);
  }

  /** What the first state does not want of what an earlier run left goes: without it all of it. */
  async settle(): Promise<void> {
    this.mirror?.settle();
    if (!this.isOn) await this.#removeLeftovers();
  }

  /** Programs are where they should be, on the links that there are now. */
  async attach(): Promise<void> {
    await this.#accelerator?.attach();
  }

  /** The anchor has the MTU that it should have, and the programs know. */
  async fitMtu(): Promise<void> {
    const mtu = this.#parts.mtu();
    if (mtu.isStale) await mtu.update();
    this.mirror?.settingsChanged();
  }

  /** Tunnels with what the kernel has counted for them, too. */
  counted(tunnels: readonly Tunnel[]): readonly Tunnel[] {
    for (const tunnel of tunnels) this.mirror?.refresh(tunnel);
    return tunnels;
  }

  /** For `status`. */
  describe(): ReturnType<Accelerator["describe"]> | undefined {
    return this.#accelerator?.describe();
  }

  /** Takes everything away that it made. */
  async remove(): Promise<void> {
    await this.#accelerator?.remove();
  }

  async #load(about: About): Promise<void> {
    const { config, mtu, ...more } = this.#parts;
    const anchorMtu = () => mtu().value;
    const accelerator = new Accelerator({ ...about, ...config, ...more, anchorMtu });
    try {
      await accelerator.attach();
    } catch (error) {
      await accelerator.remove();
      throw error;
    }
    this.#accelerator = accelerator;
  }

  /** Why it cannot be. */
  async #tryToLoad(about: About): Promise<string | undefined> {
    if (!this.#parts.io.capabilities.has("netlink")) return NO_HELPER;
    // Asked for first: a sandbox may end who calls bpf(2) without being allowed to.
    if (!mayLoadPrograms()) return NO_CAPABILITIES;
    try {
      await this.#load(about);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Of a run with programs that was killed; this one goes without. */
  async #removeLeftovers(): Promise<void> {
    const { io, marks } = this.#parts;
    Pins.open(marks.anchor)?.removeAll();
    if (!io.capabilities.has("netlink")) return;
    const rtnetlink = Rtnetlink.open(io);
    const links = (await readLinkKinds(rtnetlink)).map(({ index }) => index);
    await removeAttached(rtnetlink, links, marks.table & 0xffff);
    rtnetlink.close();
  }
}
