/**
 * Access points behind the ports of a bridge that is a link of the agent: who sends its first frame
 * there has come, who was behind a port that goes down has left.
 */

import { BridgeStations } from "../shared/linux/netlink/bridge-stations.ts";
import { explainError } from "../shared/service/runtime/explain.ts";
import type { TriggerContext, Triggers } from "../shared/service/triggers/triggers.ts";
import type { FaConfig } from "./config.ts";
import { tellStation } from "./stations.ts";

const PROBLEM = "stations of bridges";

export class BridgeTriggers implements Triggers<FaConfig> {
  readonly #context: TriggerContext;
  /** The agent's links, while fast handovers are on. */
  #links: readonly string[] = [];
  #stations: BridgeStations | undefined;
  /** Name and index of each bridge that is watched. */
  #watched = "";
  #looks = 0;

  constructor(context: TriggerContext) {
    this.#context = context;
  }

  rewire({ fast_handover: { enabled }, interface: links }: FaConfig): void {
    this.#links = enabled ? links.map(({ name }) => name) : [];
    void this.#look();
  }

  hostChanged(): void {
    void this.#look();
  }

  close(): void {
    this.#links = [];
    this.#follow(new Map());
  }

  /** Nobody listens where no link is a bridge: the kernel tells of every neighbour, too. */
  async #look(): Promise<void> {
    const { io, problems } = this.#context;
    const look = ++this.#looks;
    if (!io.capabilities.has("netlink") || this.#links.length === 0) {
      this.#follow(new Map());
      return;
    }
    try {
      const all = await BridgeStations.bridges(io);
      if (look !== this.#looks) return;
      this.#follow(new Map([...all].filter(([name]) => this.#links.includes(name))));
      problems.drop(PROBLEM);
    } catch (error) {
      problems.set(PROBLEM, explainError(error));
    }
  }

  #follow(bridges: ReadonlyMap<string, number>): void {
    const text = JSON.stringify([...bridges]);
    if (text === this.#watched) return;
    this.#stations?.close();
    this.#stations = undefined;
    this.#watched = text;
    if (bridges.size === 0) return;
    this.#stations = new BridgeStations(this.#context.io, new Set(bridges.values()), (news, mac) =>
      tellStation(this.#context, news, mac),
    );
  }
}
