/** The network, the programs and the traffic of the demo, and the moves through it. */

import { countStream, longestGap, type Window } from "../../test/lab/gaps.ts";
import { ADDRESS, buildMobileNet, type MobileNet, type Place } from "../../test/lab/mobile-net.ts";
import { type Programs, startPrograms } from "../../test/lab/programs.ts";
import {
  startTcp,
  startUdp,
  type TcpTransfer,
  type UdpStream,
} from "../../test/lab/traffic/streams.ts";
import { monotonicMs, sleep } from "../../test/lab/wait.ts";
import { difference, type Snapshot, snapshot } from "./leftovers.ts";
import { type DemoFigures, type HandoverRecord, handoverFigures, tcpFigures } from "./summary.ts";
import { entryOf, type Timeline } from "./timeline.ts";

/** Packets a second of the UDP stream in each direction, as a voice call sends them. */
export const UDP_RATE = 100;
/** Octets a second of the TCP transfer: a download that leaves the two cores room. */
const TCP_RATE = 2_000_000;
const MAX_INTERVAL = 1;
const LIFETIME = 3;
/** A station that changes access points is off the air for about as long. */
const LINK_GAP_MS = 50;
const HOME_DELAY_MS = 20;
/** Traffic before the first move, and quiet time after each handover. */
const BEFORE_MS = 2000;
const AFTER_MS = 2500;
/** A move that has not led to a registration by then has failed. */
const SETTLE_TIMEOUT_MS = 15_000;

const PLACES: Readonly<Record<Place, string>> = {
  foreign1: "FA1",
  foreign2: "FA2",
  home: "home",
};

export interface SceneOptions {
  readonly timeline: Timeline;
  /** The link changes without any link event: only advertisements tell. */
  readonly silentLink: boolean;
  readonly dist?: string;
}

export interface Recorded {
  readonly figures: DemoFigures;
  readonly handovers: readonly HandoverRecord[];
  readonly down: UdpStream;
  readonly up: UdpStream;
}

export class Scene {
  readonly net: MobileNet;
  readonly programs: Programs;
  readonly #options: SceneOptions;
  readonly #before: readonly Snapshot[];

  private constructor(
    net: MobileNet,
    programs: Programs,
    before: readonly Snapshot[],
    options: SceneOptions,
  ) {
    this.net = net;
    this.programs = programs;
    this.#before = before;
    this.#options = options;
  }

  /** Builds everything and waits for the first registration, on FA1's link. */
  static async open(options: SceneOptions): Promise<Scene> {
    const homeLine = { delayMs: HOME_DELAY_MS };
    const net = await buildMobileNet({ start: "foreign1", homeLine });
    const before = Scene.#hosts(net).map(snapshot);
    const dist = options.dist === undefined ? {} : { dist: options.dist };
    const settings = { maxInterval: MAX_INTERVAL, lifetime: LIFETIME, ...dist };
    let heard = false;
    const tell = (programs: Programs): void =>
      programs.onEvent((event) => {
        heard ||= event.event === "registered";
        const entry = entryOf(event);
        if (entry !== undefined) options.timeline.add(entry);
      });
    const programs = await startPrograms(net, settings, tell);
    const status = await programs.waitForState("registered");
    if (!heard) {
      // It may have registered before `watch` was listening.
      const what = `registered, care-of address ${String(status.care_of_address)}`;
      options.timeline.add({ at: monotonicMs(), who: "mn", what, weight: "good" });
    }
    return new Scene(net, programs, before, options);
  }

  static #hosts(net: MobileNet) {
    return [net.ha, net.fa1, net.fa2, net.mn];
  }

  #say(what: string, weight?: "bold" | "mark", at = monotonicMs()): void {
    this.#options.timeline.add({ at, who: "lab", what, ...(weight ? { weight } : {}) });
  }

  /** Says when the first packet comes after a silence. */
  #watchSilence(stream: UdpStream, name: string): void {
    const noticeable = (1000 / UDP_RATE) * 4;
    let last: number | undefined;
    stream.onArrival(({ at }) => {
      const gap = last === undefined ? 0 : at - last;
      if (gap > noticeable) {
        this.#say(`first packet ${name} after ${gap.toFixed(0)} ms`, "mark", at);
      }
      last = at;
    });
  }

  async #move(to: Place, streams: readonly UdpStream[]): Promise<Omit<HandoverRecord, "until">> {
    const from = PLACES[this.net.port.segment.name as Place];
    const how = this.#options.silentLink ? { carrier: false } : { gapMs: LINK_GAP_MS };
    this.#say(`wlan0 leaves ${from}'s link`, "bold");
    const move = await this.net.move(to, how);
    this.#say(`wlan0 is on ${PLACES[to]}'s link`, "bold", move.joinedAt);
    const state = to === "home" ? "home" : "registered";
    const event = await this.programs.waitForEvent("mn", state, move.leftAt, SETTLE_TIMEOUT_MS);
    await this.#flowing(streams, event.at);
    await sleep(AFTER_MS);
    const started = this.programs.events.find(
      (one) => one.from === "mn" && one.event === "handover-started" && one.at >= move.leftAt - 2,
    );
    const reason = started?.fields.reason;
    return {
      ...{ from, to: PLACES[to], leftAt: move.leftAt, joinedAt: move.joinedAt },
      reason: typeof reason === "string" ? reason : undefined,
    };
  }

  /** Waits until packets arrive in every direction again; the figures tell when they do not. */
  async #flowing(streams: readonly UdpStream[], since: number): Promise<void> {
    const deadline = monotonicMs() + AFTER_MS;
    const flows = (stream: UdpStream): boolean => (stream.arrivals.at(-1)?.at ?? 0) > since;
    while (!streams.every(flows) && monotonicMs() < deadline) await sleep(20);
  }

  async #startTraffic() {
    const [cn, mn] = [this.net.cn, this.net.mn];
    const common = { rate: UDP_RATE, size: 160 };
    const source = ADDRESS.home;
    const [down, up, tcp] = await Promise.all([
      startUdp({ ...common, from: cn, to: mn, address: ADDRESS.home, port: 7000 }),
      startUdp({ ...common, from: mn, to: cn, address: ADDRESS.correspondent, port: 7001, source }),
      startTcp({
        ...{ from: mn, to: cn, address: ADDRESS.correspondent, port: 7002, source },
        ...{ reverse: true, rate: TCP_RATE },
      }),
    ]);
    this.#watchSilence(down, "cn -> mn");
    this.#watchSilence(up, "mn -> cn");
    this.#say("traffic: TCP download cn -> mn, UDP 100 packets/s each way", "mark");
    return { down, up, tcp };
  }

  /** The journey under traffic: FA1 -> FA2 -> home. Ends the programs and looks what is left. */
  async journey(): Promise<Recorded> {
    const startedAt = monotonicMs();
    const { down, up, tcp } = await this.#startTraffic();
    await sleep(BEFORE_MS);
    const moves: Omit<HandoverRecord, "until">[] = [];
    for (const place of ["foreign2", "home"] as const) {
      moves.push(await this.#move(place, [down, up]));
    }
    const end = monotonicMs();
    const handovers = moves.map((move, i) => ({
      ...move,
      until: (moves[i + 1]?.leftAt ?? end + 100) - 100,
    }));
    const [report] = await Promise.all([this.#finish(tcp), down.stop(), up.stop()]);
    const left = await this.close();
    const figures: DemoFigures = {
      settings: {
        max_interval: MAX_INTERVAL,
        lifetime: LIFETIME,
        udp_packets_per_second: UDP_RATE,
        home_delay_ms: HOME_DELAY_MS,
      },
      handovers: handovers.map((handover) => handoverFigures(handover, down, up)),
      udp: {
        down: countStream(down.departures, down.arrivals),
        up: countStream(up.departures, up.arrivals),
      },
      tcp: tcpFigures(report),
      left_behind: left,
      duration_ms: Math.round(monotonicMs() - startedAt),
    };
    return { figures, handovers, down, up };
  }

  async #finish(tcp: TcpTransfer) {
    const report = await tcp.stop();
    this.#say("traffic ends", "mark");
    return report;
  }

  /** SIGTERM to the programs; what they left behind, one line each. */
  async close(): Promise<string[]> {
    const statuses = await this.programs.stop();
    const left = Object.entries(statuses)
      .filter(([, status]) => status !== 0)
      .map(([name, status]) => `${name} ended with ${status} after SIGTERM`);
    Scene.#hosts(this.net).forEach((host, i) => {
      left.push(...difference(this.#before[i] ?? new Set(), snapshot(host)));
    });
    await this.net.lab.close();
    const survivors = this.net.lab.survivors();
    left.push(...survivors.map(({ pid, command }) => `process ${pid}: ${command}`));
    return left;
  }
}

/** The stretch that a picture of a handover shows: the move and the whole interruption. */
export function shown(handover: HandoverRecord, streams: readonly UdpStream[]): Window {
  const window = { from: handover.leftAt - 100, to: handover.until };
  const ends = streams.map((stream) => longestGap(stream.arrivals, window).to);
  const to = Math.max(handover.joinedAt, ...ends);
  return { from: handover.leftAt, to: Math.min(to, handover.until) };
}
