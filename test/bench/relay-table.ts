/** The printed form of what the registration benchmark has found. */

import type { Sample } from "./daemon.ts";
import type { RelayResult } from "./relay.ts";
import type { Row } from "./table.ts";

const rate = ({ perSecond }: Sample): string => `${Math.round(perSecond)}/s`;
const micros = (value: number): string => `${value.toFixed(1)} us`;

export function relayRows({ c, daemon }: RelayResult): Row[] {
  const part = (daemon.perSecond / c.perSecond).toFixed(2);
  return [
    ["C program: receive, authenticate, send", rate(c), `${micros(c.cpuUs)} of CPU each`],
    ["mip4-fa", rate(daemon), `${micros(daemon.cpuUs)} of CPU each, ${part} of the C program`],
  ];
}

export function visitorRows({ costs }: RelayResult): Row[] {
  return costs.map(({ visitors, firstUs, renewalUs, octets }) => [
    `${visitors} visitors`,
    `${micros(renewalUs)} a renewal`,
    `${micros(firstUs)} the first time${octets === undefined ? "" : `, ${Math.round(octets)} octets each`}`,
  ]);
}
