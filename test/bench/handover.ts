/**
 * What a handover costs the packets of a node: 1,000 a second each way, 40 ms round trip to the home
 * agent, a link-layer gap of 50 ms; plain, and the ways of RFC 4988. Real bundles, real packets.
 */

import type { Json } from "../../shared/base/result.ts";
import { ask } from "../../shared/service/control/client.ts";
import { ACCESS_POINT, fastHandoverFiles } from "../lab/fast-handover-files.ts";
import { countStream, longestGap, percentile } from "../lab/gaps.ts";
import { ADDRESS, MAC, type Place } from "../lab/mobile-net.ts";
import { registeredVia, type Session, startSession } from "../lab/session.ts";
import { startTcp, startUdp, type UdpStream } from "../lab/traffic/streams.ts";
import { sleep } from "../lab/wait.ts";
import type { Row } from "./table.ts";

const RATE = 1000;
const GAP_MS = 50;
const ONE_WAY_MS = 20;
/** Around each handover: what leaves then is counted with it. */
const BEFORE_MS = 100;
const AFTER_MS = 400;
/** A node solicits agents at most once a second (RFC 5944 §2.4): each handover begins afresh. */
const REST_MS = 1000;

export const MODES = ["plain", "reactive", "early-buffered reactive", "predictive"] as const;
export type Mode = (typeof MODES)[number];

interface Side {
  /** Milliseconds without a packet, the longest for each handover. */
  readonly gaps: readonly number[];
  readonly lost: readonly number[];
  readonly reordered: number;
  readonly duplicates: number;
}

export interface HandoverResult {
  readonly mode: Mode;
  readonly handovers: number;
  readonly down: Side;
  readonly up: Side;
  /** A download through one handover: time from the cut in ms, octets so far. */
  readonly download: readonly (readonly [number, number])[];
}

interface Moved {
  readonly leftAt: number;
  readonly joinedAt: number;
}

export async function measureHandovers(options: {
  readonly rounds: number;
  readonly progress: (text: string) => void;
}): Promise<HandoverResult[]> {
  const results: HandoverResult[] = [];
  for (const mode of MODES) {
    options.progress(`handovers: ${mode}`);
    const session = await startSession({
      start: "foreign1",
      homeLine: { delayMs: ONE_WAY_MS },
      ...(mode === "plain" ? {} : { overrides: fastHandoverFiles() }),
    });
    try {
      await registeredVia(session, ADDRESS.fa1);
      results.push(await measureMode(session, mode, options.rounds));
    } finally {
      await session.close();
    }
  }
  return results;
}

async function measureMode(session: Session, mode: Mode, rounds: number): Promise<HandoverResult> {
  const { cn, mn } = session.net;
  const { home, correspondent } = ADDRESS;
  const down = await startUdp({ from: cn, to: mn, address: home, port: 7000, rate: RATE });
  const outwards = { address: correspondent, source: home, port: 7001, rate: RATE };
  const up = await startUdp({ from: mn, to: cn, ...outwards });
  const moves: Moved[] = [];
  for (let round = 0; round < rounds; round++) {
    await sleep(REST_MS + 200 * Math.random());
    moves.push(await handOver(session, mode, round % 2 === 0 ? "foreign2" : "foreign1"));
    await sleep(AFTER_MS);
  }
  await up.stop();
  await down.stop();
  const download = await measureDownload(session, mode, rounds % 2 === 0 ? "foreign2" : "foreign1");
  return { mode, handovers: rounds, down: sideOf(down, moves), up: sideOf(up, moves), download };
}

/** As a radio's own software would do it: with the trigger that the mode has, and no delay. */
async function handOver(session: Session, mode: Mode, to: Place): Promise<Moved> {
  const { net, programs } = session;
  const next = to === "foreign2" ? "fa2" : "fa1";
  const left = to === "foreign2" ? "fa1" : "fa2";
  const tell = async (name: "mn" | "fa1" | "fa2", command: string, args: Record<string, Json>) => {
    const { socket } = programs.daemons[name].files;
    const answer = await ask(socket, { command, args, timeout: 2 }, 3000);
    if (!answer.ok || !answer.value.ok) throw new Error(`${command}: ${JSON.stringify(answer)}`);
  };
  if (mode === "predictive") await tell("mn", "handover", { to: ACCESS_POINT[next], agent: null });
  if (mode === "early-buffered reactive") await tell(left, "node-left", { mac: MAC.mn });
  const move = await net.move(to, { gapMs: GAP_MS });
  await programs.waitForEvent("mn", "registered", move.leftAt);
  return move;
}

function sideOf({ departures, arrivals }: UdpStream, moves: readonly Moved[]): Side {
  const counts = moves.map(({ leftAt, joinedAt }) =>
    countStream(departures, arrivals, { from: leftAt - BEFORE_MS, to: joinedAt + AFTER_MS }),
  );
  const sum = (of: "reordered" | "duplicates") => counts.reduce((all, each) => all + each[of], 0);
  return {
    gaps: moves.map(({ leftAt, joinedAt }) => {
      return longestGap(arrivals, { from: leftAt, to: joinedAt + AFTER_MS }).ms;
    }),
    lost: counts.map(({ lost }) => lost),
    reordered: sum("reordered"),
    duplicates: sum("duplicates"),
  };
}

async function measureDownload(session: Session, mode: Mode, to: Place) {
  const { cn, mn } = session.net;
  const transfer = await startTcp({
    from: cn,
    to: mn,
    address: ADDRESS.home,
    port: 7002,
    rate: 1_000_000,
  });
  await sleep(1000);
  const { leftAt } = await handOver(session, mode, to);
  await sleep(1500);
  await transfer.stop();
  return transfer.progress.map(({ at, total }) => [at - leftAt, total] as const);
}

/** Median, 99th percentile and what was lost. */
export function handoverRows(results: readonly HandoverResult[]): Row[] {
  return results.flatMap(({ mode, down, up }) =>
    [["down", down] as const, ["up", up] as const].map(([name, side]): Row => {
      const ms = (share: number) => percentile(side.gaps, share).toFixed(0);
      const lost = side.lost.reduce((all, each) => all + each, 0);
      const perHandover = (lost / Math.max(1, side.lost.length)).toFixed(1);
      const note = `p99 ${ms(0.99)} ms; ${perHandover} lost a handover, ${side.reordered} reordered, ${side.duplicates} twice`;
      return [`${mode}, ${name}`, `${ms(0.5)} ms`, note];
    }),
  );
}
