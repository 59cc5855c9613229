/** The rules of the foreign agent's configuration. */

import type { ConfigRules } from "../shared/service/program.ts";
import { type FaConfig, faPlanned, faSchema } from "./config.ts";
import { completeFa, crossCheckFa } from "./config-checks.ts";
import { resolveFa } from "./config-resolve.ts";
import type { FaCoreConfig } from "./core/config.ts";

export const faRules: ConfigRules<FaConfig, FaCoreConfig> = {
  role: "fa",
  schema: faSchema,
  planned: faPlanned,
  complete: completeFa,
  crossCheck: crossCheckFa,
  resolve: resolveFa,
};
