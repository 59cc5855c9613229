/**
 * What a handover costs the packets of a node: 1,000 a second each way, 40 ms round trip to the home
 * agent, a link-layer gap of 50 ms; plain, the ways of RFC 4988, and what others do. Real programs,
 * real packets.
 */

import { countStream, longestGap, percentile } from "../lab/gaps.ts";
import type { Move } from "../lab/link.ts";
import { ADDRESS, type Place } from "../lab/mobile-net.ts";
import { startTcp, startUdp, type UdpStream } from "../lab/traffic/streams.ts";
import { sleep } from "../lab/wait.ts";
import { type Story, slowest } from "./handover-stories.ts";
import { type Contender, OURS, type Roamer } from "./roamers.ts";
import { RIVALS } from "./roaming-rivals.ts";
import type { Row } from "./table.ts";

const RATE = 1000;
/** Around each handover: what leaves then is counted with it. */
const BEFORE_MS = 100;
const AFTER_MS = 500;
/** A node solicits agents at most once a second (RFC 5944 §2.4): each handover begins afresh. */
const REST_MS = 550;
/** From a sender to its link, and from the link's end to the word of it. */
const ON_ITS_WAY_MS = 1;
/** One there and one back, told apart: every program does its part for the first time. */
const FIRST = 2;

interface Side {
  /** Milliseconds without a packet, the longest for each handover. */
  readonly gaps: readonly number[];
  /** Of those, the milliseconds before the old link was cut, and after the new one worked. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly lost: readonly number[];
  /** Of all that were lost: those that left while the old link was being cut. */
  readonly lostInCut: number;
  readonly reordered: number;
  readonly duplicates: number;
}

export interface HandoverResult {
  readonly mode: string;
  /** The line that installs what is missing; then there are no figures. */
  readonly missing?: string;
  readonly handovers: number;
  /** Milliseconds that the link itself was away. */
  readonly link: readonly number[];
  readonly down: Side;
  readonly up: Side;
  /** Milliseconds without a packet for the node, in its first handover. */
  readonly first: number;
  /** Of the slowest handovers, the slowest first: what happened. */
  readonly stories: readonly Story[];
  /** A download through one handover: time from the cut in ms, octets so far. */
  readonly download: readonly (readonly [number, number])[];
}

const NONE: Side = {
  gaps: [],
  before: [],
  after: [],
  lost: [],
  lostInCut: 0,
  reordered: 0,
  duplicates: 0,
};

export async function measureHandovers(options: {
  readonly rounds: number;
  /** Only these ways; `undefined`: all. */
  readonly only?: readonly string[] | undefined;
  readonly progress: (text: string) => void;
}): Promise<HandoverResult[]> {
  const results: HandoverResult[] = [];
  const { only } = options;
  for (const contender of [...OURS, ...RIVALS]) {
    if (only !== undefined && !only.includes(contender.name)) continue;
    options.progress(`handovers: ${contender.name}`);
    results.push(await measure(contender, options.rounds));
  }
  return results;
}

async function measure({ name, missing, open }: Contender, rounds: number) {
  const nothing = {
    mode: name,
    handovers: 0,
    link: [],
    down: NONE,
    up: NONE,
    first: 0,
    stories: [],
    download: [],
  };
  if (missing !== undefined) return { ...nothing, missing };
  const roamer = await open();
  try {
    return { ...nothing, handovers: rounds, ...(await measureRoamer(roamer, rounds)) };
  } finally {
    await roamer.close();
  }
}

async function measureRoamer({ net, handOver, events }: Roamer, rounds: number) {
  const { cn, mn } = net;
  const { home, correspondent } = ADDRESS;
  // With all figures in this process its garbage collections took both cores from the programs.
  const common = { rate: RATE, tellsLate: true };
  const down = await startUdp({ ...common, from: cn, to: mn, address: home, port: 7000 });
  const outwards = { address: correspondent, source: home, port: 7001 };
  const up = await startUdp({ ...common, from: mn, to: cn, ...outwards });
  const moves: Move[] = [];
  const placeOf = (round: number): Place => (round % 2 === 0 ? "foreign2" : "foreign1");
  for (let round = 0; round < rounds + FIRST; round++) {
    await sleep(REST_MS + 100 * Math.random());
    moves.push(await handOver(placeOf(round)));
    await sleep(AFTER_MS);
  }
  await up.stop();
  await down.stop();
  const [first] = sideOf(down, moves.slice(0, 1)).gaps;
  const counted = moves.slice(FIRST);
  const download = await measureDownload({ net, handOver }, placeOf(rounds + FIRST));
  return {
    link: counted.map(({ leftAt, joinedAt }) => joinedAt - leftAt),
    down: sideOf(down, counted),
    up: sideOf(up, counted),
    first: first ?? 0,
    stories: slowest({ moves: counted, down, up, events: events?.() ?? [] }),
    download,
  };
}

function sideOf({ departures, arrivals }: UdpStream, moves: readonly Move[]): Side {
  const counts = moves.map(({ leftAt, joinedAt }) =>
    countStream(departures, arrivals, { from: leftAt - BEFORE_MS, to: joinedAt + AFTER_MS }),
  );
  const cuts = moves.map(({ leftAt, cutAt }) =>
    countStream(departures, arrivals, { from: leftAt - ON_ITS_WAY_MS, to: cutAt + ON_ITS_WAY_MS }),
  );
  const sum = (of: "reordered" | "duplicates") => counts.reduce((all, each) => all + each[of], 0);
  const gaps = moves.map(({ leftAt, joinedAt }) =>
    longestGap(arrivals, { from: leftAt, to: joinedAt + AFTER_MS }),
  );
  return {
    gaps: gaps.map(({ ms }) => ms),
    before: gaps.map(({ from }, i) => (moves[i]?.leftAt ?? 0) - from),
    after: gaps.map(({ to }, i) => to - (moves[i]?.joinedAt ?? 0)),
    lost: counts.map(({ lost }) => lost),
    lostInCut: cuts.reduce((all, { lost }) => all + lost, 0),
    reordered: sum("reordered"),
    duplicates: sum("duplicates"),
  };
}

async function measureDownload({ net, handOver }: Pick<Roamer, "net" | "handOver">, to: Place) {
  const { cn, mn } = net;
  const transfer = await startTcp({
    from: cn,
    to: mn,
    address: ADDRESS.home,
    port: 7002,
    rate: 1_000_000,
  });
  await sleep(1000);
  const { leftAt } = await handOver(to);
  await sleep(1500);
  await transfer.stop();
  return transfer.progress.map(({ at, total }) => [at - leftAt, total] as const);
}

/** Median, 99th percentile, and that beyond what the link itself was away; what was lost. */
export function handoverRows(results: readonly HandoverResult[]): Row[] {
  return results.flatMap(({ mode, missing, down, up, link, first }) => {
    if (missing !== undefined) return [[mode, "", missing] as const];
    return [["down", down] as const, ["up", up] as const].map(([name, side]): Row => {
      const ms = (share: number) => percentile(side.gaps, share).toFixed(0);
      const beyond = percentile(
        side.gaps.map((gap, i) => gap - (link[i] ?? 0)),
        0.99,
      ).toFixed(0);
      const lost = side.lost.reduce((all, each) => all + each, 0);
      const inCut =
        lost > 0 ? ` (${side.lostInCut} of ${lost} left while the link was being cut)` : "";
      const perHandover = (lost / Math.max(1, side.lost.length)).toFixed(1);
      const half = (values: readonly number[]) => percentile(values, 0.5).toFixed(1);
      // What the node sends arrives later than it leaves, so only of what it receives can be said where it was.
      const where = `; ${half(side.before)} before the cut and ${half(side.after)} after it was over`;
      const cold = name === "down" ? `${where}; the first ${first.toFixed(0)} ms` : "";
      const note = `p99 ${ms(0.99)}, ${beyond} beyond the link's; ${perHandover} lost a handover${inCut}, ${side.reordered} reordered, ${side.duplicates} twice${cold}`;
      return [`${mode}, ${name}`, `${ms(0.5)} ms`, note];
    });
  });
}
