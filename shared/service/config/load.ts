/** From a file's name to a configuration in the core's own form, or every fault at its line. */

import { readFileSync } from "node:fs";
import { err, ok, type Result } from "../../base/result.ts";
import type {
  CommonConfig,
  ConfigFault,
  ConfigRules,
  HostFacts,
  Resolved,
  RunOptions,
} from "../program.ts";
import { boardValues } from "./boards.ts";
import { toFaults } from "./issues.ts";
import { jsonSchema } from "./json-schema.ts";
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
import { isUci, parseUci } from "./uci.ts";
import { uciTable } from "./uci-table.ts";

/** A configuration that may be run. */
export interface LoadedConfig<FileConfig, CoreConfig> extends Resolved<CoreConfig> {
  /** Every key with its default, in the file's form; holds secrets. */
  readonly config: FileConfig;
  /** The same for people: secrets hidden. */
  readonly shown: unknown;
}

/** Reads everything anew: configuration, board, key files. The faults are ready to print. */
export function loadConfig<FileConfig extends CommonConfig, CoreConfig>(
  rules: ConfigRules<FileConfig, CoreConfig>,
  options: RunOptions,
  host: HostFacts,
): Result<LoadedConfig<FileConfig, CoreConfig>, readonly string[]> {
  const read = readValues(rules, options);
  if (!read.ok) return read;
  const root = read.value;
  const refused = takeOutPlanned(root, rules.planned);
  const parsed = rules.schema.safeParse(toPlain(root), { reportInput: true });
  if (!parsed.success) {
    return err(lines([...refused, ...toFaults(parsed.error, rules.schema, root)]));
  }
  const place = (fault: ConfigFault) => placeOf(root, parsePath(fault.key));
  const config = parsed.data;
  const faults = [...readKeyFiles(config, options.configFile), ...rules.crossCheck(config)];
  const completed = rules.complete(config, host);
  if (!completed.ok) faults.push(...completed.error);
  if (!completed.ok || faults.length + refused.length > 0) {
    return err(lines([...refused, ...faults.map((fault) => ({ ...fault, ...place(fault) }))]));
  }
  const shown = hideSecrets(completed.value);
  return ok({ ...rules.resolve(completed.value), config: completed.value, shown });
}

/** In the order in which they stand in the files. */
function lines(faults: readonly LocatedFault[]): string[] {
  return [...faults]
    .sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
    .map(formatFault);
}

function readValues<FileConfig extends CommonConfig, CoreConfig>(
  rules: ConfigRules<FileConfig, CoreConfig>,
  { configFile, board }: RunOptions,
): Result<Table, readonly string[]> {
  let text: string;
  try {
    // Some editors begin a file with a byte order mark.
    text = readFileSync(configFile, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return err([`${configFile}:1: cannot be read (${code}), must be a TOML or UCI file`]);
  }
  const own = isUci(text) ? readUci(rules, configFile, text) : readToml(configFile, text);
  if (!own.ok || board === undefined) return own;
  const under = boardValues(board, rules.role);
  return under.ok ? ok(merge(under.value, own.value)) : err([`--board: ${under.error}`]);
}

function readToml(file: string, text: string): Result<Table, readonly string[]> {
  const parsed = parseToml(file, text);
  return parsed.ok ? parsed : err([formatFault(parsed.error)]);
}

function readUci<FileConfig extends CommonConfig, CoreConfig>(
  { schema, planned }: ConfigRules<FileConfig, CoreConfig>,
  file: string,
  text: string,
): Result<Table, readonly string[]> {
  const sections = parseUci(file, text);
  if (!sections.ok) return err([formatFault(sections.error)]);
  const shape = jsonSchema(schema);
  const read = uciTable(file, sections.value, shape, planned);
  return read.ok ? read : err(read.error.map(formatFault));
}
