/**
 * The `tun` driver: one persistent TUN device as anchor, routes and rules that point tunnelled
 * traffic at it, and the packets themselves handled here.
 */

import type { Ipv4 } from "../../base/address.ts";
import { Counters } from "../../base/counters.ts";
import { assert, type JsonObject } from "../../base/result.ts";
import type { AddressTakeover } from "../../linux/address-takeover.ts";
import type { KernelNetwork } from "../../linux/kernel-network.ts";
import type { TunnelLinks } from "../../linux/netlink/tunnel-links.ts";
import type { NftPassages } from "../../linux/nft-passages.ts";
import type { NftVisitors } from "../../linux/nft-visitors.ts";
import type { PacketIo, TunDevice } from "../../linux/packet-io.ts";
import type { Sysctls } from "../../linux/sysctl.ts";
import { type Driver, type DriverConfig, type DriverEvents, ForwardingError } from "../driver.ts";
import { Acceleration } from "../ebpf/acceleration.ts";
import { type Marks, marksOf } from "../kernel-objects.ts";
import { ObjectSet } from "../object-set.ts";
import { realizeBase } from "../realize.ts";
import type { RealizeConfig } from "../realized.ts";
import { type ForwardingState, NO_FORWARDING } from "../state.ts";
import { TunnelTable } from "../tunnel-table.ts";
import { AnchorMtu } from "./anchor-mtu.ts";
import { attempt } from "./attempt.ts";
import { DataPath } from "./data-path.ts";
import { DeclaredItems } from "./declared-items.ts";
import { type Choice, chosenDriver, reportChoice } from "./driver-choice.ts";
import { Echoes } from "./echoes.ts";
import { KernelDevices } from "./kernel-devices.ts";
import { KernelState } from "./kernel-state.ts";
import { PathMtuRoutes } from "./path-mtu-routes.ts";
import { Planes } from "./planes.ts";
import { Rereading } from "./rereading.ts";
import { strangerReporter } from "./strangers.ts";
import { Turns } from "./turns.ts";

export interface TunDriverParts extends DriverEvents {
  readonly io: PacketIo;
  readonly config: DriverConfig;
  readonly network: KernelNetwork;
  readonly sysctls: Sysctls;
  readonly nft: NftVisitors;
  readonly takeover: AddressTakeover;
  /** Guards tunnel devices; without `links` there are none. */
  readonly passages: NftPassages;
  readonly links: TunnelLinks | undefined;
}

export class TunDriver implements Driver {
  readonly #parts: TunDriverParts;
  readonly #marks: Marks;
  readonly #objects = new ObjectSet();
  readonly #table = new TunnelTable();
  readonly #counters = new Counters();
  readonly #kernel: KernelState;
  readonly #pathMtu: PathMtuRoutes;
  readonly #planes: Planes;
  readonly #echoes: Echoes;
  readonly #mtu: AnchorMtu;
  readonly #rereading: Rereading;
  readonly #declared: DeclaredItems;
  readonly #acceleration: Acceleration;
  readonly #devices: KernelDevices;
  #realizeConfig: RealizeConfig;
  #tun: TunDevice | undefined;
  #dataPath: DataPath | undefined;
  #configuredLocals: readonly Ipv4[] = [];
  #wanted: ForwardingState = NO_FORWARDING;
  readonly #turns = new Turns(
    () => this.#turn(),
    () => this.#rereading.isDone || this.#objects.isChanged,
  );
  #failures: readonly string[] = [];
  #holdsBase = false;
  /** No state has been applied yet, so what an earlier run left may still be wanted. */
  #isFirst = true;
  #isStopped = false;

  constructor(parts: TunDriverParts) {
    this.#parts = parts;
    this.#marks = marksOf(parts.config.routeTable);
    this.#realizeConfig = { ...parts.config, hasNft: false };
    this.#kernel = new KernelState(parts, this.#marks, this.#objects);
    const { io, network, config } = parts;
    this.#acceleration = new Acceleration({ io, config, marks: this.#marks, mtu: () => this.#mtu });
    this.#planes = new Planes({
      io,
      network,
      marks: this.#marks,
      objects: this.#objects,
      config: () => this.#realizeConfig,
    });
    this.#echoes = new Echoes(
      { to: (remote) => this.#acceleration.counted(this.#table.to(remote)) },
      (...about) => this.#dataPath?.entrance.sendKeepalive(...about),
      parts.path,
      (packet) => this.#dataPath?.deliverOne(packet),
    );
    const devices = () => [this.#marks.anchor, ...this.#planes.devices()];
    this.#mtu = new AnchorMtu(network, devices, config.mtu, this.#table);
    const read = async () => [
      ...(await attempt(async () => this.#tun?.restore?.(this.#mtu.value))),
      ...(await attempt(() => this.#mtu.refresh())),
      ...(await attempt(() => this.#acceleration.attach())),
      ...(await attempt(() => this.#devices.refresh())),
      ...(await attempt(() => this.#kernel.load())),
    ];
    this.#rereading = new Rereading(read, () => this.#applyAgain());
    this.#pathMtu = new PathMtuRoutes(this.#marks, this.#objects, this.#counters, () =>
      this.#applyAgain(),
    );
    this.#devices = new KernelDevices({
      ...parts,
      marks: this.#marks,
      objects: this.#objects,
      table: this.#table,
      realizeConfig: () => this.#realizeConfig,
      mtu: (overhead) => this.#mtu.forOverhead(overhead),
      guard: (clampTo) => this.#kernel.resetPassages(clampTo),
      again: () => this.#applyAgain(),
      dataPath: () => this.#dataPath,
    });
    this.#declared = new DeclaredItems({
      carriers: this.#devices.carriers,
      report: parts.report,
      config: () => this.#realizeConfig,
      objects: this.#objects,
      table: this.#table,
      planes: this.#planes,
      echoes: this.#echoes,
      pathMtu: this.#pathMtu,
      dataPath: () => this.#dataPath,
      mirror: () => this.#acceleration.mirror,
    });
  }

  async start(): Promise<void> {
    const { io, config, network, nft } = this.#parts;
    if (config.role === "fa") await this.#chooseVisitorMarking(nft);
    const mtu = await this.#mtu.choose();
    this.#tun = io.openTun({ name: this.#marks.anchor, mtu });
    this.#dataPath = new DataPath({
      io,
      tun: this.#tun,
      table: this.#table,
      df: config.df,
      counters: this.#counters,
      mtu: () => this.#mtu.value,
      mssClamp: config.mssClamp,
      onTooBig: (...about) => this.#pathMtu.narrow(...about),
      onStranger: strangerReporter(this.#parts),
      onBound: this.#parts.bound,
      onTunnelChanged: (tunnel) => {
        this.#acceleration.mirror?.tunnelChanged(tunnel);
        if (tunnel.isCarried) this.#applyAgain();
      },
    });
    const { waiting, homeGroups } = this.#dataPath;
    await this.#acceleration.start({
      table: this.#table,
      anchor: this.#tun.index,
      isHeld: (address) => waiting.isHeld(address),
      broadcastOf: (address) => homeGroups.broadcastOf(address),
    });
    await this.#kernel.load();
    await this.#devices.start(this.#acceleration.isOn);
    reportChoice(this.#choice, this.#parts.report);
    this.#objects.hold(realizeBase(this.#realizeConfig));
    this.#holdsBase = true;
    network.onChange(() => this.#rereading.lookAgain());
    this.#failures = [
      ...this.#listen(),
      ...(await this.#kernel.reach(this.#objects.takeChanged())),
    ];
    // What is left over from before waits for the first `apply`: it may still be wanted.
    if (this.#failures.length === 0) return;
    this.#parts.report("forwarding-failed", { problems: this.#failures });
  }

  /**
   * What happens to packets here changes at once, whatever is under way; the kernel follows, and
   * while it is brought to one state only the newest other one waits.
   */
  apply(state: ForwardingState): Promise<void> {
    this.#wanted = state;
    if (this.#isStopped) return Promise.resolve();
    if (this.#turns.isWorking) {
      this.#declared.swap(state);
      this.#listen();
    }
    return this.#turns.run();
  }

  inForce(): Promise<void> {
    return this.#turns.inForce();
  }

  renew(): void {
    this.#kernel.renew();
  }

  fence(): void {
    this.#kernel.fence();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#kernel.unfence();
    this.#echoes.close();
    await this.#rereading.close();
    await this.#turns.idle();
    const { network, nft, config } = this.#parts;
    if (this.#tun === undefined) {
      network.close(); // without the device, what bears our marks is another program's
      return;
    }
    this.#pathMtu.clear();
    this.#declared.swap(NO_FORWARDING);
    this.#listen();
    if (this.#holdsBase) this.#objects.release(realizeBase(this.#realizeConfig));
    this.#dataPath?.close();
    this.#devices.clear();
    const failures = await attempt(() => this.#acceleration.remove());
    failures.push(...(await this.#kernel.reach(this.#kernel.allKeys())));
    failures.push(...(await attempt(() => this.#planes.close(undefined))));
    failures.push(...(await attempt(() => this.#devices.remove())));
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
      ...this.#choice,
      interface: this.#marks.anchor,
      mtu: this.#mtu.value,
      ...this.#acceleration.describe(),
      problems: this.#failures,
    };
  }

  tunnels(): readonly JsonObject[] {
    const tunnels = this.#acceleration.counted([...this.#table.tunnels()]);
    return this.#devices.rows(tunnels, this.#acceleration);
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.toJson();
  }

  get #choice(): Choice {
    const better = { ebpf: this.#acceleration, kernel: this.#devices };
    return chosenDriver(this.#parts.config, better);
  }

  async #chooseVisitorMarking(nft: NftVisitors): Promise<void> {
    const hasNft = await nft.isUsable();
    this.#realizeConfig = { ...this.#realizeConfig, hasNft };
    if (hasNft) return;
    const message =
      "nft cannot be used: visitors are told apart by source address alone, with a rule each";
    this.#parts.report("forwarding-note", { message });
  }

  /** Brings the kernel to the newest state; what failed, a line each. */
  async #turn(): Promise<string[]> {
    this.#kernel.unfence();
    this.#declared.swap(this.#wanted);
    const failures = this.#listen();
    failures.push(...this.#planes.open(this.#mtu.value, this.#dataPath));
    failures.push(...(await attempt(() => this.#acceleration.fitMtu())));
    failures.push(...(await this.#devices.prepare(() => this.#declared.turn())));
    // What is taken up while the kernel is brought here waits for the next time round.
    const settle = this.#dataPath?.waiting.settler();
    const inForce = this.#turns.taken();
    let keys: Iterable<string> = this.#objects.takeChanged();
    if (this.#isFirst) {
      this.#isFirst = false;
      failures.push(...(await attempt(() => this.#acceleration.settle())));
      if (this.#realizeConfig.hasNft) failures.push(...(await this.#kernel.resetVisitors()));
      failures.push(...(await attempt(() => this.#planes.removeLeftovers())));
      keys = this.#kernel.allKeys();
    }
    const unread = this.#rereading.take();
    if (unread !== undefined) {
      failures.push(...unread);
      keys = this.#kernel.allKeys();
    }
    failures.push(
      ...(await this.#kernel.reach(keys, settle, () => this.#dataPath?.waiting.follow())),
    );
    this.#devices.settle();
    inForce();
    failures.push(...(await attempt(() => this.#planes.close(this.#dataPath))));
    failures.push(...(await attempt(() => this.#devices.close())));
    this.#failures = failures;
    return failures;
  }

  #listen(): string[] {
    try {
      const locals = new Set([...this.#configuredLocals, ...this.#table.locals()]);
      this.#dataPath?.listen(locals, this.#table.udpEnds());
      this.#devices.leaveOut();
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  #applyAgain(): void {
    if (this.#isFirst || this.#isStopped) return;
    this.apply(this.#wanted).catch((error: unknown) => {
      assert(error instanceof ForwardingError, String(error));
      this.#parts.report("forwarding-failed", { problems: error.failures });
    });
  }
}
