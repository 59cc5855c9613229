/** Ends, crashes, reloads and bad surroundings of the built programs. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ethernet, inject, ipPacket, udpDatagram } from "./frames.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS, MAC, type MobileNet } from "./mobile-net.ts";
import { runSync } from "./process.ts";
import { DAEMONS } from "./program-files.ts";
import { bundleOf, editConfig, registeredVia, type Session, startSession } from "./session.ts";
import { startUdp } from "./traffic/streams.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping", "nft"] });

let session: Session;
let untouched: readonly string[] = [];
const stateOf = (net: MobileNet): string[] => DAEMONS.flatMap((name) => machineState(net[name]));

before(async () => {
  session = await startSession({
    start: "foreign1",
    before: (net) => {
      untouched = stateOf(net);
    },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

const reached = (count = 2): Promise<boolean> => session.net.cn.ping(ADDRESS.home, { count });

test("kill -9 and a new start: each program finds its own again, and traffic goes on for the registered visitor", async () => {
  const { programs, net } = session;
  const objects = stateOf(net);
  for (const name of ["ha", "fa1", "mn"] as const) {
    const daemon = programs.daemons[name];
    await daemon.kill();
    daemon.start();
    await daemon.ready();
    await registeredVia(session, ADDRESS.fa1);
    assert.equal(await reached(), true, name);
    assert.equal(await net.mn.ping(ADDRESS.peer), true, name);
  }
  let changes = ["not looked yet"];
  const same = (): boolean => {
    changes = stateChanges(objects, stateOf(net));
    return changes.length === 0;
  };
  await waitFor("the same objects as before", same).catch(() => undefined);
  assert.deepEqual(changes, []);
});

test("kill -9 of the home agent alone: bindings come back from its journal without a new registration [5944-3.8.1-03]", async () => {
  const { ha } = session.programs.daemons;
  const capture = await session.net.lab.capture(session.net.ha, "up0");
  await ha.kill();
  ha.start();
  await ha.ready();
  const [binding, ...others] = await ha.query<{ home_address: string }[]>("bindings");
  assert.equal(binding?.home_address, ADDRESS.home);
  assert.deepEqual(others, []);
  assert.equal(await reached(), true);
  assert.deepEqual(await tshark(await capture.stop(), "mip", ["mip.type"]), []);
});

test("SIGHUP: a bad file is named line by line and the old one stays; a good one takes effect; the visitor stays", async () => {
  const { fa1, mn } = session.programs.daemons;
  const good = readFileSync(fa1.files.config, "utf8");
  editConfig(fa1, "lifetime = 3", 'lifetime = "long"');
  fa1.process.signal("SIGHUP");
  const fault = await waitFor(
    "the fault",
    () => /^.*fa1\.toml:\d+: .*lifetime.*$/m.exec(fa1.log())?.[0],
  );
  assert.match(fault, /must be|allowed/);
  assert.match(fa1.log(), /the old one stays/);
  assert.equal(await reached(), true);
  writeFileSync(
    fa1.files.config,
    good.replace("lifetime = 3", "lifetime = 4\nregistration_lifetime = 77"),
  );
  fa1.process.signal("SIGHUP");
  await waitFor("the new lifetime on the air", async () => {
    const [agent] = await mn.query<{ registration_lifetime: number }[]>("agents");
    return agent?.registration_lifetime === 77;
  });
  assert.equal(await reached(), true);
  const visitors = await fa1.query<{ home_address: string; state: string }[]>("visitors");
  assert.deepEqual(
    visitors.map((row) => [row.home_address, row.state]),
    [[ADDRESS.home, "registered"]],
  );
});

test("bad input: 10,000 malformed datagrams are counted by reason, not answered, and the visitor's traffic flows", async () => {
  const { net, programs } = session;
  const { fa1 } = programs.daemons;
  const counters = async (): Promise<Record<string, number>> =>
    (await fa1.query<{ counters: Record<string, number> }>("status")).counters;
  const before = await counters();
  const stranger = net.lab.host("stranger");
  const mac = "02:00:00:00:00:66";
  stranger.connect("eth0", net.places.foreign1, { mac, address: "192.0.2.50/26" });
  const capture = await net.lab.capture(stranger, "eth0");
  const common = { from: net.cn, to: net.mn, address: ADDRESS.home, port: 7001, rate: 100 };
  const stream = await startUdp(common);
  const bodies = Array.from({ length: 10_000 }, (_, i) => {
    const body = Buffer.alloc([0, 1, 10, 23, 24, 40][i % 6] ?? 0, i & 0xff);
    if (body.length > 0) body[0] = [1, 3, 2, 200][i % 4] ?? 0;
    return body;
  });
  const frames = bodies.map((body) => {
    const fields = { source: "192.0.2.50", destination: ADDRESS.fa1, protocol: 17 };
    const payload = udpDatagram(4000, 434, body);
    return ethernet({ from: mac, to: MAC.fa1 }, 0x0800, ipPacket({ ...fields, payload }));
  });
  inject(stranger, "eth0", frames);
  const total = (now: Record<string, number>): number =>
    Object.entries(now).reduce((sum, [key, value]) => {
      const isAbout = !/^(advertisements|tunnel|reg-|reply|repl|visitor|solicit)/.test(key);
      return isAbout ? sum + value - (before[key] ?? 0) : sum;
    }, 0);
  await waitFor("the flood to be counted", async () => total(await counters()) >= 5000, {
    timeoutMs: 15_000,
    everyMs: 300,
  }).catch(async (error: unknown) => {
    throw new Error(JSON.stringify([before, await counters()]), { cause: error });
  });
  assert.equal(await reached(), true);
  await stream.stop();
  const lost = stream.departures.length - stream.arrivals.length;
  assert.ok(stream.departures.length > 50);
  assert.ok(lost <= stream.departures.length * 0.02, `${lost} of ${stream.departures.length}`);
  // Nothing that was malformed is answered with ICMP; whole requests of nobody may be denied.
  const errors = await tshark(await capture.stop(), "icmp.type == 3", ["icmp.code"]);
  assert.deepEqual(errors, []);
  assert.equal((await fa1.command("status")).status, 0);
});

test("an interface that is deleted and made again: the foreign agent says so, is degraded meanwhile, and serves again", async () => {
  const { net, programs } = session;
  const { fa2 } = programs.daemons;
  net.fa2.ip("link", "delete", "lan0");
  await waitFor("degraded", async () => {
    const done = await fa2.command("status", "--json");
    return done.status === 1 && (JSON.parse(done.stdout) as { state: string }).state === "degraded";
  });
  assert.match(fa2.log(), /lan0/);
  net.fa2.connect("lan0", net.places.foreign2, { address: `${ADDRESS.fa2}/26`, mac: MAC.fa2 });
  await waitFor("ready", () => fa2.isReady(), {
    timeoutMs: 12_000,
    everyMs: 200,
  });
  await net.move("foreign2");
  await registeredVia(session, ADDRESS.fa2);
  assert.equal(await reached(), true);
});

test("a full disk under the home agent's journal: it says so, is degraded, and goes on registering", async () => {
  const { net, programs } = session;
  const { ha } = programs.daemons;
  await ha.stop();
  const folder = dirname(ha.files.journal);
  const mount = runSync(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]);
  assert.equal(mount.status, 0, mount.stderr);
  ha.start();
  await ha.ready();
  const filler = join(folder, "filler");
  runSync(["sh", "-c", `dd if=/dev/zero of=${filler} bs=4096 count=64 2>/dev/null; true`]);
  // Appends go into the last page until it is full; a handover writes several records each.
  await waitFor(
    "degraded",
    async () => {
      const done = await programs.daemons.mn.command("register");
      assert.equal(done.status, 0, done.stderr + done.stdout);
      return !(await ha.isReady());
    },
    { timeoutMs: 30_000, everyMs: 1 },
  );
  assert.match(ha.log(), /ENOSPC/);
  assert.equal(await reached(), true);
  runSync(["rm", filler]);
  await waitFor("ready again", () => ha.isReady(), {
    timeoutMs: 12_000,
    everyMs: 200,
  });
  assert.equal(await net.mn.ping(ADDRESS.peer), true);
  await ha.stop();
  assert.equal(runSync(["umount", folder]).status, 0);
  ha.start();
  await ha.ready();
  await programs.daemons.mn.command("register");
});

test("a control socket that is in use: the second daemon says so and does not take it from the first", async () => {
  const { net, programs } = session;
  const { ha } = programs.daemons;
  const argv = [process.execPath, bundleOf("ha"), "run", "--config", ha.files.config];
  const second = net.ha.spawn(argv, { name: "second ha" });
  const line = await second.waitForLine(/ha\.sock/);
  assert.match(line.text, /is running/);
  assert.equal(await second.ended, 1);
  // With a socket of its own it still has the first one's marks.
  const own = `${ha.files.config}.second`;
  const text = readFileSync(ha.files.config, "utf8");
  writeFileSync(own, text.replace(ha.files.socket, `${ha.files.socket}.second`));
  const third = net.ha.spawn([...argv.slice(0, -1), own], { name: "third ha" });
  await third.waitForLine(/mip436/);
  await third.stop("SIGTERM");
  assert.ok(existsSync(ha.files.socket));
  assert.equal((await ha.command("status")).status, 0);
  assert.equal(await reached(), true);
});

test("missing privilege: one line that says what and how, exit 1", async () => {
  const { net, programs } = session;
  for (const name of ["fa2", "mn", "ha"] as const) {
    const { config, socket } = programs.daemons[name].files;
    const other = `${config}.other`;
    writeFileSync(other, readFileSync(config, "utf8").replace(socket, `${socket}.other`));
    const role = name === "fa2" ? "fa" : name;
    const none = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"];
    const argv = [...none, process.execPath, bundleOf(role), "run", "--config", other];
    const done = await net.cn.exec(argv);
    assert.equal(done.status, 1, `${name}: ${done.stdout}${done.stderr}`);
    const said = `${done.stdout}${done.stderr}`.trim().split("\n");
    const errors = said.filter((text) => text.includes(" error "));
    assert.equal(errors.length, 1, said.join("\n"));
    assert.match(errors[0] ?? "", /CAP_NET_ADMIN and CAP_NET_RAW are needed: run as root, or/);
  }
});

test("SIGTERM: every program leaves its machine exactly as it found it", async () => {
  const { net, programs } = session;
  const ends = await programs.stop();
  assert.deepEqual(ends, { ha: 0, fa1: 0, fa2: 0, mn: 0 });
  assert.deepEqual(stateChanges(untouched, stateOf(net)), []);
  for (const name of DAEMONS) assert.ok(!existsSync(programs.daemons[name].files.socket), name);
  assert.ok(net.lab.survivors().every(({ command }) => !command.includes("mip4-")));
});
