/** Two foreign agents, a home agent and a mobile node on one machine, and a node that they serve. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { enterLab } from "./enter.ts";
import type { Host } from "./host.ts";
import { Lab } from "./lab.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import type { LabProcess } from "./process.ts";
import { isReady } from "./questions.ts";
import { bundleOf } from "./session.ts";
import { type TomlTable, toToml } from "./toml.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping", "nft"] });

const KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PACE = { max_interval: 1, lifetime: 3 };
const SERVED = "10.1.0.7";
const OTHER = "10.1.0.9";
let lab: Lab;
let box: Host;
let cn: Host;
let served: Host;
let other: Host;
let untouched: readonly string[];

/** A program with its own names and numbers for everything. */
class Instance {
  readonly role: "fa" | "mn" | "ha";
  readonly host: Host;
  readonly socket: string;
  readonly config: string;
  #process: LabProcess | undefined;

  constructor(name: string, host: Host, role: "fa" | "mn" | "ha", table: number, rest: TomlTable) {
    this.role = role;
    this.host = host;
    this.socket = `/run/mip4/${name}.sock`;
    const folder = join(lab.directory, name);
    mkdirSync(folder);
    this.config = join(folder, `${role}.toml`);
    const store = { [role === "ha" ? "store" : "state"]: { path: join(folder, "journal") } };
    const dataplane = { route_table: table, rule_priority: 4000 + table };
    writeFileSync(
      this.config,
      toToml({ ...rest, ...store, dataplane, control: { socket: this.socket } }),
    );
  }

  async ask(...words: readonly string[]) {
    const argv = [process.execPath, bundleOf(this.role), ...words, "--socket", this.socket];
    return this.host.exec(argv);
  }

  async start(): Promise<void> {
    const argv = [process.execPath, bundleOf(this.role), "run", "--config", this.config];
    const running = this.host.spawn(argv);
    this.#process = running;
    await waitFor("ready", () => {
      assert.equal(running.status, undefined, running.output());
      return isReady(this.role, this.socket);
    }).catch((error: unknown) => {
      throw new Error(running.output(), { cause: error });
    });
  }

  said(): string {
    return this.#process?.output() ?? "";
  }

  async stop(): Promise<number> {
    return (await this.#process?.stop("SIGTERM")) ?? 255;
  }
}

const node = (address: string): TomlTable => ({ home_address: address, spi: 256, key: KEY });
const mobile = (address: string): TomlTable => ({
  home_address: address,
  home_prefix_length: 24,
  home_agent: "198.51.100.1",
  interface: [{ name: "wlan0" }],
  security_association: [{ with: "home-agent", spi: 256, key: KEY }],
});
const foreign = (name: string, address: string): TomlTable => ({
  interface: [{ name, care_of_address: address }],
  advertisement: PACE,
});

before(() => {
  lab = new Lab();
  const [world, home, one, two, island] = ["world", "home", "one", "two", "island"].map((name) =>
    lab.segment(name),
  );
  assert.ok(world && home && one && two && island);
  box = lab.host("box", { router: true });
  box.connect("up0", world, { address: "198.51.100.1/24" });
  box.connect("home0", home, { address: "10.1.0.1/24" });
  box.connect("lan0", one, { address: "192.0.2.1/26" });
  box.connect("lan1", two, { address: "192.0.2.65/26" });
  box.connect("wlan0", island, {});
  cn = lab.host("cn");
  cn.connect("eth0", world, { address: "198.51.100.10/24" });
  cn.ip("route", "add", "default", "via", "198.51.100.1");
  served = lab.host("served");
  served.connect("wlan0", one, {});
  other = lab.host("other");
  other.connect("wlan0", two, {});
  untouched = machineState(box);
});
after(() => lab.close());

test("one machine: two foreign agents, a home agent and a mobile node, each with its own marks, serve a node and leave the others' marks alone", async () => {
  const ha = new Instance("ha", box, "ha", 436, {
    address: "198.51.100.1",
    home_network: [{ prefix: "10.1.0.0/24", interface: "home0" }],
    mobile_node: [node(SERVED), node(OTHER), node("10.1.0.8")],
    advertisement: PACE,
  });
  const one = new Instance("fa1", box, "fa", 434, foreign("lan0", "192.0.2.1"));
  const two = new Instance("fa2", box, "fa", 433, foreign("lan1", "192.0.2.65"));
  const own = new Instance("mn", box, "mn", 435, mobile("10.1.0.8"));
  const guests = [
    new Instance("served", served, "mn", 435, mobile(SERVED)),
    new Instance("other", other, "mn", 435, mobile(OTHER)),
  ];
  await Promise.all([ha, one, two, ...guests].map((each) => each.start()));
  const registered = async (guest: Instance): Promise<boolean> => {
    const status = JSON.parse((await guest.ask("status", "--json")).stdout) as { state: string };
    return status.state === "registered";
  };
  await waitFor(
    "both registered",
    async () => (await Promise.all(guests.map(registered))).every(Boolean),
    {
      timeoutMs: 8000,
    },
  );
  const isServed = async (address: string): Promise<void> => {
    assert.equal(await cn.ping(address, { count: 3 }), true, address);
  };
  await isServed(SERVED);
  await isServed(OTHER);
  assert.equal(await other.ping(SERVED, { count: 2 }), true); // out by one agent, in by the other
  // A mobile node and another foreign agent come and go: nothing of the others changes.
  const before = machineState(box);
  await own.start();
  await isServed(SERVED);
  await isServed(OTHER);
  assert.equal(await two.stop(), 0);
  await isServed(SERVED);
  await two.start();
  assert.equal(await own.stop(), 0);
  await isServed(SERVED);
  await isServed(OTHER);
  assert.deepEqual(stateChanges(before, machineState(box)), []);
  const ends = await Promise.all([...guests, one, two, ha].map((each) => each.stop()));
  assert.deepEqual(ends, [0, 0, 0, 0, 0]);
  assert.deepEqual(stateChanges(untouched, machineState(box)), []);
});
