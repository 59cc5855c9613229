/** The records in real Redis servers: one alone, a master that Sentinel replaces, a cluster. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type RedisAccess, RedisRecords } from "../../ha/store/redis-records.ts";
import type { Records } from "../../shared/service/runtime/store.ts";
import { enterLab } from "./enter.ts";
import { LabProcess, runSync } from "./process.ts";
import { waitFor } from "./wait.ts";

await enterLab({ programs: ["redis-server", "openssl"] });
runSync(["ip", "link", "set", "lo", "up"]);

const HOST = "127.0.0.1";
const folder = (): string => mkdtempSync("/run/lab/redis-");
const patiently = { timeoutMs: 15_000, everyMs: 50 };

function start(t: TestContext, port: number, ...more: readonly string[]): LabProcess {
  const own = ["--port", String(port), "--bind", HOST, "--dir", folder(), "--save", ""];
  const server = new LabProcess(["redis-server", ...own, ...more], { name: `redis ${port}` });
  t.after(() => server.killGroup());
  return server;
}

const cli = (port: number, ...words: readonly string[]): string =>
  runSync(["redis-cli", "-p", String(port), ...words]).stdout.trim();

const serves = (port: number): Promise<unknown> =>
  waitFor(`redis at ${port}`, () => cli(port, "ping") === "PONG", patiently);

function connect(
  t: TestContext,
  at: RedisAccess["at"],
  tls: RedisAccess["tls"] = undefined,
  replicas = 0,
): RedisRecords {
  const open = { tls, replicas, database: 0, username: undefined, password: undefined };
  const records = new RedisRecords({ ...open, at, name: "test", timeout: 500 });
  t.after(() => records.close());
  return records;
}

const ready = (records: RedisRecords): Promise<unknown> =>
  waitFor("a connection", async () => (await records.look()) !== undefined, patiently);

/** What holds whatever keeps the records. */
async function keepsRecords(one: RedisRecords, other: RedisRecords): Promise<void> {
  await Promise.all([ready(one), ready(other)]);
  const nobody = await one.look();
  assert.equal(nobody.holder, undefined);
  assert.equal(await one.take(nobody, "one"), true);
  assert.equal(await other.take(nobody, "other"), false);
  const values: Records = [
    ["binding/a", { lifetime: 1800, name: "Zoë" }],
    ["binding/b", { lifetime: 60 }],
  ];
  assert.equal(await one.write(values, "one"), true);
  assert.equal(await one.write([["binding/b", null]], "one"), true);
  assert.equal(await one.renew("one"), true);
  const held = await other.look();
  assert.equal(held.holder, "one");
  assert.notEqual(held.state, (await one.renew("one")) && (await other.look()).state);
  // Whoever has lost the lease writes nothing any more.
  assert.equal(await other.take(await other.look(), "other"), true);
  assert.equal(await one.write([["binding/a", null]], "one"), false);
  assert.equal(await one.renew("one"), false);
  assert.deepEqual(await other.readAll(), { entries: values.slice(0, 1), damaged: 0 });
  await other.release("other");
  assert.equal((await one.look()).holder, "");
}

test("one server", async (t) => {
  start(t, 7001);
  await serves(7001);
  const at = { kind: "server", server: { host: HOST, port: 7001 } } as const;
  await keepsRecords(connect(t, at), connect(t, at));
  // More than one scan, and something that nobody has written.
  const records = connect(t, at);
  await ready(records);
  assert.equal(await records.take(await records.look(), "one"), true);
  const many = Array.from({ length: 5000 }, (_, i) => [`binding/${i}`, { i }] as const);
  for (let i = 0; i < many.length; i += 500) await records.write(many.slice(i, i + 500), "one");
  cli(7001, "hset", "{mip4:test}:records", "binding/odd", "{");
  const { entries, damaged } = await records.readAll();
  assert.deepEqual([entries.length, damaged], [5001, 1]);
});

test("a cluster: both hashes are in one slot", async (t) => {
  start(t, 7002, "--cluster-enabled", "yes", "--cluster-announce-ip", HOST);
  await serves(7002);
  cli(7002, "cluster", "addslotsrange", "0", "16383");
  await waitFor(
    "the cluster",
    () => cli(7002, "cluster", "info").includes("cluster_state:ok"),
    patiently,
  );
  const at = { kind: "cluster", nodes: [{ host: HOST, port: 7002 }] } as const;
  await keepsRecords(connect(t, at), connect(t, at));
});

test("Sentinel: another server takes the master's place, and what was kept goes on there; the record counts as a new one", async (t) => {
  const master = start(t, 7003);
  start(t, 7004, "--replicaof", HOST, "7003");
  const config = join(folder(), "sentinel.conf");
  const lines = [
    `sentinel monitor mymaster ${HOST} 7003 1`,
    "sentinel down-after-milliseconds mymaster 500",
    "sentinel failover-timeout mymaster 2000",
  ];
  writeFileSync(config, `port 7005\nbind ${HOST}\n${lines.join("\n")}\n`);
  const sentinel = new LabProcess(["redis-server", config, "--sentinel"], { name: "sentinel" });
  t.after(() => sentinel.killGroup());
  await Promise.all([7003, 7004, 7005].map(serves));
  const replicates = () => cli(7005, "sentinel", "replicas", "mymaster").includes("7004");
  await waitFor("the sentinel to know both", replicates, patiently);
  const at = {
    kind: "sentinels",
    sentinels: [{ host: HOST, port: 7005 }],
    master: "mymaster",
  } as const;
  const records = connect(t, at);
  await keepsRecords(records, connect(t, at));
  assert.equal(await records.take(await records.look(), "one"), true);
  await waitFor(
    "the replica to have it",
    () => cli(7004, "hget", "{mip4:test}:lease", "holder") === "one",
    patiently,
  );
  const before = await records.look();
  await master.stop("SIGKILL");
  await waitFor("the other server", async () => records.renew("one"), patiently);
  assert.equal((await records.readAll()).entries.length, 1);
  assert.notEqual((await records.look()).state.split(" ")[2], before.state.split(" ")[2]);
});

/** Authorities, and what one of them has signed: a path by a file's name. */
function certificates(): (name: string) => string {
  const directory = folder();
  const file = (name: string): string => join(directory, name);
  const make = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const by = ["-CA", file("ca.crt"), "-CAkey", file("ca.key")];
  const alt = ["-addext", `subjectAltName=IP:${HOST}`];
  const signed = { ca: [], stranger: [], server: [...by, ...alt], client: by };
  for (const [name, more] of Object.entries(signed)) {
    const files = ["-keyout", file(`${name}.key`), "-out", file(`${name}.crt`)];
    const words = ["req", "-x509", ...make, ...files, "-subj", `/CN=${name}`, ...more];
    const { status, stderr } = runSync(["openssl", ...words]);
    assert.equal(status, 0, stderr);
  }
  return file;
}

test("TLS: a server that asks for certificates is served by one that has them, and by nobody else", async (t) => {
  const file = certificates();
  const read = (name: string): string => readFileSync(file(name), "utf8");
  const ca = ["--tls-ca-cert-file", file("ca.crt")];
  const pair = ["--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key")];
  start(t, 0, "--tls-port", "7006", ...ca, ...pair);
  const at = { kind: "server", server: { host: HOST, port: 7006 } } as const;
  const own = { ca: read("ca.crt"), cert: read("client.crt"), key: read("client.key") };
  await keepsRecords(connect(t, at, own), connect(t, at, own));
  // A server that a stranger vouches for, a client without a certificate, and one without TLS.
  const refused = async (tls: RedisAccess["tls"], why: RegExp): Promise<void> => {
    const records = connect(t, at, tls);
    const failure = () =>
      records.look().then(
        () => assert.fail("it was served"),
        (error: Error) => why.test(error.message),
      );
    await waitFor(String(why), failure, patiently);
  };
  await refused({ ...own, ca: read("stranger.crt") }, /certificate/);
  await refused({ ca: own.ca }, /certificate required|ECONNRESET|closed/i);
  await refused(undefined, /ECONNRESET|closed/i);
});

test("replicas: a write counts once another server has it, and not while none does", async (t) => {
  start(t, 7007);
  const replica = start(t, 7008, "--replicaof", HOST, "7007");
  await Promise.all([7007, 7008].map(serves));
  const isUp = (): boolean => cli(7008, "info", "replication").includes("master_link_status:up");
  await waitFor("the replica", isUp, patiently);
  const at = { kind: "server", server: { host: HOST, port: 7007 } } as const;
  const records = connect(t, at, undefined, 1);
  await ready(records);
  assert.equal(await records.take(await records.look(), "one"), true);
  const write = (i: number) => records.write([["binding/a", { i }]], "one");
  await waitFor("a write that has got there", () => write(1).catch(() => undefined), patiently);
  assert.equal(cli(7008, "hget", "{mip4:test}:records", "binding/a"), '{"i":1}');
  replica.signal("SIGSTOP");
  await assert.rejects(write(2), /0 of 1 replicas have the last write/);
  replica.signal("SIGCONT");
  await waitFor("a write again", () => write(3).catch(() => undefined), patiently);
  // Who has lost the lease is told so, replicas or none.
  assert.equal(await records.write([["binding/a", null]], "other"), false);
});
