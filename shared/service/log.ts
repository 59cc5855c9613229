/** The log on standard error, and the one form of an event that log and `watch` share. */

import type { Json, JsonObject } from "../base/result.ts";
import type { WallTime } from "../base/time.ts";
import type { CommonConfig } from "./program.ts";

export type Level = "debug" | "info" | "warning" | "error";

const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** One event as the contract's JSON: `time`, `event`, then its own fields. */
export function eventJson(event: string, fields: JsonObject, wall: WallTime): JsonObject {
  return { time: new Date(wall).toISOString(), event, ...fields };
}

/** Control characters from a peer must not reach a terminal. */
function isPlain(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}

/** JSON leaves DEL and the C1 control characters as they are. */
function quote(value: Json): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

function showValue(value: Json): string {
  if (typeof value === "string") return isPlain(value) ? value : quote(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string" && isPlain(item))) {
    return value.length === 0 ? "[]" : value.join(",");
  }
  return quote(value);
}

/** `key=value` for a person; what is unknown or does not apply is left out. */
export function showFields(fields: JsonObject): string {
  return Object.entries(fields)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined && entry[1] !== null)
    .map(([key, value]) => `${key}=${showValue(value)}`)
    .join(" ");
}

/** One event as a line for a person. */
export function eventText({ time, event, level: _, ...fields }: JsonObject): string {
  const shown = showFields(fields);
  return `${String(time)} ${String(event)}${shown === "" ? "" : ` ${shown}`}`;
}

export interface LogOptions {
  readonly config: CommonConfig["log"];
  readonly now: () => WallTime;
  /** Gets whole lines. */
  readonly write: (line: string) => void;
}

/** The program's log. A reload may change its level and its form. */
export class Log {
  readonly #options: LogOptions;
  #config: CommonConfig["log"];

  constructor(options: LogOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  setConfig(config: CommonConfig["log"]): void {
    this.#config = config;
  }

  takes(level: Level): boolean {
    return SEVERITY[level] >= SEVERITY[this.#config.level];
  }

  /** `message`: the name of an event, or a sentence of the service's own. */
  write(level: Level, message: string, fields: JsonObject = {}): void {
    if (!this.takes(level)) return;
    const wall = this.#options.now();
    if (this.#config.format === "json") {
      const line = { ...eventJson(message, fields, wall), level };
      this.#options.write(`${JSON.stringify(line)}\n`);
      return;
    }
    const shown = showFields(fields);
    const time = new Date(wall).toISOString();
    this.#options.write(`${time} ${level} ${message}${shown === "" ? "" : ` ${shown}`}\n`);
  }
}

/** A log on standard error; a reader that has gone does not end the program. */
export function stderrLog(config: CommonConfig["log"]): Log {
  process.stderr.on("error", () => {});
  return new Log({
    config,
    now: () => Date.now() as WallTime,
    write: (line) => process.stderr.write(line),
  });
}
