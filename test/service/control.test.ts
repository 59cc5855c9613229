/** The control socket: questions, waiting, watchers, and everybody who misbehaves. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Counters } from "../../shared/base/counters.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { WallTime } from "../../shared/base/time.ts";
import { ask, watch } from "../../shared/service/control/client.ts";
import { LineSplitter } from "../../shared/service/control/lines.ts";
import {
  CLIENTS_MAX,
  REQUEST_MAX,
  WATCH_BACKLOG_MAX,
} from "../../shared/service/control/protocol.ts";
import { type ControlServer, openControlServer } from "../../shared/service/control/server.ts";
import { temporaryDirectory } from "./support.ts";

const WALL = Date.UTC(2026, 10, 23, 12, 0, 0, 7) as WallTime;
const NEVER = new Promise<never>(() => {});

interface Opened {
  readonly path: string;
  readonly server: ControlServer;
  readonly counters: Counters;
  readonly commands: [string, JsonObject][];
}

async function open(
  t: TestContext,
  path = join(temporaryDirectory(t), "run", "fa.sock"),
): Promise<Opened> {
  const counters = new Counters();
  const commands: [string, JsonObject][] = [];
  const handler = {
    query: (name: string) =>
      name === "status" ? { state: "ready", last_error: "code 78" } : undefined,
    command: async (name: string, args: JsonObject) => {
      commands.push([name, args]);
      if (name === "never") return NEVER;
      return { ok: name === "register", message: `${name} done`, result: args };
    },
  };
  const server = await openControlServer(path, { program: "mip4-fa", handler, counters });
  t.after(() => server.close());
  return { path, server, counters, commands };
}

async function client(t: TestContext, path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Everything that comes until the other end closes. */
async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test("control: a query is answered, an unknown one is refused, who listens is told", async (t) => {
  const { path } = await open(t);
  assert.deepEqual(await ask(path, { query: "status" }, 1000), {
    ok: true,
    value: { ok: true, result: { state: "ready", last_error: "code 78" } },
  });
  assert.deepEqual(await ask(path, { query: "stauts" }, 1000), {
    ok: true,
    value: { ok: false, message: 'mip4-fa has no answer to "stauts"' },
  });
  const identity = await ask(path, { query: "identity" }, 1000);
  assert.deepEqual(identity.ok && identity.value.result, { program: "mip4-fa", pid: process.pid });
});

test("control: the socket has mode 0660 from the start, in a directory that is made", async (t) => {
  const { path, server } = await open(t);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  await server.close();
  assert.equal(existsSync(path), false);
});

test("control: a command waits for its outcome, and no longer than it was told", async (t) => {
  const { path, commands } = await open(t);
  const done = await ask(path, { command: "register", args: { to: "x" }, timeout: 5 }, 6000);
  assert.deepEqual(done, {
    ok: true,
    value: { ok: true, message: "register done", result: { to: "x" } },
  });
  const late = await ask(path, { command: "never", args: {}, timeout: 0.05 }, 6000);
  const message = "no outcome within 0.05 s; last error: code 78";
  assert.deepEqual(late, { ok: true, value: { ok: false, message } });
  assert.deepEqual(
    commands.map(([name]) => name),
    ["register", "never"],
  );
});

test("control: nobody listening, and a file that is no socket, are told apart", async (t) => {
  const directory = temporaryDirectory(t);
  const missing = await ask(join(directory, "none.sock"), { query: "status" }, 1000);
  assert.equal(missing.ok ? "" : missing.error.code, "not-running");
  const file = join(directory, "file");
  writeFileSync(file, "");
  await assert.rejects(open(t, file), /there is a file that is no socket/);
  assert.equal(existsSync(file), true);
});

test("control: a socket in use names the program and its process, and stays", async (t) => {
  const { path } = await open(t);
  await assert.rejects(
    open(t, path),
    new RegExp(`belongs to mip4-fa \\(process ${process.pid}\\)`),
  );
  assert.equal((await ask(path, { query: "status" }, 1000)).ok, true);
});

test("control: the socket of a killed process is taken over", async (t) => {
  const path = join(temporaryDirectory(t), "fa.sock");
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(existsSync(path), true, "the dead process left its socket");
  await open(t, path);
  assert.equal((await ask(path, { query: "status" }, 1000)).ok, true);
});

test("control: a request over the limit is refused, counted, and costs only its own connection", async (t) => {
  const { path, counters } = await open(t);
  const socket = await client(t, path);
  socket.write("x".repeat(REQUEST_MAX + 1));
  assert.match(
    await readAll(socket),
    /^\{"ok":false,"message":"a request longer than \d+ octets"\}\n$/,
  );
  assert.equal(counters.get("control-request-too-long"), 1);
  assert.equal((await ask(path, { query: "status" }, 1000)).ok, true);
});

test("control: what is no request is answered so, and the next one is served", async (t) => {
  const { path, counters } = await open(t);
  const socket = await client(t, path);
  socket.end('{"quer\n[]\n{"query":"status","more":1}\n{"query":"status"}\n');
  const answers = (await readAll(socket)).trim().split("\n");
  assert.deepEqual(
    answers.map((line) => JSON.parse(line).ok),
    [false, false, false, true],
  );
  assert.equal(counters.get("control-request-malformed"), 3);
});

test("control: more clients than the bound are refused and counted", async (t) => {
  const { path, counters } = await open(t);
  for (let i = 0; i < CLIENTS_MAX; i++) await client(t, path);
  const answer = await ask(path, { query: "status" }, 1000);
  assert.deepEqual(answer, {
    ok: true,
    value: { ok: false, message: `more than ${CLIENTS_MAX} clients at a time` },
  });
  assert.equal(counters.get("control-client-refused"), 1);
});

test("control: a watcher gets events as the contract's JSON, in order", async (t) => {
  const { path, server } = await open(t);
  const events: JsonObject[] = [];
  const enough = new AbortController();
  const ended = watch(path, (event) => events.push(event), enough.signal);
  await waitFor(() => {
    server.publish("registered", { home_address: "10.1.0.7" }, WALL);
    return events.length >= 2;
  });
  enough.abort();
  assert.deepEqual(await ended, { ok: true, value: undefined });
  assert.deepEqual(events[0], {
    time: "2026-11-23T12:00:00.007Z",
    event: "registered",
    home_address: "10.1.0.7",
  });
});

test("control: a watcher that does not read is dropped at the bound and counted, the others go on", async (t) => {
  const { path, server, counters } = await open(t);
  const slow = await client(t, path);
  slow.pause();
  slow.write('{"watch":true}\n');
  let heard = 0;
  const enough = new AbortController();
  const ended = watch(path, () => heard++, enough.signal);
  await waitFor(() => {
    server.publish("dropped", { reason: "hello" }, WALL);
    return heard > 0;
  });
  const filler = { reason: "x".repeat(64 * 1024) };
  const before = heard;
  const rounds = (4 * WATCH_BACKLOG_MAX) / filler.reason.length;
  for (let i = 0; i < rounds; i++) {
    server.publish("dropped", filler, WALL);
    const expected = before + i + 1;
    await waitFor(() => heard >= expected);
  }
  assert.equal(counters.get("control-watcher-dropped"), 1);
  enough.abort();
  assert.equal((await ended).ok, true);
});

test("control: a program that ends without reading the question has ended, and that is said", async (t) => {
  const path = join(temporaryDirectory(t), "fa.sock");
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    setTimeout(() => socket.destroy(), 50); // what has come unread resets the connection
  });
  t.after(() => server.close());
  server.listen(path);
  await once(server, "listening");
  assert.deepEqual(await watch(path, () => {}), {
    ok: false,
    error: { code: "no-answer", message: "the program has ended" },
  });
});

test("control: who watches learns that the program has ended", async (t) => {
  const { path, server } = await open(t);
  const ended = watch(path, () => {});
  await sleep(50);
  await server.close();
  assert.deepEqual(await ended, {
    ok: false,
    error: { code: "no-answer", message: "the program has ended" },
  });
});

test("lines: octets in any pieces give the same lines; the bound counts octets of one line", () => {
  const splitter = new LineSplitter(4);
  const push = (text: string): string[] | undefined => splitter.push(Buffer.from(text));
  assert.deepEqual(push("ab"), []);
  assert.deepEqual(push("cd\n\nef\ng"), ["abcd", "", "ef"]);
  assert.deepEqual(push("hij"), []);
  assert.equal(push("k"), undefined);
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(5);
  }
  assert.fail("it did not happen within 2.5 s");
}
