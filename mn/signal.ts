/**
 * A signal that gets weak at a station (nl80211): a stronger access point of the same network is made
 * ready for the handover, and then wpa_supplicant is told to change to it, where it is named.
 */

import type { Found, WirelessEvent } from "../shared/linux/nl80211/messages.ts";
import { Radio } from "../shared/linux/nl80211/radio.ts";
import { explainError } from "../shared/service/runtime/explain.ts";
import { ControlInterface } from "../shared/service/triggers/control-interface.ts";
import type { TriggerContext, Triggers } from "../shared/service/triggers/triggers.ts";
import type { MnConfig } from "./config.ts";

/** Milliseconds: what was heard longer ago is no reason to go there. */
const HEARD_MAX = 30_000;
/** Milliseconds that a handover may be prepared; the link is changed then, whatever the answer. */
const PREPARE_MAX = 1000;
/** Milliseconds between two handovers of one interface. */
const PAUSE = 5000;

interface Settings {
  /** dBm. */
  readonly threshold: number;
  /** dB. */
  readonly hysteresis: number;
  /** dB. */
  readonly advantage: number;
  /** Folder of wpa_supplicant's control sockets. */
  readonly supplicant: string | undefined;
  readonly interfaces: readonly string[];
}

interface Station {
  readonly name: string;
  readonly index: number;
  readonly supplicant: ControlInterface | undefined;
  isLow: boolean;
  isBusy: boolean;
  movedAt: number;
}

function settingsOf({ fast_handover: file, interface: links }: MnConfig): Settings | undefined {
  if (!file.enabled || file.signal_threshold === undefined) return undefined;
  return {
    threshold: file.signal_threshold,
    hysteresis: file.signal_hysteresis,
    advantage: file.signal_advantage,
    supplicant: file.supplicant,
    interfaces: links.map(({ name }) => name),
  };
}

/** The strongest other access point of the network, if it is so much stronger than ours. */
export function strongest(found: readonly Found[], advantage: number): Found | undefined {
  const ours = found.find(({ isOurs }) => isOurs);
  if (ours === undefined) return undefined;
  const others = found.filter(
    ({ isOurs, network, age, signal }) =>
      !isOurs && network === ours.network && age <= HEARD_MAX && signal >= ours.signal + advantage,
  );
  return others.sort((a, b) => b.signal - a.signal)[0];
}

export class SignalTriggers implements Triggers<MnConfig> {
  readonly #context: TriggerContext;
  readonly #stations = new Map<number, Station>();
  #settings: Settings | undefined;
  #radio: Radio | undefined;
  /** Of the settings that a radio was opened for. */
  #generation = 0;

  constructor(context: TriggerContext) {
    this.#context = context;
  }

  rewire(config: MnConfig): void {
    const settings = settingsOf(config);
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.close();
    this.#settings = settings;
    if (settings !== undefined) void this.#open(this.#generation);
  }

  hostChanged(): void {
    if (this.#radio !== undefined) this.#arm();
    else if (this.#settings !== undefined) void this.#open(this.#generation);
  }

  close(): void {
    this.#generation++;
    this.#settings = undefined;
    this.#radio?.close();
    this.#radio = undefined;
    for (const station of this.#stations.values()) this.#drop(station);
    this.#context.problems.drop("signal");
  }

  async #open(generation: number): Promise<void> {
    const radio = await Radio.open(this.#context.io);
    if (generation !== this.#generation || this.#radio !== undefined) {
      radio?.close();
      return;
    }
    const none = "there is no nl80211 here, so no signal to watch";
    this.#context.problems.set("signal", radio === undefined ? none : undefined);
    radio?.onEvent((event) => this.#take(event));
    this.#radio = radio;
    this.#arm();
  }

  /** Watches the interfaces that are there. */
  #arm(): void {
    const settings = this.#settings;
    if (this.#radio === undefined || settings === undefined) return;
    const { monitor } = this.#context;
    const indexes = new Map<number, string>();
    for (const name of settings.interfaces) {
      const index = monitor.link(name)?.index;
      if (index !== undefined) indexes.set(index, name);
    }
    for (const station of this.#stations.values()) {
      if (indexes.get(station.index) !== station.name) this.#drop(station);
    }
    for (const [index, name] of indexes) {
      if (this.#stations.has(index)) continue;
      const supplicant = this.#supplicant(name, settings);
      const fresh = { isLow: false, isBusy: false, movedAt: Number.NEGATIVE_INFINITY };
      const station: Station = { name, index, supplicant, ...fresh };
      this.#stations.set(index, station);
      void this.#watch(station);
    }
  }

  #drop(station: Station): void {
    this.#stations.delete(station.index);
    station.supplicant?.close();
    this.#context.problems.drop(`signal of ${station.name}`);
    this.#context.problems.drop(`supplicant of ${station.name}`);
  }

  #supplicant(name: string, { supplicant: folder }: Settings): ControlInterface | undefined {
    if (folder === undefined) return undefined;
    const { io, clock, problems } = this.#context;
    return new ControlInterface({
      path: `${folder}/${name}`,
      clock,
      open: (path) => io.openLocal(path),
      onEvent: () => {},
      onState: (problem) => problems.set(`supplicant of ${name}`, problem),
    });
  }

  async #watch({ name, index }: Station): Promise<void> {
    const settings = this.#settings;
    if (settings === undefined) return;
    const { problems } = this.#context;
    const key = `signal of ${name}`;
    try {
      await this.#radio?.watchSignal(index, settings.threshold, settings.hysteresis);
      problems.set(key, undefined);
    } catch (error) {
      if (this.#stations.has(index)) problems.set(key, explainError(error));
    }
  }

  #take(event: WirelessEvent): void {
    const station = this.#stations.get(event.index);
    if (station === undefined) return;
    if (event.kind === "connected") {
      station.isLow = false;
      // Drivers forget the threshold with the access point.
      void this.#watch(station);
    } else if (event.kind === "signal") {
      station.isLow = event.isLow;
      this.#context.counters.add(event.isLow ? "signal-low" : "signal-high");
      if (event.isLow) void this.#leave(station, true);
    } else if (event.kind === "scanned" && station.isLow) {
      void this.#leave(station, false);
    }
  }

  /** Goes to a stronger access point; where none is known, `mayScan` looks for one. */
  async #leave(station: Station, mayScan: boolean): Promise<void> {
    const { clock, counters } = this.#context;
    const now = clock.now().monotonic;
    if (station.isBusy || now < station.movedAt + PAUSE) return;
    station.isBusy = true;
    try {
      const found = (await this.#radio?.found(station.index)) ?? [];
      const next = strongest(found, this.#settings?.advantage ?? 0);
      if (next === undefined) {
        if (mayScan) await station.supplicant?.request("SCAN");
        return;
      }
      counters.add("signal-handovers");
      station.movedAt = now;
      await this.#prepare(next.mac);
      await station.supplicant?.request(`ROAM ${next.mac}`);
    } catch {
      // The interface has gone meanwhile.
    } finally {
      station.isBusy = false;
    }
  }

  #prepare(to: string): Promise<void> {
    const { clock, command } = this.#context;
    return new Promise((resolve) => {
      const cancel = clock.setTimer(PREPARE_MAX, resolve);
      void command("handover", { to, agent: null }).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
