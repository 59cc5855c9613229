/** The rules of the mobile node's configuration. */

import type { ConfigRules } from "../shared/service/program.ts";
import {
  completeMn,
  crossCheckMn,
  type MnConfig,
  mnPlanned,
  mnSchema,
  resolveMn,
} from "./config.ts";
import type { MnSettings } from "./core/config.ts";

export const mnRules: ConfigRules<MnConfig, MnSettings> = {
  role: "mn",
  schema: mnSchema,
  planned: mnPlanned,
  complete: completeMn,
  crossCheck: crossCheckMn,
  resolve: resolveMn,
};
