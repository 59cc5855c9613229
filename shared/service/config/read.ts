/** Reads a configuration with what that needs, which nothing else does: the schema, zod, a TOML parser. */

import type { Result } from "../../base/result.ts";
import type { CommonConfig, HostFacts, Program, RunOptions } from "../program.ts";
import type { LoadedConfig } from "./load.ts";

/**
 * Where zod keeps its settings and descriptions, and by them itself and every schema: some 3 MB that a
 * program which has read its configuration has no use for. What still holds a schema holds these too.
 */
const HELD_BY = ["__zod_globalConfig", "__zod_globalRegistry"];

export async function readConfig<FileConfig extends CommonConfig, CoreConfig>(
  program: Pick<Program<FileConfig, CoreConfig>, "rules">,
  options: RunOptions,
  host: HostFacts,
): Promise<Result<LoadedConfig<FileConfig, CoreConfig>, readonly string[]>> {
  const { loadConfig } = await import("./load.ts");
  const loaded = loadConfig(await program.rules(), options, host);
  for (const name of HELD_BY) Reflect.deleteProperty(globalThis, name);
  return loaded;
}
