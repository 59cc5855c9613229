/** Packet captures, and tshark as a second opinion on what is in them. */

import { LabProcess, runAsync } from "./process.ts";
import { sleep } from "./wait.ts";

/** For frames that are still between their sender and the interface. */
const SETTLE_MS = 20;

/** A capture of everything on one interface, by the lab's own helper. */
export class Capture {
  readonly path: string;
  readonly process: LabProcess;

  constructor(enter: readonly string[], binary: string, device: string, path: string) {
    this.path = path;
    this.process = new LabProcess([...enter, binary, "capture", device, path], { name: "capture" });
  }

  /** Resolves when the socket is open: every later frame is captured. */
  async ready(): Promise<void> {
    await this.process.waitForLine(/^capturing/);
  }

  /** Ends the capture after what has arrived, and returns the file's path. */
  async stop(): Promise<string> {
    await sleep(SETTLE_MS);
    await this.process.stop("SIGINT");
    const said = this.process.stdout.at(-1)?.text;
    if (said !== "lost 0") throw new Error(`capture ${this.path}: ${said ?? "no report"}`);
    return this.path;
  }
}

export type Row<Field extends string> = { readonly [name in Field]: string };

/**
 * What tshark says: one row a frame, by field name. A field that occurs several times in a frame
 * has its values joined by `,`; one that does not occur is empty.
 */
export async function tshark<const Field extends string>(
  path: string,
  filter: string,
  fields: readonly Field[],
): Promise<Row<Field>[]> {
  const columns = fields.flatMap((field) => ["-e", field]);
  const argv = ["tshark", "-n", "-r", path, "-Y", filter, "-T", "fields", "-E", "separator=/t"];
  const done = await runAsync([...argv, ...columns]);
  if (done.status !== 0) throw new Error(`tshark: ${done.stderr}`);
  return done.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const cells = line.split("\t");
      return Object.fromEntries(fields.map((field, i) => [field, cells[i] ?? ""])) as Row<Field>;
    });
}

/** Frames that tshark calls malformed, or whose checksum is wrong: none, in a sound capture. */
export function tsharkComplaints(
  path: string,
): Promise<Row<"frame.number" | "_ws.expert.message">[]> {
  const filter = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0";
  return tshark(path, filter, ["frame.number", "_ws.expert.message"]);
}
