/** The built programs from outside: exit codes and words of the interface contract. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Counters } from "../../shared/base/counters.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import { openControlServer } from "../../shared/service/control/server.ts";
import { boardFiles } from "../../shared/service/embedded/boards.ts";
import { ipPacket, pcap, udp } from "../wire/capture-files.ts";
import { bundle, type Ended, execute } from "./execute.ts";
import { MINIMAL_FA, MINIMAL_HA, MINIMAL_MN, temporaryDirectory } from "./support.ts";

const ROLES = ["fa", "mn", "ha"] as const;

function program(role: (typeof ROLES)[number], ...words: readonly string[]): Promise<Ended> {
  return execute(bundle(role), words);
}

/** A stand-in for a running program. */
async function pretend(
  t: TestContext,
  answers: Readonly<Record<string, Json>>,
  command: (name: string, args: JsonObject) => { ok: boolean; message: string } = () => ({
    ok: true,
    message: "done",
  }),
): Promise<string> {
  const path = join(temporaryDirectory(t), "s.sock");
  const server = await openControlServer(path, {
    program: "mip4-mn",
    counters: new Counters(),
    handler: {
      query: (name) => answers[name],
      command: async (name, args) => command(name, args),
    },
  });
  const timer = setInterval(() => {
    server.publish("registered", { code: 0 }, 0 as WallTime);
  }, 20);
  t.after(() => {
    clearInterval(timer);
    return server.close();
  });
  return path;
}

const NOWHERE = "/nonexistent/mip4.sock";

test("what cannot be meant is a usage error, exit 2, before anything is asked", async () => {
  const cases = [
    ["mn", /--to zz: must be a link-layer address/, "handover", "--to", "zz"],
    ["fa", /zz: must be a link-layer address/, "handover", "10.1.0.7", "zz"],
    ["fa", /10\.1: must be an IPv4 address/, "handover", "10.1", "02:00:00:00:00:01"],
    ["ha", /10\.1\.0: must be an IPv4 address or a NAI/, "revoke", "10.1.0"],
  ] as const;
  for (const [role, expected, ...words] of cases) {
    const ended = await program(role, ...words, "--socket", NOWHERE);
    assert.equal(ended.code, 2, words.join(" "));
    assert.match(ended.err, expected);
  }
  assert.equal((await program("ha", "revoke", "bob", "--socket", NOWHERE)).code, 3);
});

test("a long answer reaches a reader at the other end of a pipe that is slow, whole", async (t) => {
  const socket = await pretend(t, { agents: Array(20_000).fill({ address: "192.0.2.1" }) });
  const cut = `${bundle("mn")} agents --json --socket ${socket} | (sleep 1; wc -c)`;
  const { out } = await execute("/bin/sh", ["-c", cut]);
  assert.equal(Number(out), 20_000 * 24 + 2);
});

for (const role of ROLES) {
  const name = `mip4-${role}`;

  test(`${name}: --help and --version exit 0, nothing and nonsense exit 2 with the nearest word`, async () => {
    const help = await program(role, "--help");
    assert.equal(help.code, 0);
    for (const word of [
      "run",
      "check",
      "status",
      "watch",
      "health",
      "schema",
      "boards",
      "decode",
    ]) {
      assert.match(help.out, new RegExp(`^  ${word}\\b`, "m"));
    }
    assert.match(
      (await program(role, "--version")).out,
      new RegExp(`^${name}/\\d+\\.\\d+\\.\\d+ `),
    );
    assert.deepEqual(await program(role), {
      code: 2,
      out: "",
      err: `${name}: a command is missing; see ${name} --help\n`,
    });
    assert.deepEqual(await program(role, "stauts"), {
      code: 2,
      out: "",
      err: `${name}: no command "stauts", did you mean "status"?; see ${name} --help\n`,
    });
    const option = await program(role, "status", "--jsn");
    assert.equal(option.code, 2);
    assert.match(option.err, /did you mean "--json"\?/);
    assert.equal((await program(role, "status", "extra")).code, 2);
    assert.equal((await program(role, "check")).code, 2);
    assert.equal((await program(role, "status", "--socket")).code, 2);
  });

  test(`${name}: a command's --help says what it does, what it takes and how it ends`, async () => {
    const { code, out } = await program(role, "run", "--help");
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^  ${name} run --config FILE \\[options\\]$`, "m"));
    assert.match(out, /^Run in the foreground; SIGHUP reloads, SIGTERM ends\.$/m);
    assert.match(out, /^ {2}2 {2}usage error$/m);
    assert.match((await program(role, "--help")).out, new RegExp(`^  ${name} COMMAND`, "m"));
    const health = (await program(role, "health", "--help")).out;
    assert.match(health, /^ {2}2 {2}CRITICAL/m);
  });

  test(`${name}: not running is exit 3, for health CRITICAL 2, its usage errors UNKNOWN 3`, async () => {
    const status = await program(role, "status", "--socket", NOWHERE);
    assert.deepEqual([status.code, status.out], [3, ""]);
    assert.match(status.err, /not running/);
    assert.equal((await program(role, "watch", "--socket", NOWHERE)).code, 3);
    assert.equal((await program(role, "tunnels", "--socket", NOWHERE)).code, role === "mn" ? 2 : 3);
    const health = await program(role, "health", "--socket", NOWHERE);
    assert.equal(health.code, 2);
    assert.match(health.out, /^CRITICAL: .*not running.*\n$/);
    assert.equal((await program(role, "health", "--nonsense")).code, 3);
  });

  test(`${name}: check prints the effective configuration, schema the JSON Schema of the same`, async (t) => {
    const file = join(temporaryDirectory(t), "c.toml");
    writeFileSync(file, { fa: MINIMAL_FA, mn: MINIMAL_MN, ha: MINIMAL_HA }[role]);
    const good = await program(role, "check", "--config", file);
    assert.deepEqual([good.code, good.err], [0, ""]);
    const { properties, required } = JSON.parse((await program(role, "schema")).out);
    // A key that may be left out and has no default is not there.
    const isSet = (key: string): boolean => required.includes(key) || "default" in properties[key];
    assert.deepEqual(
      Object.keys(JSON.parse(good.out)).sort(),
      Object.keys(properties).filter(isSet).sort(),
    );
    writeFileSync(file, "nonsense = 1\n");
    const bad = await program(role, "check", "--config", file);
    assert.deepEqual([bad.code, bad.out], [1, ""]);
    assert.match(bad.err, new RegExp(`^${file}:1: nonsense: unknown key`, "m"));
    const missing = await program(role, "run", "--config", `${file}.none`);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /ENOENT/);
  });

  test(`${name}: boards lists what is built in`, async () => {
    const boards = JSON.parse((await program(role, "boards", "--json")).out);
    const names = boards.map((each: JsonObject) => each.name);
    assert.deepEqual(
      names,
      boardFiles().map(([board]) => board),
    );
    assert.match((await program(role, "boards")).out, /^NAME +CPU/);
    const one = await program(role, "boards", "--board", "glinet-gl-mt3000");
    assert.match(one.out, /^avoid +firewall\.@defaults/m);
    assert.equal((await program(role, "boards", "--board", "none")).code, 1);
  });
}

test("status: exit 0 ready, 1 not ready; JSON as it came, text aligned and without colour", async (t) => {
  const status = { state: "registered", ready: true, problems: [], home_address: "10.1.0.7" };
  const socket = await pretend(t, { status });
  const json = await program("mn", "status", "--json", "--socket", socket);
  assert.equal(json.code, 0);
  assert.deepEqual(JSON.parse(json.out), status);
  const text = await program("mn", "status", "--socket", socket);
  assert.match(text.out, /^state +registered$/m);
  assert.doesNotMatch(text.out, /\p{Cc}\[/u);
  const degraded = await pretend(t, {
    status: { ...status, ready: false, problems: ["link wlan0: gone"] },
  });
  const bad = await program("mn", "status", "--socket", degraded);
  assert.equal(bad.code, 1);
  assert.match(bad.out, /^problem +link wlan0: gone$/m);
});

test("health: one line, performance data after the bar, exit by the worst problem", async (t) => {
  const health = async (status: JsonObject): Promise<[number, string]> => {
    const socket = await pretend(t, { status });
    const { code, out } = await program("mn", "health", "--socket", socket);
    return [code, out];
  };
  const base = { ready: true, problems: [], uptime: 5, lifetime_remaining: 17, last_error: null };
  assert.deepEqual(await health({ ...base, state: "registered" }), [
    0,
    "OK: mip4-mn: registered | registered=1 lifetime_remaining=17 uptime=5\n",
  ]);
  const [warning, nowhere] = await health({ ...base, state: "searching", home_agent: "1.2.3.4" });
  assert.equal(warning, 1);
  assert.match(nowhere, /^WARNING: no agent is heard/);
  const unresolved = { home_agent: null, last_error: "home agent x: no address" };
  const [, unasked] = await health({ ...base, state: "searching", ...unresolved });
  assert.match(unasked, /^WARNING: not registered yet: home agent x: no address/);
  const [critical, line] = await health({
    ...base,
    state: "failed",
    last_error: "131",
    problems: ["x"],
  });
  assert.equal(critical, 2);
  assert.match(line, /^CRITICAL: x; registration failed: 131 \| registered=0/);
});

test("tables: aligned columns, or the JSON as it came", async (t) => {
  const rows = [
    {
      address: "192.0.2.1",
      mac: "02:00:00:00:00:01",
      flags: { R: true, B: false, F: true },
      home: false,
    },
  ];
  const socket = await pretend(t, { agents: rows });
  const text = (await program("mn", "agents", "--socket", socket)).out.split("\n");
  assert.match(text[0] ?? "", /^ADDRESS +MAC +INTERFACE/);
  assert.match(text[1] ?? "", /^192\.0\.2\.1 +02:00:00:00:00:01 +- +- +RF /);
  const json = await program("mn", "agents", "--json", "--socket", socket);
  assert.deepEqual(JSON.parse(json.out), rows);
});

test("register: exit 0 done, 1 denied or timed out with the reason, 2 for a bad timeout", async (t) => {
  const done = await pretend(t, {});
  assert.deepEqual(await program("mn", "register", "--socket", done), {
    code: 0,
    out: "done\n",
    err: "",
  });
  const denied = await pretend(t, {}, () => ({ ok: false, message: "denied with code 131" }));
  assert.deepEqual(await program("mn", "deregister", "--socket", denied), {
    code: 1,
    out: "",
    err: "mip4-mn: deregister: denied with code 131\n",
  });
  assert.equal((await program("mn", "register", "--timeout", "soon", "--socket", done)).code, 2);
  assert.equal((await program("mn", "register", "--socket", NOWHERE)).code, 3);
});

test("watch: one event a line until interrupted, then exit 0", async (t) => {
  const socket = await pretend(t, {});
  const ended = await execute(bundle("mn"), ["watch", "--json", "--socket", socket], {
    interruptAt: 2,
  });
  assert.equal(ended.code, 0);
  const [first] = ended.out.split("\n");
  assert.deepEqual(JSON.parse(first ?? ""), {
    time: "1970-01-01T00:00:00.000Z",
    event: "registered",
    code: 0,
  });
});

const REQUEST = `0102${(1800).toString(16).padStart(4, "0")}0a010007c6336401c00002010000000000000001`;

test("decode: hex is taken as typed, even all digits; a cut message says which field, exit 1", async () => {
  const good = await program("fa", "decode", "--json", "--hex", REQUEST);
  assert.equal(good.code, 0);
  const message = JSON.parse(good.out);
  assert.deepEqual(
    [message.type, message.name, message.home_address, message.lifetime, message.extensions],
    [1, "registration-request", "10.1.0.7", 1800, []],
  );
  const cut = await program("fa", "decode", "--json", "--hex", "01 02:07");
  assert.equal(cut.code, 1);
  const { type, error } = JSON.parse(cut.out);
  assert.deepEqual([type, error.field, error.code], [1, "lifetime", "truncated"]);
  assert.match(
    (await program("fa", "decode", "--hex", REQUEST)).out,
    /^registration-request \(type 1\), 24 octets\n/,
  );
  assert.equal((await program("fa", "decode", "--hex", "xyz")).code, 2);
  assert.equal((await program("fa", "decode")).code, 2);
});

test("decode: a capture is searched; the rest is decoded after a malformed message, then exit 1", async (t) => {
  const payload = Uint8Array.from(REQUEST.match(/../g) ?? [], (octet) =>
    Number.parseInt(octet, 16),
  );
  const records = [payload, payload.subarray(0, 9), payload].map((bytes, i) => ({
    time: i * 1000,
    bytes: ipPacket(17, udp(1000, 434, bytes)),
  }));
  const other = { time: 5, bytes: ipPacket(17, udp(53, 53, payload)) };
  const file = join(temporaryDirectory(t), "c.cap");
  writeFileSync(file, pcap([other, ...records], { little: true, nano: false }));
  const ended = await program("ha", "decode", "--json", "--pcap", file);
  assert.equal(ended.code, 1);
  const lines = ended.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => [line.packet, line.error === undefined]),
    [
      [2, true],
      [3, false],
      [4, true],
    ],
  );
  assert.deepEqual(Object.keys(lines[0]).slice(0, 6), [
    "packet",
    "time",
    "source",
    "destination",
    "type",
    "name",
  ]);
  assert.equal(lines[0].time, "1970-01-01T00:00:00.000Z");
  writeFileSync(file, "no capture");
  const bad = await program("ha", "decode", "--pcap", file);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /at octet 0: neither a pcap nor a pcapng file/);
});
