/** tshark: what it shows of packets, as a second opinion on the codec. */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pcap } from "./capture-files.ts";

/** One item of tshark's tree. */
export interface Shown {
  readonly name: string;
  /** The value as a display filter has it. */
  readonly show: string;
  /** The octets in hex; of a bit field the number that its bits are. */
  readonly value: string;
  readonly children: readonly Shown[];
}

export interface Dissected {
  /** The items of each packet, in the packets' order. */
  readonly packets: readonly (readonly Shown[])[];
  /** What tshark says beside them: errors of a script, for example. */
  readonly complaints: string;
}

const run = promisify(execFile);
const LARGEST_OUTPUT = 1 << 28;

/** A sound file and packets; `protocols` are shown in full, others by name. */
export async function dissect(
  packets: readonly Uint8Array[],
  protocols: readonly string[],
  script?: string,
): Promise<Dissected> {
  const directory = mkdtempSync(join(tmpdir(), "mip4-tshark-"));
  try {
    const path = join(directory, "packets.pcap");
    const records = packets.map((bytes, time) => ({ time, bytes }));
    writeFileSync(path, pcap(records, { little: true, nano: false }));
    const scripts = script === undefined ? [] : ["-X", `lua_script:${script}`];
    const argv = ["-n", "-r", path, "-T", "pdml", "-J", protocols.join(" "), ...scripts];
    // Nobody's own preferences and plugins: the result must not depend on who runs it.
    const env = { ...process.env, HOME: directory, WIRESHARK_CONFIG_DIR: directory, TZ: "UTC" };
    const { stdout, stderr } = await run("tshark", argv, { maxBuffer: LARGEST_OUTPUT, env });
    return { packets: readPdml(stdout), complaints: stderr };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Open extends Shown {
  readonly children: Shown[];
}

// A text may hold anything but what XML would take for an end.
const ELEMENT = /<(\/?)(packet|proto|field)\b([^>]*?)(\/?)>/g;
const ATTRIBUTE = /([a-z]+)="([^"]*)"/g;

function readPdml(text: string): Shown[][] {
  const packets: Shown[][] = [];
  let open: Open[] = [];
  for (const [, closing, element, attributes = "", empty] of text.matchAll(ELEMENT)) {
    if (closing === "/") {
      const closed = open.pop();
      if (element === "packet") packets.push([...(closed?.children ?? [])]);
      continue;
    }
    const item = itemOf(attributes);
    open.at(-1)?.children.push(item);
    if (element === "packet") open = [item];
    else if (empty === "") open.push(item);
  }
  return packets;
}

function itemOf(attributes: string): Open {
  const pairs = [...attributes.matchAll(ATTRIBUTE)].map(([, key = "", text = ""]) => [key, text]);
  const { name = "", show = "", value = "" } = Object.fromEntries(pairs) as Record<string, string>;
  return { name, show: unescapeXml(show), value: value.toLowerCase(), children: [] };
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp|#x27);/g, (_, name: string) => ENTITIES[name] ?? "'");
}

/** Every item, the inner ones behind the one they are in. */
export function flatten(items: readonly Shown[]): Shown[] {
  return items.flatMap((item) => [item, ...flatten(item.children)]);
}
