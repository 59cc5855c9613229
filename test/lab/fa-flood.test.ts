/**
 * A flood of requests from invented nodes at the built foreign agent, while it serves a visitor:
 * its traffic and its renewals go on, the agent's tables and memory stay bounded, and the counters
 * tell what came.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { SecurityContext } from "../../shared/security/association.ts";
import { enterLab } from "./enter.ts";
import type { LinkHeader } from "./frames.ts";
import { countStream, longestGap } from "./gaps.ts";
import type { Host } from "./host.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { requestFrame, scriptedRequest } from "./scripted-node.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { startUdp } from "./traffic/streams.ts";
import { monotonicMs, sleep, waitFor } from "./wait.ts";
import { wireBinary } from "./wire.ts";

await enterLab({ tun: true, programs: ["ping"] });

const PER_SECOND = 10_000;
const SECONDS = 4;
/** Seconds; the node renews several times within the flood. */
const LIFETIME = 4;
/** Requests that wait at a time, by default. */
const LIMIT = 256;
/** Nodes that are remembered for their last denial. */
const MOST_DENIED_A_SECOND = 1024;
/** Octets: some 65 MB without a flood, and what waits for the garbage collector. */
const MOST_MEMORY = 256 * 1024 * 1024;
/** Events that a visitor who is undisturbed does not cause. */
const ENDINGS: ReadonlySet<string> = new Set([
  "visitor-removed",
  "agent-lost",
  "registration-expired",
  "deregistered",
]);

const invented: SecurityContext = {
  ...{ spi: 256, algorithm: "hmac-md5", replay: "timestamp" },
  key: new Uint8Array(16),
};

let session: Session;
let flooder: Host;

before(async () => {
  session = await startSession({
    start: "foreign1",
    registrationLifetime: LIFETIME,
    before: ({ lab, places }) => {
      flooder = lab.host("flooder");
      flooder.connect("eth0", places.foreign1);
    },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

/** xorshift32: the same invented nodes in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const octets = (value: number): number[] => [24, 16, 8, 0].map((by) => (value >>> by) & 0xff);

/** One request in hex, each from another link-layer address, home address and Identification. */
function inventedFrames(count: number): string[] {
  const next = numbers(2026);
  return Array.from({ length: count }, (_, index) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets(next());
    const mac = [0x02, 0xff, a, b, c, d].map((one) => one.toString(16).padStart(2, "0")).join(":");
    const homeAddress = `10.${2 + (next() % 200)}.${octets(next()).slice(1, 2)}.${1 + (next() % 250)}`;
    // Every other one to a home agent that does not answer, so that it waits for its end.
    const homeAgent = index % 2 === 0 ? ADDRESS.homeAgent : `203.0.113.${100 + (next() % 100)}`;
    const link: LinkHeader = { from: mac, to: MAC.fa1 };
    const careOfAddress = ADDRESS.fa1;
    const { bytes } = scriptedRequest({ homeAddress, homeAgent, careOfAddress, home: invented });
    return requestFrame(link, homeAddress, ADDRESS.fa1, bytes).toString("hex");
  });
}

/** Octets of memory that a process holds. */
function memoryOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

/** Sends frames at the rate; how long that took, in seconds. */
async function flood(frames: readonly string[]): Promise<number> {
  const path = join(flooder.lab.directory, "flood");
  writeFileSync(path, frames.map((frame) => `${frame}\n`).join(""));
  const start = monotonicMs();
  const inject = `exec ${wireBinary(flooder.lab.directory)} inject eth0 ${PER_SECOND} <${path}`;
  const { stdout, stderr } = await flooder.exec(["sh", "-c", inject]);
  assert.equal(stdout, `sent ${frames.length}\n`, stderr);
  return (monotonicMs() - start) / 1000;
}

type Counts = Readonly<Record<string, number>>;

async function countersOf(name: "fa1" | "mn"): Promise<Counts> {
  return (await session.programs.daemons[name].query("status")).counters as Counts;
}

/** How much a counter has grown. */
function growth(before: Counts, after: Counts, name: string): number {
  return (after[name] ?? 0) - (before[name] ?? 0);
}

test("a flood of 10,000 spoofed requests a second neither disturbs a visitor nor fills the agent, and its counters tell [5944-3.7.1-06]", async () => {
  const { net, programs } = session;
  const { fa1, mn } = programs.daemons;
  const frames = inventedFrames(PER_SECOND * SECONDS);
  const [before, ownBefore] = [await countersOf("fa1"), await countersOf("mn")];
  const stream = await startUdp({
    ...{ from: net.cn, to: net.mn, address: ADDRESS.home },
    ...{ port: 6400, rate: 100, size: 200 },
  });
  await sleep(300);
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, memoryOf(fa1.process.pid));
  }, 50);
  const from = monotonicMs();
  const seconds = await flood(frames).finally(() => clearInterval(watching));
  const to = monotonicMs();
  const [status, after] = [await fa1.query("status"), await countersOf("fa1")];
  await stream.stop();

  // Every one is accounted for: on a slow machine the kernel has no room before the agent reads all.
  const received = growth(before, after, "requests-received");
  const lost = growth(before, after, "frames-lost");
  assert.ok(received + lost >= frames.length, `${received} received, ${lost} lost`);
  assert.ok(received > 1000, `${received} received`);
  // Nearly all are turned away: one denial a second a node, and none to nodes beyond the bound.
  const denied = growth(before, after, "denied-66");
  const relayed = growth(before, after, "requests-relayed");
  assert.ok(denied > 0.95 * received, `${denied} denied`);
  assert.ok(relayed < 2 * LIMIT, `${relayed} relayed`);
  const silent = growth(before, after, "denials-over-rate");
  assert.ok(denied - silent < 1.2 * seconds * MOST_DENIED_A_SECOND, `${denied - silent} told`);
  // Tables and memory are bounded.
  assert.equal(status.visitors, 1);
  assert.ok(Number(status.pending) <= LIMIT, `${String(status.pending)} pending`);
  assert.ok(most < MOST_MEMORY, `${most} octets`);
  assert.equal(status.ready, true);

  // The visitor's packets go on.
  const packets = countStream(stream.departures, stream.arrivals, { from, to });
  assert.ok(packets.sent > 50 * SECONDS, `${packets.sent} sent`);
  assert.ok(packets.lost <= packets.sent / 50, `${packets.lost} of ${packets.sent} lost`);
  const gap = longestGap(stream.arrivals, { from, to });
  assert.ok(gap.ms < 1000, `${gap.ms} ms without a packet`);
  // So do its renewals: each is answered, though not the first time when that had no room either.
  const renewals = growth(ownBefore, await countersOf("mn"), "requests-sent");
  const answered = growth(before, await countersOf("fa1"), "replies-received");
  const unheard = Math.ceil((2 * renewals * lost) / frames.length) + 2;
  assert.ok(answered >= 1 && renewals <= answered + unheard, `${answered} of ${renewals} answered`);
  assert.equal((await mn.query("status")).state, "registered");
  const told = programs.events.filter(({ event, at }) => at >= from && ENDINGS.has(event));
  assert.deepEqual(told, []);
});

test("RFC 5944 §3.7.1: what nobody answered ends with code 78, and there is room again [5944-3.7.1-08]", async () => {
  const isOver = async (): Promise<boolean> => {
    const { pending } = await session.programs.daemons.fa1.query("status");
    return Number(pending) <= 1; // the visitor's own renewal
  };
  await waitFor("the pending requests to end", isOver, { timeoutMs: 15_000, everyMs: 200 });
  assert.ok(((await countersOf("fa1"))["denied-78"] ?? 0) > 0);
  assert.equal(await session.net.cn.ping(ADDRESS.home, { count: 5 }), true);
});
