/** What runs in the machine of test-radio: the network of radio-net.sh, access points, a station, the programs. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../shared/base/result.ts";
import { ask, watch } from "../../shared/service/control/client.ts";
import { fastHandoverFiles } from "../lab/fast-handover-files.ts";
import { LabProcess, runAsync } from "../lab/process.ts";
import {
  DAEMONS,
  type DaemonName,
  type ProgramFiles,
  roleOf,
  writeProgramFiles,
} from "../lab/program-files.ts";
import { type ProgramEvent, readEvent } from "../lab/programs.ts";
import { PROJECT_ROOT } from "../lab/root.ts";
import { waitFor } from "../lab/wait.ts";

const FOLDER = "/run/radio";
const SUPPLICANT = "/run/wpa_supplicant";
/** Of the access points. */
const CHANNEL = { number: 1, frequency: 2412 } as const;

export type Router = "fa1" | "fa2";

function hostapdFile(number: 1 | 2): string {
  return `interface=lan0
ctrl_interface=/run/hostapd${number}
ssid=mip4
hw_mode=g
channel=${CHANNEL.number}
`;
}

const SUPPLICANT_FILE = `ctrl_interface=${SUPPLICANT}
network={
  ssid="mip4"
  key_mgmt=NONE
  scan_freq=${CHANNEL.frequency}
}
`;

export class RadioNet {
  readonly events: ProgramEvent[] = [];
  readonly #files: Readonly<Record<DaemonName, ProgramFiles>>;
  readonly #daemons = new Map<DaemonName, LabProcess>();
  /** What the kernel says of the station. */
  readonly #news: LabProcess;

  private constructor() {
    mkdirSync(FOLDER, { recursive: true });
    mkdirSync("/run/mip4", { recursive: true });
    for (const number of [1, 2] as const) {
      writeFileSync(join(FOLDER, `hostapd${number}.conf`), hostapdFile(number));
    }
    writeFileSync(join(FOLDER, "supplicant.conf"), SUPPLICANT_FILE);
    execFileSync("sh", [join(PROJECT_ROOT, "test/machine/radio-net.sh"), FOLDER], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const overrides = fastHandoverFiles();
    const agent = (number: 1 | 2) => {
      const own = overrides[`fa${number}`];
      const table = { ...(own?.fast_handover as object), hostapd: [`/run/hostapd${number}/lan0`] };
      return { ...own, fast_handover: table };
    };
    this.#files = writeProgramFiles(
      { lab: { directory: FOLDER } },
      { overrides: { ...overrides, fa1: agent(1), fa2: agent(2) } },
    );
    this.#news = this.spawn("mn", ["iw", "event", "-t"]);
  }

  /** Returns when the node is registered through one of the agents. */
  static async start(say: (text: string) => void): Promise<RadioNet> {
    const net = new RadioNet();
    say("access points and station are up");
    for (const name of DAEMONS) net.#run(name);
    for (const name of DAEMONS) {
      const isReady = async () => (await net.query(name, "status")).ready === true;
      await waitFor(`${name} to be ready`, isReady, { timeoutMs: 30_000, everyMs: 500 });
      void watch(net.#files[name].socket, (line) => net.#note(name, line));
      say(`${name} is ready`);
    }
    await net.registered(0);
    say("the node is registered");
    return net;
  }

  /** In one of the hosts. */
  spawn(host: string, argv: readonly string[], log?: string): LabProcess {
    const options = log === undefined ? {} : { stdout: log, stderr: log };
    return new LabProcess(["nsenter", `--net=/run/netns/${host}`, "--", ...argv], options);
  }

  async query(name: DaemonName, query: string): Promise<JsonObject> {
    const answer = await ask(this.#files[name].socket, { query }, 5000);
    if (!answer.ok || !answer.value.ok)
      throw new Error(`${name} ${query}: ${JSON.stringify(answer)}`);
    return answer.value.result as JsonObject;
  }

  /** A command of the control socket; throws when it is refused. */
  async command(name: DaemonName, command: string, args: JsonObject): Promise<void> {
    const answer = await ask(this.#files[name].socket, { command, args, timeout: 5 }, 10_000);
    if (!answer.ok || !answer.value.ok) {
      throw new Error(`${name} ${command}: ${JSON.stringify(answer)}`);
    }
  }

  /** Where the node is registered, once it is and has been so since a time. */
  async registered(since: number, by?: string): Promise<void> {
    const isSo = async () => {
      const { state, agent } = await this.query("mn", "status");
      const news =
        since === 0 || this.events.some((e) => e.event === "registered" && e.at >= since);
      return state === "registered" && news && (by === undefined || agent === by);
    };
    const what = `the node to be registered${by === undefined ? "" : ` by ${by}`}`;
    await waitFor(what, isSo, { timeoutMs: 2000, everyMs: 250 }).catch((error: unknown) => {
      throw new Error(this.logs(), { cause: error });
    });
  }

  /** `wpa_cli`, as a person or a script uses it. */
  async supplicant(...words: readonly string[]): Promise<string> {
    const argv = ["wpa_cli", "-p", SUPPLICANT, "-i", "wlan0", ...words];
    const { status, stdout, stderr } = await runAsync(argv);
    if (status !== 0 || stdout.startsWith("FAIL")) {
      throw new Error(`wpa_cli ${words.join(" ")}: ${stdout}${stderr}`);
    }
    return stdout.trim();
  }

  /** The access point's address, in its present state. */
  async accessPoint(): Promise<string | undefined> {
    return /^bssid=(\S+)/m.exec(await this.supplicant("status"))?.[1];
  }

  /** Both access points are in the last results. */
  async scan(): Promise<void> {
    await this.supplicant("scan", "TYPE=ONLY", `freq=${CHANNEL.frequency}`);
    const sees = async () => (await this.supplicant("scan_results")).includes("mip4");
    await waitFor("results of a scan", sees, { everyMs: 100 });
  }

  /** When the station was connected again after a time, and how long it was not, in milliseconds. */
  linkGap(since: number): number | undefined {
    const lines = this.#news.stdout.filter(({ at }) => at >= since);
    const stamp = (pattern: RegExp) => {
      const text = lines.find((line) => pattern.test(line.text))?.text;
      return text === undefined ? undefined : Number.parseFloat(text) * 1000;
    };
    const gone = stamp(/: (auth|deauth|disassoc|disconnected|del station)\b/);
    const here = stamp(/: connected to/);
    return gone === undefined || here === undefined ? undefined : here - gone;
  }

  /** The mobile node without, or with, its part in fast handovers, from now on. */
  async setFastHandover(enabled: boolean): Promise<void> {
    const { config, log } = this.#files.mn;
    const before = readFileSync(config, "utf8");
    const after = before.replace(/(\[fast_handover\]\s+enabled = )(true|false)/, `$1${enabled}`);
    if (after === before) throw new Error("mn.toml has no fast_handover.enabled to change");
    writeFileSync(config, after);
    this.#daemons.get("mn")?.signal("SIGHUP");
    const isDone = () => readFileSync(log, "utf8").includes("configuration reloaded");
    await waitFor("the node to have read its file", isDone, { everyMs: 50 });
  }

  logs(): string {
    const files = DAEMONS.map((name) => this.#files[name].log);
    const more = ["supplicant.log", "hostapd1.log", "hostapd2.log"].map((n) => join(FOLDER, n));
    const texts = [...files, ...more].map(
      (f) => `--- ${f}\n${readFileSync(f, "utf8").slice(-2500)}`,
    );
    return [...texts, "--- iw event", this.#news.output().slice(-2500)].join("\n");
  }

  async stop(): Promise<void> {
    for (const name of ["mn", "fa1", "fa2", "ha"] as const) {
      await this.#daemons.get(name)?.stop("SIGTERM", 60_000);
    }
  }

  #run(name: DaemonName): void {
    const { config, log } = this.#files[name];
    const bundle = join(PROJECT_ROOT, "dist", `mip4-${roleOf(name)}`);
    const argv = [process.execPath, bundle, "run", "--config", config];
    this.#daemons.set(name, this.spawn(name, argv, log));
  }

  #note(name: DaemonName, line: JsonObject): void {
    const event = readEvent(name, JSON.stringify(line));
    if (event !== undefined) this.events.push(event);
  }
}
