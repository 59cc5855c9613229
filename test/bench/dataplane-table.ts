/** The printed rows of the data path benchmark. */

import { type DataplaneResult, type Sample, WAYS, type WayResult } from "./dataplane.ts";
import { median } from "./stopwatch.ts";
import type { Row } from "./table.ts";
import type { Way } from "./tunnel-net.ts";

/** The median of the rounds' ratios: what slows a whole round down leaves its ratio alone. */
function pairedRatio(a: WayResult, b: WayResult, of: (sample: Sample) => number): string {
  const other = b.samples.map(of);
  return median(a.samples.map((sample, i) => of(sample) / (other[i] ?? Number.NaN))).toFixed(2);
}

/** Rows of one size; ratios within the run. */
export function dataplaneRows({ results }: DataplaneResult, octets: number): Row[] {
  const own = results.filter((result) => result.octets === octets);
  const find = (way: Way) => own.find((result) => result.way === way);
  const [kernel, cLoop, policy] = [find("kernel"), find("c-loop"), find("c-policy")];
  return WAYS.map(([way, name]): Row => {
    const result = find(way);
    if (!result || !kernel || !cLoop || !policy) throw new Error(`no result for ${way}`);
    const rate = result.packetsPerSecond;
    const ratio = (to: WayResult) =>
      pairedRatio(result, to, ({ packetsPerSecond }) => packetsPerSecond);
    const { encapsulateUs, decapsulateUs, loadUs } = result;
    const notes = [`${ratio(kernel)} x plain`];
    if (way === "kernel") notes.push(`CPU us each: ${loadUs.toFixed(1)}, all of it`);
    else {
      notes.push(`${ratio(cLoop)} x C`);
      notes.push(`CPU us each: HA ${encapsulateUs.toFixed(1)}, FA ${decapsulateUs.toFixed(1)}`);
    }
    if (way === "helper" || way === "packages") {
      const cpu = (one: Sample): number => one.encapsulateUs + one.decapsulateUs;
      const toC = pairedRatio(result, cLoop, cpu);
      notes.push(`CPU ${toC} x C, ${pairedRatio(result, policy, cpu)} x C with the rules`);
    }
    const lost = result.samples.reduce((sum, sample) => sum + sample.lost, 0);
    if (lost > 0) notes.push(`${lost} lost`);
    return [name, `${Math.round(rate)}/s`, notes.join(", ")];
  });
}

export function latencyRows({ latencies }: DataplaneResult): Row[] {
  const kernel = latencies.find(({ way }) => way === "kernel")?.microseconds ?? Number.NaN;
  return WAYS.map(([way, name]): Row => {
    const latency = latencies.find((candidate) => candidate.way === way);
    const us = latency?.microseconds ?? Number.NaN;
    const cpu = `CPU us each, both ends: ${latency?.endsUs.toFixed(0)}`;
    const more = way === "kernel" ? "" : `${(us - kernel).toFixed(0)} us more than plain, ${cpu}`;
    return [name, `${us.toFixed(0)} us`, more];
  });
}
