/** Keys: given as `key`, or read from `key_file`, and never shown. */

import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { err, ok, type Result } from "../../base/result.ts";
import type { ConfigFault } from "../program.ts";
import { formatPath, type Path } from "./located.ts";

/** A key file is one line of hex; anything larger is some other file. */
const MAX_KEY_FILE = 4096;

const HIDDEN = "(hidden)";

/** Every table that holds a secret has an SPI too; that is how they are found in any schema. */
function isContext(value: object): value is { key?: string; key_file?: string; spi: number } {
  return "spi" in value;
}

/**
 * Puts the content of every `key_file` into `key`, so that the rest of the program knows one form.
 * A relative path is relative to the configuration's directory.
 */
export function readKeyFiles(config: unknown, configFile: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  walk(config, [], (table, path) => {
    if (!isContext(table)) return;
    if (table.key !== undefined && table.key_file !== undefined) {
      faults.push({
        key: formatPath([...path, "key_file"]),
        message: "given beside key, must be one of the two",
      });
      return;
    }
    if (table.key !== undefined) return;
    if (table.key_file === undefined) {
      faults.push({
        key: formatPath([...path, "key"]),
        message: "missing, must be hex digits, or give key_file",
      });
      return;
    }
    const read = readKeyFile(resolve(dirname(configFile), table.key_file));
    if (read.ok) table.key = read.value;
    else faults.push({ key: formatPath([...path, "key_file"]), message: read.error });
  });
  return faults;
}

/** The same form as `key`: hex digits; white space around them does not count. */
function readKeyFile(path: string): Result<string, string> {
  let content: string;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return err(`${path} is not a file, must be one that holds the key in hex`);
    // Group and others, for reading or writing: who can write it can choose the key.
    if ((stat.mode & 0o066) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      return err(
        `${path} has mode ${mode} and can be read by others, must be 0600 or 0400 (chmod 600 ${path})`,
      );
    }
    if (stat.size > MAX_KEY_FILE)
      return err(`${path} has ${stat.size} octets, must be a key in hex`);
    content = readFileSync(path, "utf8").trim();
  } catch (error) {
    return err(
      `${path} cannot be read (${errorCode(error)}), must be a file that holds the key in hex`,
    );
  }
  if (!/^(?:[0-9a-fA-F]{2}){1,256}$/.test(content)) {
    return err(`${path} does not hold a key, must be hex digits, two an octet, 1 to 256 octets`);
  }
  return ok(content);
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** A copy for people to see. */
export function hideSecrets(config: unknown): unknown {
  const copy = structuredClone(config);
  walk(copy, [], (table) => {
    if (isContext(table) && table.key !== undefined) table.key = HIDDEN;
  });
  return copy;
}

/** Calls back for every table, the root included. */
function walk(value: unknown, path: Path, visit: (table: object, path: Path) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, [...path, index], visit);
    return;
  }
  visit(value, path);
  for (const [key, item] of Object.entries(value)) walk(item, [...path, key], visit);
}
