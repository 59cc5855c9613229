/** What a reload cannot change while the program runs. */

import { isDeepStrictEqual } from "node:util";
import type { CommonConfig } from "../program.ts";
import type { Loaded } from "./parts.ts";

/** The keys in which two configurations differ although only a new start can tell. */
export function fixedKeys<Config extends CommonConfig, CoreConfig>(
  before: Loaded<Config, CoreConfig>,
  after: Loaded<Config, CoreConfig>,
): string[] {
  const pairs = {
    control: [before.config.control, after.config.control],
    dataplane: [before.config.dataplane, after.config.dataplane],
    "journal path": [before.journalPath, after.journalPath],
  };
  return Object.entries(pairs).flatMap(([key, [old, now]]) =>
    isDeepStrictEqual(old, now) ? [] : [key],
  );
}
