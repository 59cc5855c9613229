/** The rules of the home agent's configuration. */

import type { ConfigRules } from "../shared/service/program.ts";
import { type HaConfig, haPlanned, haSchema } from "./config.ts";
import { completeHa, crossCheckHa } from "./config-checks.ts";
import { resolveHa } from "./config-resolve.ts";
import type { HaCoreConfig } from "./core/config.ts";

export const haRules: ConfigRules<HaConfig, HaCoreConfig> = {
  role: "ha",
  schema: haSchema,
  planned: haPlanned,
  complete: completeHa,
  crossCheck: crossCheckHa,
  resolve: resolveHa,
};
