/** The answer to `GET /metrics`: the Prometheus text format, version 0.0.4. */

import type { Json, JsonObject } from "../../base/result.ts";
import { isObject, numberOf } from "../json.ts";
import { gauge, MAX_ROWS, type ProgramMetrics, type Sample, samplesOf } from "./metrics.ts";

/** What a running program knows. */
export interface MetricsFacts {
  readonly role: "fa" | "mn" | "ha";
  readonly metrics: ProgramMetrics;
  /** The answers to `status` and `tunnels`. */
  readonly status: JsonObject;
  readonly tunnels: readonly Json[];
}

export interface MetricsSource extends MetricsFacts {
  readonly version: string;
  /** Octets of memory, and seconds of CPU time. */
  readonly process: { readonly memory: number; readonly cpu: number };
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Counters of one kind that are one metric: the kind is its name, the rest a label. */
const FAMILIES: readonly (readonly [pattern: RegExp, name: string, label: string, help: string])[] =
  [
    [/^denied-(\d+)$/, "denied", "code", "Requests denied by this agent, by reply code."],
    [/^discarded-(.+)$/, "discarded", "reason", "Messages discarded without an answer."],
    [/^malformed-(.+)$/, "malformed", "reason", "Frames and datagrams that were malformed."],
    [/^send-failed-(.+)$/, "send_failed", "error", "Packets that the kernel did not take."],
    [/^open-failed-(.+)$/, "open_failed", "error", "Sockets that the kernel did not open."],
    [/^tunnel-send-(E.+)$/, "tunnel_send_failed", "error", "Tunnel packets it did not take."],
    [/^reply-(.+)$/, "replies_not_believed", "reason", "Replies that were not believed."],
  ];

/** Of every program. */
export const COMMON_GAUGES = [
  gauge("ready", "1 when the configuration is applied and every part works.", "ready"),
  gauge("uptime_seconds", "Seconds since the start.", "uptime"),
];

const TUNNEL_VALUES = [
  ["packets", "in", "packets_in"],
  ["packets", "out", "packets_out"],
  ["bytes", "in", "bytes_in"],
  ["bytes", "out", "bytes_out"],
] as const;

export function metricsText(source: MetricsSource): string {
  const prefix = `mip4_${source.role}_`;
  const { memory, cpu } = source.process;
  const own = [
    infoOf(source),
    ...[...COMMON_GAUGES, ...source.metrics.gauges].map(
      ({ name, help, samples }): Family => ({
        name,
        type: "gauge",
        help,
        samples: samples(source.status),
      }),
    ),
    problemsOf(source.status),
    interfacesOf(source.status),
    ...tunnelFamilies(source.tunnels),
    ...counterFamilies(source.status.counters, source.metrics),
  ];
  const processFamilies: Family[] = [
    {
      name: "process_resident_memory_bytes",
      type: "gauge",
      help: "Resident memory.",
      samples: [{ value: memory }],
    },
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "CPU time, user and system.",
      samples: [{ value: cpu }],
    },
  ];
  return [...own.map((one) => ({ ...one, name: `${prefix}${one.name}` })), ...processFamilies]
    .filter(({ samples }) => samples.length > 0)
    .map(show)
    .join("");
}

function infoOf({ version, status }: MetricsSource): Family {
  const labels = { version, driver: String(status.driver ?? "none") };
  return { name: "info", type: "gauge", help: "Always 1.", samples: [{ labels, value: 1 }] };
}

function problemsOf(status: JsonObject): Family {
  const value = Array.isArray(status.problems) ? status.problems.length : 0;
  return { name: "problems", type: "gauge", help: "Parts that do not work.", samples: [{ value }] };
}

function interfacesOf(status: JsonObject): Family {
  const rows = Array.isArray(status.interfaces) ? status.interfaces.filter(isObject) : [];
  const samples = rows.slice(0, MAX_ROWS).map((row) => ({
    labels: { interface: String(row.name) },
    value: Number(row.state === "up"),
  }));
  return { name: "interface_up", type: "gauge", help: "1 when the link is up.", samples };
}

/** Tunnels beyond the bound are in the count alone; those with one name are added up. */
function tunnelFamilies(tunnels: readonly Json[]): Family[] {
  const rows = tunnels.filter(isObject);
  const byName = new Map<string, { labels: Record<string, string>; values: number[] }>();
  for (const row of rows) {
    const labels = {
      local: String(row.local),
      remote: String(row.remote),
      encapsulation: String(row.encapsulation),
    };
    const key = Object.values(labels).join(" ");
    const known = byName.get(key);
    if (known === undefined && byName.size >= MAX_ROWS) continue;
    const values = TUNNEL_VALUES.map(([, , column], i) => {
      return (known?.values[i] ?? 0) + numberOf(row[column]);
    });
    byName.set(key, { labels, values });
  }
  const traffic = (["packets", "bytes"] as const).map((unit): Family => {
    const samples = [...byName.values()].flatMap(({ labels, values }) =>
      TUNNEL_VALUES.flatMap(([its, direction], i) =>
        its === unit ? [{ labels: { ...labels, direction }, value: values[i] ?? 0 }] : [],
      ),
    );
    const help = `Traffic of each tunnel, ${unit}.`;
    return { name: `tunnel_${unit}_total`, type: "counter", help, samples };
  });
  const count: Family = {
    name: "tunnels",
    type: "gauge",
    help: "Tunnels in use.",
    samples: [{ value: rows.length }],
  };
  return [count, ...traffic];
}

/** `requests-received` is `requests_received_total`; kinds of counters are one metric each. */
function counterFamilies(counters: Json | undefined, metrics: ProgramMetrics): Family[] {
  const known = Object.keys(metrics.counters).map((name) => [name, 0] as const);
  const values = { ...Object.fromEntries(known), ...(isObject(counters) ? counters : {}) };
  const families = new Map<string, Family & { samples: Sample[] }>();
  for (const [counter, value] of Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { name, labels, help } = metricOf(counter, metrics);
    const family = families.get(name) ?? { name, type: "counter", help, samples: [] };
    const sample = samplesOf(value).map((one) => (labels === undefined ? one : { ...one, labels }));
    if (family.samples.length < MAX_ROWS) family.samples.push(...sample);
    families.set(name, family);
  }
  return [...families.values()];
}

function metricOf(counter: string, metrics: ProgramMetrics) {
  const objects = metrics.mib.filter((row) => "counters" in row && row.counters.length === 1);
  for (const [pattern, name, label, help] of FAMILIES) {
    const rest = pattern.exec(counter)?.[1];
    if (rest !== undefined) return { name: `${name}_total`, labels: { [label]: rest }, help };
  }
  const mib = objects.find((row) => "counters" in row && row.counters[0] === counter);
  const meaning = metrics.counters[counter] ?? `Counter ${counter}.`;
  const help = mib === undefined ? meaning : `${meaning} RFC 2006: ${mib.object}.`;
  return { name: `${counter.replace(/[^a-zA-Z0-9]/g, "_")}_total`, labels: undefined, help };
}

function show({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}${showLabels(labels)} ${value}`);
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function showLabels(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
