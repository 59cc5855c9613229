/** docs/reference/metrics.md: what the Prometheus exporter shows, and the MIB beside our counters. */

import type { MibObject } from "../../shared/service/metrics/mib.ts";
import { COMMON_GAUGES } from "../../shared/service/metrics/text.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { programs } from "./programs.ts";

const INTRODUCTION = `With \`metrics.listen\` each program answers \`GET /metrics\` in the text format of Prometheus
([monitoring](../operating/monitoring.md)). Beside what stands here there are \`info\` (labels \`version\`
and \`driver\`), \`problems\`, \`interface_up\`, \`tunnels\`, \`tunnel_packets_total\` and
\`tunnel_bytes_total\` (labels \`local\`, \`remote\`, \`encapsulation\`, \`direction\`), and
\`process_resident_memory_bytes\` and \`process_cpu_seconds_total\`. A list has at most 256 series.

Every counter of \`status\` is a metric: \`other-udp-port\` is \`other_udp_port_total\`. Those of one kind
are one metric with a label: \`denied_total{code}\`, \`discarded_total{reason}\`, \`malformed_total{reason}\`,
\`send_failed_total{error}\`, \`open_failed_total{error}\`, \`tunnel_send_failed_total{error}\`,
\`replies_not_believed_total{reason}\`.`;

const MIB_INTRODUCTION = `The scalars of the Mobile IP MIB (RFC 2006 §5) and of the UDP tunnel MIB, and what has their
value here; several counters are added up.`;

/** Neighbouring numbers of one kind are a range: \`denied-80\` to \`denied-95\`. */
function showCounters(names: readonly string[]): string {
  const [first, last] = [names[0], names.at(-1)];
  const isRange = names.length > 3 && names.every((name) => /-\d+$/.test(name));
  return isRange && first !== undefined && last !== undefined && isRun(names)
    ? `${code(first)} to ${code(last)}`
    : names.map(code).join(", ");
}

function isRun(names: readonly string[]): boolean {
  const numbers = names.map((name) => Number(/\d+$/.exec(name)?.[0]));
  return numbers.every((number, i) => number === (numbers[0] ?? 0) + i);
}

function placeOf(row: MibObject): string {
  if ("counters" in row) return showCounters(row.counters);
  return "status" in row ? `${code(row.status)} of \`status\`` : row.elsewhere;
}

export function metricsPage(): string {
  const blocks = programs.flatMap(({ name, role, metrics }) => {
    const metric = (short: string): string => code(`mip4_${role}_${short}`);
    const counters = Object.entries(metrics.counters).map(([counter, help]) => [
      metric(`${counter.replaceAll("-", "_")}_total`),
      help,
    ]);
    const gauges = [...COMMON_GAUGES, ...metrics.gauges].map((one) => [metric(one.name), one.help]);
    const objects = metrics.mib.map((row) => [code(row.object), placeOf(row)]);
    return [
      `## ${name}`,
      markdownTable(["Metric", "Meaning"], [...gauges, ...counters]),
      MIB_INTRODUCTION,
      markdownTable(["Object", "Here"], objects),
    ];
  });
  return page("# Metrics", GENERATED, INTRODUCTION, ...blocks);
}
