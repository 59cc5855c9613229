/** Ways to change the link that `handover.ts` measures: ours, with each trigger that there is. */

import type { Json } from "../../shared/base/result.ts";
import { ask } from "../../shared/service/control/client.ts";
import { ACCESS_POINT, fastHandoverFiles } from "../lab/fast-handover-files.ts";
import type { Move } from "../lab/link.ts";
import { ADDRESS, MAC, type MobileNet, type Place } from "../lab/mobile-net.ts";
import type { ProgramEvent } from "../lab/programs.ts";
import { registeredVia, type Session, startSession } from "../lab/session.ts";
import { sleep } from "../lab/wait.ts";
import { SETTLED_MS } from "./daemon.ts";

export const GAP_MS = 50;
export const ONE_WAY_MS = 20;

/** A node that can be reached by its home address, on `foreign1` at first. */
export interface Roamer {
  readonly net: MobileNet;
  /** Changes its link; returns when it needs nothing more for that. */
  handOver(to: Place): Promise<Move>;
  /** What its programs have told so far. */
  events?(): readonly ProgramEvent[];
  close(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** The line that installs what is missing; `undefined`: nothing is. */
  readonly missing?: string | undefined;
  open(): Promise<Roamer>;
}

const MODES = ["plain", "reactive", "early-buffered reactive", "predictive"] as const;
type Mode = (typeof MODES)[number];

/** As the services of the packages run them. */
const NODE = [process.execPath, "--max-semi-space-size=1", "--v8-pool-size=1"];

export const OURS: readonly Contender[] = MODES.map((mode) => ({
  name: mode,
  open: async () => {
    const session = await startSession({
      node: { fa1: NODE, fa2: NODE, mn: NODE, ha: [process.execPath, "--max-semi-space-size=1"] },
      start: "foreign1",
      homeLine: { delayMs: ONE_WAY_MS },
      ...(mode === "plain" ? {} : { overrides: fastHandoverFiles() }),
    });
    await registeredVia(session, ADDRESS.fa1);
    await sleep(SETTLED_MS);
    const { net } = session;
    return {
      net,
      handOver: (to) => handOver(session, mode, to),
      events: () => session.programs.events,
      close: () => session.close(),
    };
  },
}));

/** As a radio's own software would do it: with the trigger that the mode has, and no delay. */
async function handOver({ net, programs }: Session, mode: Mode, to: Place): Promise<Move> {
  const next = to === "foreign2" ? "fa2" : "fa1";
  const left = to === "foreign2" ? "fa1" : "fa2";
  const tell = async (name: "mn" | "fa1" | "fa2", command: string, args: Record<string, Json>) => {
    const { socket } = programs.daemons[name].files;
    const answer = await ask(socket, { command, args, timeout: 2 }, 3000);
    if (!answer.ok || !answer.value.ok) throw new Error(`${command}: ${JSON.stringify(answer)}`);
  };
  await net.lab.atSwitch(); // no time of the node's goes into starting its process
  if (mode === "predictive") await tell("mn", "handover", { to: ACCESS_POINT[next], agent: null });
  if (mode === "early-buffered reactive") await tell(left, "node-left", { mac: MAC.mn });
  const move = await net.move(to, { gapMs: GAP_MS });
  await programs.waitForEvent("mn", "registered", move.leftAt);
  return move;
}
