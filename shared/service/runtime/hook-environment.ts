/** An event as environment variables, for shell scripts first of all. */

import type { Json, JsonObject } from "../../base/result.ts";
import type { WallTime } from "../../base/time.ts";

/** The kernel takes 128 KiB for one variable (MAX_ARG_STRLEN); nothing of ours comes near. */
const VALUE_MAX = 16_384;

/** Lists of words become words, so that `for` takes them; `undefined`: the variable is not set. */
function showValue(value: Json | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "object") {
    const isWords = Array.isArray(value) && value.every((item) => typeof item !== "object");
    return isWords ? value.map((item) => showValue(item) ?? "").join(" ") : JSON.stringify(value);
  }
  // Words of a peer may be in it, and no variable can hold a NUL.
  return String(value).replaceAll("\0", "").slice(0, VALUE_MAX);
}

function variable(field: string): string {
  return `MIP4_${field.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

/** MIP4_EVENT, MIP4_PROGRAM and MIP4_TIME hold whatever fields an event has. */
export function hookEnvironment(
  program: string,
  event: string,
  fields: JsonObject,
  wall: WallTime,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields)) {
    const text = showValue(value);
    if (text !== undefined) environment[variable(field)] = text;
  }
  const own = { MIP4_EVENT: event, MIP4_PROGRAM: program, MIP4_TIME: new Date(wall).toISOString() };
  return { ...environment, ...own };
}
