/** Handovers between the access points of test-radio, and what each way of them costs. */

import { ZERO_MAC } from "../../shared/base/address.ts";
import { compiledHelper } from "../lab/compile.ts";
import { ACCESS_POINT } from "../lab/fast-handover-files.ts";
import { type Arrival, countStream, type Departure, longestGap, percentile } from "../lab/gaps.ts";
import { ADDRESS } from "../lab/mobile-net.ts";
import type { LabProcess } from "../lab/process.ts";
import { monotonicMs, sleep, waitFor } from "../lab/wait.ts";
import type { RadioNet, Router } from "./radio-net.ts";

/** Packets a second, each way. */
const RATE = 200;
/** Milliseconds. */
const REST = 1500;
const BEFORE = 100;
const AFTER = 1000;

/**
 * `predictive`: the program is told before, then the station changes in silence. `early-buffered
 * reactive`: the station takes leave of its access point, whose hostapd tells the agent. `reactive`:
 * it changes in silence. `plain`: so too, and the node takes no part in fast handovers.
 */
export const MODES = ["predictive", "early-buffered reactive", "reactive", "plain"] as const;
export type Mode = (typeof MODES)[number];

interface Side {
  readonly gaps: readonly number[];
  readonly lost: number;
  readonly reordered: number;
  readonly duplicates: number;
}

export interface Roaming {
  readonly mode: Mode;
  /** Milliseconds from the last frame by the old access point to the association with the new one. */
  readonly linkGaps: readonly number[];
  readonly down: Side;
  readonly up: Side;
}

interface Move {
  readonly leftAt: number;
  readonly linkGap: number;
}

export async function measure(
  net: RadioNet,
  mode: Mode,
  rounds: number,
  say: (text: string) => void,
): Promise<Roaming> {
  if (mode === "plain") await net.setFastHandover(false);
  const down = await startStream(net, ["cn", ADDRESS.correspondent], ["mn", ADDRESS.home], 7000);
  const up = await startStream(net, ["mn", ADDRESS.home], ["cn", ADDRESS.correspondent], 7001);
  const moves: Move[] = [];
  for (let round = 0; round < rounds; round++) {
    await net.scan();
    await sleep(REST);
    const to = (await net.accessPoint()) === ACCESS_POINT.fa1 ? "fa2" : "fa1";
    moves.push(await handOver(net, mode, to));
    say(`${mode}: to ${to}, ${moves.at(-1)?.linkGap.toFixed(1)} ms without a link`);
  }
  const streams = [await stopStream(up), await stopStream(down)] as const;
  return {
    mode,
    linkGaps: moves.map(({ linkGap }) => linkGap),
    up: sideOf(streams[0], moves),
    down: sideOf(streams[1], moves),
  };
}

async function handOver(net: RadioNet, mode: Mode, to: Router): Promise<Move> {
  const accessPoint = ACCESS_POINT[to];
  if (mode === "predictive") await net.command("mn", "handover", { to: accessPoint, agent: null });
  const leftAt = monotonicMs();
  if (mode === "early-buffered reactive") {
    await net.supplicant("disconnect");
    await net.supplicant("bssid", "0", accessPoint);
    await net.supplicant("reconnect");
  } else {
    await net.supplicant("roam", accessPoint);
  }
  const isThere = async () => (await net.accessPoint()) === accessPoint;
  await waitFor(`the station to be at ${to}`, isThere, { everyMs: 100 });
  await net.registered(leftAt, ADDRESS[to]);
  await sleep(Math.max(0, leftAt + AFTER - monotonicMs()));
  if (mode === "early-buffered reactive") await net.supplicant("bssid", "0", ZERO_MAC);
  const linkGap = net.linkGap(leftAt);
  if (linkGap === undefined) throw new Error(`no association seen\n${net.logs()}`);
  return { leftAt, linkGap };
}

async function startStream(
  net: RadioNet,
  [from, source]: readonly [string, string],
  [to, destination]: readonly [string, string],
  port: number,
): Promise<LabProcess> {
  const program = compiledHelper("stream", "/tmp", ["-pthread"]);
  const netns = (host: string) => `/run/netns/${host}`;
  const words = [netns(from), source, netns(to), destination, `${port}`, `${RATE}`];
  const stream = net.spawn("cn", [program, ...words]);
  await stream.waitForLine(/^ready/, 10_000);
  return stream;
}

async function stopStream(stream: LabProcess) {
  await stream.stop("SIGTERM", 60_000);
  const departures: Departure[] = [];
  const arrivals: Arrival[] = [];
  for (const { text } of stream.stdout) {
    const [kind, ...numbers] = text.split(" ");
    const [sequence = 0, first = 0, second = 0] = numbers.map(Number);
    if (kind === "s") departures.push({ sequence, at: first, refused: second === 1 });
    if (kind === "r") arrivals.push({ sequence, sentAt: first, at: second });
  }
  return { departures, arrivals };
}

function sideOf(
  { departures, arrivals }: Awaited<ReturnType<typeof stopStream>>,
  moves: readonly Move[],
): Side {
  const counts = moves.map(({ leftAt }) =>
    countStream(departures, arrivals, { from: leftAt - BEFORE, to: leftAt + AFTER }),
  );
  const sum = (of: "lost" | "reordered" | "duplicates") =>
    counts.reduce((all, each) => all + each[of], 0);
  return {
    gaps: moves.map(({ leftAt }) => longestGap(arrivals, { from: leftAt, to: leftAt + AFTER }).ms),
    lost: sum("lost"),
    reordered: sum("reordered"),
    duplicates: sum("duplicates"),
  };
}

export function rowOf({ mode, linkGaps, down, up }: Roaming): string {
  const ms = (values: readonly number[]) =>
    `${percentile(values, 0.5).toFixed(0)} ms (at most ${Math.max(...values).toFixed(0)})`;
  const side = ({ gaps, lost, reordered, duplicates }: Side) =>
    `longest gap ${ms(gaps)}, ${lost} lost, ${reordered} reordered, ${duplicates} twice`;
  return [
    `${mode}: without a link ${ms(linkGaps)}`,
    `  down: ${side(down)}`,
    `  up: ${side(up)}`,
  ].join("\n");
}
