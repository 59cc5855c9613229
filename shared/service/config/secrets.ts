/**
 * Keys: given as `key`, or read from `key_file`, and never shown. Passwords, and what TLS goes by,
 * are given in the same two ways.
 */

import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { err, ok, type Result } from "../../base/result.ts";
import type { ConfigFault } from "../program.ts";
import { formatPath, type Path } from "./located.ts";

/** A secret is one line; anything larger is some other file. */
const MAX_SECRET_FILE = 4096;
/** Of all the authorities that a system trusts there are less than 300 kB. */
const MAX_PEM_FILE = 1 << 20;

const HIDDEN = "(hidden)";

type Table = { [key: string]: unknown };

interface SecretKind {
  readonly value: string;
  readonly file: string;
  /** What a file of it holds. */
  readonly what: string;
  readonly form: RegExp;
  readonly allowed: string;
  /** Octets of a file of it. */
  readonly most: number;
  /** Anybody may read it, and see it. */
  readonly isPublic?: boolean;
  /** Must this table have one? */
  readonly isNeeded: (table: Table) => boolean;
}

const SECRETS: readonly SecretKind[] = [
  {
    value: "key",
    file: "key_file",
    what: "the key in hex",
    form: /^(?:[0-9a-fA-F]{2}){1,256}$/,
    allowed: "hex digits, two an octet, 1 to 256 octets",
    most: MAX_SECRET_FILE,
    // Every table that holds a key has an SPI too; that is how they are found in any schema.
    isNeeded: (table) => "spi" in table,
  },
  {
    value: "password",
    file: "password_file",
    what: "the password",
    form: /^[^\r\n]+$/,
    allowed: "one line",
    most: MAX_SECRET_FILE,
    isNeeded: () => false,
  },
  {
    value: "private_key",
    file: "private_key_file",
    what: "a private key",
    form: /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/,
    allowed: "in PEM form",
    most: MAX_PEM_FILE,
    isNeeded: () => false,
  },
  ...(["ca", "certificate"] as const).map((value) => ({
    value,
    file: `${value}_file`,
    what: "certificates",
    form: /^-----BEGIN CERTIFICATE-----\n/m,
    allowed: "in PEM form",
    most: MAX_PEM_FILE,
    isPublic: true,
    isNeeded: () => false,
  })),
];

/**
 * Puts the content of every `key_file` into `key`, of every `password_file` into `password`, …, so
 * that the rest of the program knows one form. A relative path is relative to the configuration's
 * directory.
 */
export function readKeyFiles(config: unknown, configFile: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  walk(config, [], (table, path) => {
    for (const kind of SECRETS) {
      const found = readSecret(kind, table, dirname(configFile));
      if (!found.ok) faults.push({ ...found.error, key: formatPath([...path, found.error.key]) });
    }
  });
  return faults;
}

function readSecret(kind: SecretKind, table: Table, directory: string): Result<void, ConfigFault> {
  const { value, file } = kind;
  const path = table[file];
  const isGiven = table[value] !== undefined;
  if (path === undefined) {
    if (isGiven || !kind.isNeeded(table)) return ok(undefined);
    return err({ key: value, message: `missing, must be hex digits, or give ${file}` });
  }
  if (isGiven) return err({ key: file, message: `given beside ${value}, must be one of the two` });
  const read = readSecretFile(kind, resolve(directory, String(path)));
  if (!read.ok) return err({ key: file, message: read.error });
  table[value] = read.value;
  return ok(undefined);
}

/** White space around the secret does not count. */
function readSecretFile(kind: SecretKind, path: string): Result<string, string> {
  const { what, form, allowed, value, most, isPublic = false } = kind;
  let content: string;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return err(`${path} is not a file, must be one that holds ${what}`);
    // Group and others, for reading or writing: who can write it can choose the key.
    if ((stat.mode & (isPublic ? 0o022 : 0o066)) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      return err(
        isPublic
          ? `${path} has mode ${mode} and can be written by others, must be 0644 (chmod 644 ${path})`
          : `${path} has mode ${mode} and can be read by others, must be 0600 or 0400 (chmod 600 ${path})`,
      );
    }
    if (stat.size > most) return err(`${path} has ${stat.size} octets, must be ${what}`);
    content = readFileSync(path, "utf8").trim();
  } catch (error) {
    return err(`${path} cannot be read (${errorCode(error)}), must be a file that holds ${what}`);
  }
  if (!form.test(content)) return err(`${path} does not hold a ${value}, must be ${allowed}`);
  return ok(content);
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** A copy for people to see. */
export function hideSecrets(config: unknown): unknown {
  const copy = structuredClone(config);
  walk(copy, [], (table) => {
    for (const { value, isPublic = false } of SECRETS) {
      if (!isPublic && table[value] !== undefined) table[value] = HIDDEN;
    }
  });
  return copy;
}

/** Calls back for every table, the root included. */
function walk(value: unknown, path: Path, visit: (table: Table, path: Path) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, [...path, index], visit);
    return;
  }
  visit(value as Table, path);
  for (const [key, item] of Object.entries(value)) walk(item, [...path, key], visit);
}
