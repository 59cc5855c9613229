/** What a program tells Prometheus beyond what every program does. */

import type { Json, JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";
import type { MibObject } from "./mib.ts";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A value that goes up and down. */
export interface Gauge {
  /** Without the program's prefix; a unit stands at the end (`_seconds`). */
  readonly name: string;
  readonly help: string;
  /** From the answer to `status`; nothing where it is not known. */
  readonly samples: (status: JsonObject) => readonly Sample[];
}

export interface ProgramMetrics {
  readonly gauges: readonly Gauge[];
  /** Counters that are shown from 0 on, and what they count; the others come with their first event. */
  readonly counters: Readonly<Record<string, string>>;
  readonly mib: readonly MibObject[];
}

/** A number, or a truth as 0 or 1. */
export function samplesOf(value: Json | undefined): readonly Sample[] {
  if (typeof value === "number") return [{ value }];
  return typeof value === "boolean" ? [{ value: Number(value) }] : [];
}

/** A gauge that is one key of the status. */
export function gauge(name: string, help: string, key: string): Gauge {
  return { name, help, samples: (status) => samplesOf(status[key]) };
}

/** Series of one gauge at most: nobody out there can make the answer grow without end. */
export const MAX_ROWS = 256;

interface RowKeys {
  /** Key of the status under which the rows are. */
  readonly list: string;
  /** Key of a row that tells it from the others, and the label that says so. */
  readonly of: string;
  readonly label: string;
  readonly value: string;
}

/** A gauge with a sample for each row of a list in the status. */
export function rowsGauge(name: string, help: string, keys: RowKeys): Gauge {
  return {
    name,
    help,
    samples: (status) => {
      const list = status[keys.list];
      const rows = Array.isArray(list) ? list.filter(isObject) : [];
      return rows.slice(0, MAX_ROWS).flatMap((row) => {
        const labels = { [keys.label]: String(row[keys.of]) };
        return samplesOf(row[keys.value]).map(({ value }) => ({ labels, value }));
      });
    },
  };
}
