/** The mobile node, running. */

import type { Engine } from "../shared/service/program.ts";
import type { MnConfig } from "./config.ts";
import type { MnSettings } from "./core/config.ts";
import { MobileNode } from "./core/mobile-node.ts";
import { mnMetrics } from "./metrics.ts";
import { SignalTriggers } from "./signal.ts";

export const mnEngine: Engine<MnConfig, MnSettings> = {
  createCore: (config, random) => new MobileNode(config, random),
  createTriggers: (context) => new SignalTriggers(context),
  metrics: mnMetrics,
};
