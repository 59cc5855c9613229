/** The demo's figures, and the text that shows them; pure. */

import {
  type Arrival,
  countStream,
  type Departure,
  longestGap,
  type StreamCounts,
  type Window,
} from "../../test/lab/gaps.ts";
import type { TcpReport } from "../../test/lab/traffic/streams.ts";
import type { Palette } from "./palette.ts";

export interface StreamRecord {
  readonly departures: readonly Departure[];
  readonly arrivals: readonly Arrival[];
}

export interface HandoverRecord {
  readonly from: string;
  readonly to: string;
  /** The link was cut. */
  readonly leftAt: number;
  /** The new link worked. */
  readonly joinedAt: number;
  /** `reason` of the mobile node's handover-started event. */
  readonly reason: string | undefined;
  /** Until the next move or the end. */
  readonly until: number;
}

/** Of one direction around one handover. */
interface DirectionFigures {
  readonly interruption_ms: number;
  readonly lost: number;
  readonly sent: number;
}

export interface HandoverFigures {
  readonly from: string;
  readonly to: string;
  readonly detection: string;
  readonly link_gap_ms: number;
  readonly down: DirectionFigures;
  readonly up: DirectionFigures;
}

export interface DemoFigures {
  readonly settings: {
    readonly max_interval: number;
    readonly lifetime: number;
    readonly udp_packets_per_second: number;
    readonly home_delay_ms: number;
  };
  readonly handovers: readonly HandoverFigures[];
  readonly udp: { readonly down: StreamCounts; readonly up: StreamCounts };
  readonly tcp: {
    readonly bytes_sent: number;
    readonly bytes_received: number;
    readonly sha256_sent: string;
    readonly sha256_received: string;
    readonly intact: boolean;
    readonly longest_stall_ms: number;
  };
  readonly left_behind: readonly string[];
  readonly duration_ms: number;
}

const DETECTION: Readonly<Record<string, string>> = {
  "link-down": "link event, then solicitation",
  "agent-lost": "advertisement lifetime over (lazy)",
  home: "home agent heard",
};

/** How the mobile node noticed, in words; an unknown reason stands for itself. */
export function detectionOf(reason: string | undefined): string {
  return reason === undefined ? "not seen" : (DETECTION[reason] ?? reason);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function direction(stream: StreamRecord, window: Window): DirectionFigures {
  const { sent, lost } = countStream(stream.departures, stream.arrivals, window);
  return { interruption_ms: round(longestGap(stream.arrivals, window).ms), lost, sent };
}

export function handoverFigures(
  handover: HandoverRecord,
  down: StreamRecord,
  up: StreamRecord,
): HandoverFigures {
  const { from, to, leftAt, joinedAt, reason, until } = handover;
  // Packets under way when the link is cut are lost too.
  const window = { from: leftAt - 100, to: until };
  return {
    from,
    to,
    detection: detectionOf(reason),
    link_gap_ms: round(joinedAt - leftAt),
    down: direction(down, window),
    up: direction(up, window),
  };
}

export function tcpFigures(report: TcpReport): DemoFigures["tcp"] {
  return {
    bytes_sent: report.sender.bytes,
    bytes_received: report.receiver.bytes,
    sha256_sent: report.sender.sha256,
    sha256_received: report.receiver.sha256,
    intact: report.intact,
    longest_stall_ms: round(report.longestStallMs),
  };
}

/** Columns as wide as their widest cell; the first ones to the left, numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

function handoverTable(figures: DemoFigures, colours: Palette): string[] {
  const heading = ["handover", "detected by", "cn->mn ms", "lost", "mn->cn ms", "lost"];
  const rows = figures.handovers.map(({ from, to, detection, down, up }) => [
    `${from} -> ${to}`,
    detection,
    down.interruption_ms.toFixed(0),
    String(down.lost),
    up.interruption_ms.toFixed(0),
    String(up.lost),
  ]);
  const [first = "", ...rest] = alignColumns([heading, ...rows], 2);
  return [colours.bold(first), ...rest];
}

/** Did the demo show what it promises? */
export function isSuccess(figures: DemoFigures): boolean {
  return figures.tcp.intact && figures.tcp.bytes_received > 0 && figures.left_behind.length === 0;
}

export function summaryLines(figures: DemoFigures, colours: Palette): string[] {
  const { settings, udp, tcp, left_behind: left } = figures;
  const share = ({ lost, sent }: StreamCounts): string => `${lost} of ${sent} lost`;
  const megabytes = (tcp.bytes_received / 1e6).toFixed(1);
  const verdict = tcp.intact
    ? colours.good(`SHA-256 equal at both ends (${tcp.sha256_received.slice(0, 12)}…)`)
    : colours.bad(`NOT INTACT: sent ${tcp.bytes_sent}, received ${tcp.bytes_received}`);
  return [
    ...handoverTable(figures, colours),
    "",
    `UDP   ${settings.udp_packets_per_second} packets/s each way: cn->mn ${share(udp.down)}, mn->cn ${share(udp.up)}`,
    `TCP   ${megabytes} MB received in one connection, ${verdict}, longest stall ${tcp.longest_stall_ms.toFixed(0)} ms`,
    `With  max_interval = ${settings.max_interval}, lifetime = ${settings.lifetime}; ${settings.home_delay_ms} ms one way to the home agent`,
    left.length === 0
      ? `Left  ${colours.good("nothing left behind: no process, route, rule, device or table")}`
      : `Left  ${colours.bad(left.join("\n      "))}`,
  ];
}
