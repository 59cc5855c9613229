/** From a file's name to a configuration in the core's own form, or every fault at its line. */

import { readFileSync } from "node:fs";
import { err, ok, type Result } from "../../base/result.ts";
import type {
  CommonConfig,
  ConfigFault,
  HostFacts,
  Program,
  Resolved,
  RunOptions,
} from "../program.ts";
import { boardValues } from "./boards.ts";
import { toFaults } from "./issues.ts";
import {
  formatFault,
  type LocatedFault,
  merge,
  parsePath,
  placeOf,
  type Table,
  toPlain,
} from "./located.ts";
import { takeOutPlanned } from "./planned.ts";
import { hideSecrets, readKeyFiles } from "./secrets.ts";
import { parseToml } from "./toml.ts";

/** A configuration that may be run. */
export interface LoadedConfig<FileConfig, CoreConfig> extends Resolved<CoreConfig> {
  /** Every key with its default, in the file's form; holds secrets. */
  readonly config: FileConfig;
  /** The same for people: secrets hidden. */
  readonly shown: unknown;
}

/** Reads everything anew: configuration, board, key files. The faults are ready to print. */
export function loadConfig<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  options: RunOptions,
  host: HostFacts,
): Result<LoadedConfig<FileConfig, CoreConfig>, readonly string[]> {
  const read = readValues(program.role, options);
  if (!read.ok) return read;
  const root = read.value;
  const refused = takeOutPlanned(root, program.planned);
  const parsed = program.schema.safeParse(toPlain(root), { reportInput: true });
  if (!parsed.success) {
    return err(lines([...refused, ...toFaults(parsed.error, program.schema, root)]));
  }
  const place = (fault: ConfigFault) => placeOf(root, parsePath(fault.key));
  const config = parsed.data;
  const faults = [...readKeyFiles(config, options.configFile), ...program.crossCheck(config)];
  const completed = program.complete(config, host);
  if (!completed.ok) faults.push(...completed.error);
  if (!completed.ok || faults.length + refused.length > 0) {
    return err(lines([...refused, ...faults.map((fault) => ({ ...fault, ...place(fault) }))]));
  }
  const shown = hideSecrets(completed.value);
  return ok({ ...program.resolve(completed.value), config: completed.value, shown });
}

/** In the order in which they stand in the files. */
function lines(faults: readonly LocatedFault[]): string[] {
  return [...faults]
    .sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
    .map(formatFault);
}

function readValues(
  role: "fa" | "mn" | "ha",
  options: RunOptions,
): Result<Table, readonly string[]> {
  const { configFile, board } = options;
  let text: string;
  try {
    text = readFileSync(configFile, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return err([`${configFile}:1: cannot be read (${code}), must be a TOML file`]);
  }
  const own = parseToml(configFile, text);
  if (!own.ok) return err([formatFault(own.error)]);
  if (board === undefined) return own;
  const under = boardValues(board, role);
  return under.ok ? ok(merge(under.value, own.value)) : err([`--board: ${under.error}`]);
}
