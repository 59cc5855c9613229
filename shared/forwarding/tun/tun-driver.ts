/**
 * The `tun` driver: one persistent TUN device as anchor, routes and rules that point tunnelled
 * traffic at it, and the packets themselves handled here.
 */

import { formatIpv4, type Ipv4 } from "../../base/address.ts";
import { Counters } from "../../base/counters.ts";
import { assert, type JsonObject } from "../../base/result.ts";
import type { AddressTakeover } from "../../linux/address-takeover.ts";
import type { KernelNetwork } from "../../linux/kernel-network.ts";
import type { NftVisitors } from "../../linux/nft-visitors.ts";
import type { PacketIo, TunDevice } from "../../linux/packet-io.ts";
import type { Sysctls } from "../../linux/sysctl.ts";
import { type Driver, type DriverConfig, ForwardingError } from "../driver.ts";
import { OUTER_HEADER } from "../ipip.ts";
import { type Marks, marksOf } from "../kernel-objects.ts";
import { ObjectSet } from "../object-set.ts";
import { changedKeys } from "../persistent-map.ts";
import { type RealizeConfig, realize, realizeBase } from "../realize.ts";
import { type ForwardingState, NO_FORWARDING } from "../state.ts";
import { type Tunnel, type TunnelEntry, TunnelTable } from "../tunnel-table.ts";
import { DataPath } from "./data-path.ts";
import { KernelState } from "./kernel-state.ts";
import { PathMtuRoutes } from "./path-mtu-routes.ts";

export interface TunDriverParts {
  readonly io: PacketIo;
  readonly config: DriverConfig;
  readonly network: KernelNetwork;
  readonly sysctls: Sysctls;
  readonly nft: NftVisitors;
  readonly takeover: AddressTakeover;
  /** `tunnel-up`, `tunnel-down`, `dropped`, `forwarding-failed`, `forwarding-note`. */
  readonly report: (event: string, fields: JsonObject) => void;
}

/** RFC 791: what every link must carry. */
const SMALLEST_MTU = 68;
const USUAL_MTU = 1500;
/** A link that changes says so several times. */
const SETTLE_MS = 50;
/** A flood of packets from strangers is reported this often. */
const REPORT_INTERVAL_MS = 1000;

export class TunDriver implements Driver {
  readonly #parts: TunDriverParts;
  readonly #marks: Marks;
  readonly #objects = new ObjectSet();
  readonly #table = new TunnelTable();
  readonly #counters = new Counters();
  readonly #kernel: KernelState;
  readonly #pathMtu: PathMtuRoutes;
  #realizeConfig: RealizeConfig;
  #tun: TunDevice | undefined;
  #dataPath: DataPath | undefined;
  #mtu = 0;
  #configuredLocals: readonly Ipv4[] = [];
  #items: ForwardingState = NO_FORWARDING;
  #wanted: ForwardingState = NO_FORWARDING;
  #running: Promise<void> = Promise.resolve();
  #isWorking = false;
  #failures: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStale = false;
  #holdsBase = false;
  /** No state has been applied yet, so what an earlier run left may still be wanted. */
  #isFirst = true;
  #isStopped = false;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: TunDriverParts) {
    this.#parts = parts;
    this.#marks = marksOf(parts.config.routeTable);
    this.#realizeConfig = { ...parts.config, hasNft: false };
    this.#kernel = new KernelState(parts, this.#marks, this.#objects);
    this.#pathMtu = new PathMtuRoutes(this.#marks, this.#objects, this.#counters, () =>
      this.#applyAgain(),
    );
  }

  async start(): Promise<void> {
    const { io, config, network, nft } = this.#parts;
    if (config.role === "fa") await this.#chooseVisitorMarking(nft);
    this.#mtu = await this.#chooseMtu();
    this.#tun = io.openTun({ name: this.#marks.anchor, mtu: this.#mtu });
    this.#dataPath = new DataPath({
      io,
      tun: this.#tun,
      table: this.#table,
      df: config.df,
      counters: this.#counters,
      onTooBig: (destination, mtu) => this.#pathMtu.narrow(destination, mtu),
      onStranger: (remote, source) => this.#reportStranger(remote, source),
    });
    await this.#kernel.load();
    this.#objects.hold(realizeBase(this.#realizeConfig));
    this.#holdsBase = true;
    network.onChange(() => this.#lookAgain());
    this.#failures = [
      ...this.#listen(),
      ...(await this.#kernel.reach(this.#objects.takeChanged())),
    ];
    // What is left over from before waits for the first `apply`: it may still be wanted.
    if (this.#failures.length === 0) return;
    this.#parts.report("forwarding-failed", { problems: this.#failures });
  }

  /** While one state is being applied only the newest other one waits. */
  apply(state: ForwardingState): Promise<void> {
    this.#wanted = state;
    if (this.#isStopped) return Promise.resolve();
    // Set before any work, since what the work reports may lead back here.
    if (this.#isWorking) return this.#running;
    this.#isWorking = true;
    this.#running = this.#work().finally(() => {
      this.#isWorking = false;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running.catch(() => undefined);
    const { network, nft, config } = this.#parts;
    if (this.#tun === undefined) {
      network.close(); // without the device, what bears our marks is another program's
      return;
    }
    this.#pathMtu.clear();
    this.#swapItems(NO_FORWARDING);
    if (this.#holdsBase) this.#objects.release(realizeBase(this.#realizeConfig));
    this.#dataPath?.close();
    const failures = await this.#kernel.reach(this.#kernel.allKeys());
    if (config.role === "fa") await nft.remove();
    this.#tun?.close();
    try {
      await network.deleteLink(this.#marks.anchor);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    network.close();
    if (failures.length > 0) throw new ForwardingError(failures);
  }

  setTunnelAddresses(addresses: readonly Ipv4[]): void {
    this.#configuredLocals = addresses;
    if (this.#dataPath !== undefined) this.#failures = this.#listen();
  }

  status(): JsonObject {
    return {
      driver: "tun",
      interface: this.#marks.anchor,
      mtu: this.#mtu,
      problems: this.#failures,
    };
  }

  tunnels(): readonly JsonObject[] {
    return [...this.#table.tunnels()].map((tunnel) => ({
      ...endsOf(tunnel),
      driver: "tun",
      interface: this.#marks.anchor,
      home_addresses: tunnel.homeAddresses,
      packets_in: tunnel.packetsIn,
      packets_out: tunnel.packetsOut,
      bytes_in: tunnel.bytesIn,
      bytes_out: tunnel.bytesOut,
    }));
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.toJson();
  }

  async #chooseVisitorMarking(nft: NftVisitors): Promise<void> {
    const hasNft = await nft.isUsable();
    this.#realizeConfig = { ...this.#realizeConfig, hasNft };
    if (hasNft) return;
    const message =
      "nft cannot be used: visitors are told apart by source address alone, with a rule each";
    this.#parts.report("forwarding-note", { message });
  }

  /** RFC 2003 §5.1: what is left of the path's MTU under the outer header. */
  async #chooseMtu(): Promise<number> {
    const { config, network } = this.#parts;
    if (config.mtu > 0) return config.mtu;
    return Math.max(SMALLEST_MTU, ((await network.uplinkMtu()) ?? USUAL_MTU) - OUTER_HEADER);
  }

  async #work(): Promise<void> {
    let failures: string[];
    do {
      const target = this.#wanted;
      failures = this.#swapItems(target);
      let keys: Iterable<string> = this.#objects.takeChanged();
      if (this.#isFirst) {
        this.#isFirst = false;
        if (this.#realizeConfig.hasNft) failures.push(...(await this.#kernel.resetVisitors()));
        keys = this.#kernel.allKeys();
      }
      if (this.#isStale) {
        this.#isStale = false;
        failures.push(...(await this.#refresh()));
        keys = this.#kernel.allKeys();
      }
      failures.push(...(await this.#kernel.reach(keys)));
    } while (this.#items !== this.#wanted || this.#isStale || this.#objects.isChanged);
    this.#failures = failures;
    if (failures.length > 0) throw new ForwardingError(failures);
  }

  /** Tunnel entries and wanted objects of another state, at once; what changed costs, no more. */
  #swapItems(state: ForwardingState): string[] {
    for (const key of changedKeys(this.#items, state)) {
      const before = this.#items.get(key);
      const now = state.get(key);
      const made = now === undefined ? undefined : realize(now, this.#realizeConfig);
      const left = before === undefined ? undefined : realize(before, this.#realizeConfig);
      // Holding before releasing: what both have never seems to be gone.
      this.#objects.hold(made?.objects ?? []);
      this.#objects.release(left?.objects ?? []);
      this.#swapEntries(made?.tunnels ?? [], left?.tunnels ?? []);
    }
    this.#items = state;
    return this.#listen();
  }

  #swapEntries(added: readonly TunnelEntry[], removed: readonly TunnelEntry[]): void {
    const { report } = this.#parts;
    for (const entry of added) {
      const tunnel = this.#table.add(entry);
      if (tunnel !== undefined) report("tunnel-up", endsOf(tunnel));
    }
    for (const entry of removed) {
      const tunnel = this.#table.remove(entry);
      if (tunnel !== undefined) report("tunnel-down", endsOf(tunnel));
      // RFC 5944 §4.2.3: without a binding nothing is intercepted, narrow path or not.
      const isOut = entry.direction === "out" && entry.match === "destination";
      if (isOut && !this.#table.hasOut(entry.address)) this.#pathMtu.forget(entry.address);
    }
  }

  #listen(): string[] {
    try {
      this.#dataPath?.listen(new Set([...this.#configuredLocals, ...this.#table.locals()]));
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  /** A link or a setting changed: what it took with it is made again. */
  #lookAgain(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isStale = true;
      this.#applyAgain();
    }, SETTLE_MS);
  }

  #applyAgain(): void {
    if (this.#isFirst || this.#isStopped) return;
    this.apply(this.#wanted).catch((error: unknown) => {
      assert(error instanceof ForwardingError, String(error));
      this.#parts.report("forwarding-failed", { problems: error.failures });
    });
  }

  async #refresh(): Promise<string[]> {
    try {
      const mtu = await this.#chooseMtu();
      if (mtu !== this.#mtu) await this.#parts.network.setMtu(this.#marks.anchor, mtu);
      this.#mtu = mtu;
      await this.#kernel.load();
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  /** RFC 3024 §4.3.2: a security exception at the home agent; RFC 5944 §4.2.2: silent at an FA. */
  #reportStranger(remote: Ipv4, source: Ipv4): void {
    if (this.#parts.config.role !== "ha") return;
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    this.#parts.report("dropped", {
      reason: "tunnel-no-binding",
      care_of_address: formatIpv4(remote),
      home_address: formatIpv4(source),
    });
  }
}

function endsOf({ local, remote, encapsulation }: Tunnel): JsonObject {
  return { local: formatIpv4(local), remote: formatIpv4(remote), encapsulation };
}
