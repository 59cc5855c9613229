/** The foreign agent, running. */

import type { Engine } from "../shared/service/program.ts";
import { BridgeTriggers } from "./bridge.ts";
import type { FaConfig } from "./config.ts";
import type { FaCoreConfig } from "./core/config.ts";
import { ForeignAgent } from "./core/foreign-agent.ts";
import { HostapdTriggers } from "./hostapd.ts";
import { faMetrics } from "./metrics.ts";
import { together } from "./stations.ts";

export const faEngine: Engine<FaConfig, FaCoreConfig> = {
  createCore: (config, random) => new ForeignAgent(config, random),
  createTriggers: (context) => together(new HostapdTriggers(context), new BridgeTriggers(context)),
  metrics: faMetrics,
};
