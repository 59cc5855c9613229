/** Access points run by hostapd: stations that come and go there are told to the core. */

import { type Mac, parseMac } from "../shared/base/address.ts";
import { ControlInterface } from "../shared/service/triggers/control-interface.ts";
import type { TriggerContext, Triggers } from "../shared/service/triggers/triggers.ts";
import type { FaConfig } from "./config.ts";
import { tellStation } from "./stations.ts";

type News = "arrived" | "left";

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
    this.#open.clear();
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
    if (station !== undefined) tellStation(this.#context, station.news, station.mac);
  }
}
