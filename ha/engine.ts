/** The home agent, running. */

import type { Engine } from "../shared/service/program.ts";
import type { HaConfig } from "./config.ts";
import type { HaCoreConfig } from "./core/config.ts";
import { HomeAgent } from "./core/home-agent.ts";
import { haMetrics } from "./metrics.ts";
import { refuseStoreChange } from "./store/access.ts";

export const haEngine: Engine<HaConfig, HaCoreConfig> = {
  createCore: (config, random) => new HomeAgent(config, random),
  createStore: ({ store }, clock) =>
    store.kind === "redis"
      ? import("./store/create.ts").then(({ createRedisStore }) => createRedisStore(store, clock))
      : undefined,
  refuseReload: refuseStoreChange,
  metrics: haMetrics,
};
