/** Access points run by hostapd: stations that come and go there are told to the core. */

import { type Mac, parseMac } from "../shared/base/address.ts";
import { ControlInterface } from "../shared/service/triggers/control-interface.ts";
import type { TriggerContext, Triggers } from "../shared/service/triggers/triggers.ts";
import type { FaConfig } from "./config.ts";
import { tellStation } from "./stations.ts";

type News = "arrived" | "left";

/**
 * Milliseconds. hostapd tells of a station when its answer to the association has left, and what is sent
 * before the station has worked that off is lost. A node that speaks for itself (FBU) is served sooner.
 */
const ARRIVAL_MS = 30;

const NEWS: Readonly<Record<string, News>> = {
  "AP-STA-CONNECTED": "arrived",
  "AP-STA-DISCONNECTED": "left",
};

/** `undefined`: an event of something else. */
export function stationEvent(
  event: string,
): { readonly news: News; readonly mac: Mac } | undefined {
  const [name = "", address = ""] = event.split(" ");
  const news = Object.hasOwn(NEWS, name) ? NEWS[name] : undefined;
  const mac = parseMac(address);
  return news === undefined || mac === undefined ? undefined : { news, mac };
}

export class HostapdTriggers implements Triggers<FaConfig> {
  readonly #context: TriggerContext;
  readonly #open = new Map<string, ControlInterface>();
  /** Stations that have just come: what takes the word of it back. */
  readonly #arriving = new Map<Mac, () => void>();

  constructor(context: TriggerContext) {
    this.#context = context;
  }

  rewire({ fast_handover: { enabled, hostapd } }: FaConfig): void {
    const wanted = new Set(enabled ? hostapd : []);
    for (const [path, connection] of this.#open) {
      if (wanted.has(path)) continue;
      connection.close();
      this.#open.delete(path);
      this.#context.problems.drop(`hostapd ${path}`);
    }
    for (const path of wanted) {
      if (!this.#open.has(path)) this.#open.set(path, this.#connect(path));
    }
  }

  close(): void {
    for (const connection of this.#open.values()) connection.close();
    for (const cancel of this.#arriving.values()) cancel();
    this.#open.clear();
    this.#arriving.clear();
  }

  #connect(path: string): ControlInterface {
    const { clock, io, problems } = this.#context;
    return new ControlInterface({
      path,
      clock,
      open: (file) => io.openLocal(file),
      onEvent: (event) => this.#take(event),
      onState: (text) => problems.set(`hostapd ${path}`, text),
    });
  }

  #take(event: string): void {
    const station = stationEvent(event);
    if (station === undefined) return;
    const { news, mac } = station;
    this.#arriving.get(mac)?.();
    this.#arriving.delete(mac);
    if (news === "left") {
      tellStation(this.#context, news, mac);
      return;
    }
    const arrived = (): void => {
      this.#arriving.delete(mac);
      tellStation(this.#context, news, mac);
    };
    this.#arriving.set(mac, this.#context.clock.setTimer(ARRIVAL_MS, arrived));
  }
}
