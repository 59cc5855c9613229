/**
 * `make demo`: a TCP download and a voice-like UDP stream go on while the mobile node moves from
 * one foreign agent to another and home. Ends with 0 only when the TCP stream arrived whole and
 * nothing was left behind.
 *
 *   node build/scripts/demo.js [--silent-link] [--json FILE]
 */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { enterLab } from "../test/lab/enter.ts";
import { monotonicMs } from "../test/lab/wait.ts";
import { type Palette, palette, wantsColour } from "./demo/palette.ts";
import { frame, paintStrip, pointers, strip } from "./demo/picture.ts";
import { type Recorded, Scene, shown, UDP_RATE } from "./demo/scene.ts";
import { isSuccess, summaryLines } from "./demo/summary.ts";
import { Timeline } from "./demo/timeline.ts";

const HELP = `usage: make demo [ARGS="OPTIONS"]

  --silent-link   the link changes without a link event, so that only advertisements tell
  --json FILE     also save the figures
  --help`;

const NETWORK = `
            cn  correspondent 203.0.113.10
            |
   FA1 ── router ── FA2         mn  mobile node 10.1.0.7, its one interface moves
    |       |        |
  link 1    HA     link 2       FA1 -> FA2 -> home
            |
          home 10.1.0.0/24
`;

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

function pictures(recorded: Recorded, colours: Palette): void {
  for (const handover of recorded.handovers) {
    const options = frame(shown(handover, [recorded.down, recorded.up]), UDP_RATE);
    write(colours.bold(`${handover.from} -> ${handover.to}, ${options.cellMs} ms a character`));
    for (const [name, stream] of [
      ["cn -> mn", recorded.down],
      ["mn -> cn", recorded.up],
    ] as const) {
      write(`  ${name}  ${paintStrip(strip(stream.arrivals, options), colours)}`);
    }
    const moments = [{ at: handover.leftAt, label: "link moved" }];
    write(colours.dim(`            ${pointers(moments, options)}`));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      "silent-link": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    write(HELP);
    return 0;
  }
  await enterLab({ tun: true });
  const colours = palette(wantsColour(process.stdout.isTTY === true, process.env));
  write(NETWORK);
  write(colours.dim(" seconds  who   what"));
  const timeline = new Timeline(monotonicMs(), monotonicMs, colours, write);
  const ticker = setInterval(() => timeline.flush(), 50);
  const scene = await Scene.open({ timeline, silentLink: values["silent-link"] });
  const recorded = await scene.journey();
  clearInterval(ticker);
  timeline.flush(true);
  write("");
  pictures(recorded, colours);
  write("");
  for (const line of summaryLines(recorded.figures, colours)) write(line);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(recorded.figures, undefined, 2)}\n`);
  }
  return isSuccess(recorded.figures) ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  const usage = error instanceof TypeError && "code" in error;
  process.stderr.write(usage ? `demo: ${error.message}\n${HELP}\n` : `demo: ${String(error)}\n`);
  process.exit(usage ? 2 : 1);
}
