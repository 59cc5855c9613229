/** What the built programs keep of root's power, and that their secrets stay secret. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import { DAEMONS, KEYS } from "./program-files.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["ping", "nft"] });

/** CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW. */
const KEPT = "0000000000003400";
let session: Session;

before(async () => {
  // The only user of the lab's namespace; the capabilities are given up all the same.
  const settings = { privileges: { user: "root" }, log: { level: "debug" } };
  const overrides = Object.fromEntries(DAEMONS.map((name) => [name, settings]));
  session = await startSession({ start: "foreign1", foreignAgentKeys: true, overrides });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

const capabilities = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .filter((line) => /^Cap(?:Inh|Prm|Eff):/.test(line))
    .map((line) => line.split("\t")[1] ?? "");

test("each program has CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE and nothing else, and does all its work with them", async () => {
  const { net, programs } = session;
  for (const name of DAEMONS) {
    assert.deepEqual(capabilities(programs.daemons[name].process.pid), [KEPT, KEPT, KEPT], name);
  }
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
  // Links that go and come, a reload, a handover: all of it after the privileges are gone.
  net.fa2.ip("link", "set", "lan0", "down");
  net.fa2.ip("link", "set", "lan0", "up");
  programs.daemons.ha.process.signal("SIGHUP");
  await waitFor("the reload", () => /configuration reloaded/.test(programs.daemons.ha.log()));
  await net.move("foreign2");
  await registeredVia(session, ADDRESS.fa2);
  assert.equal(await net.cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("no key is in a log, a status, an event or what check prints, at the finest level of the log", async () => {
  const secrets = Object.values(KEYS).flatMap((key) => [
    key,
    Buffer.from(key, "hex").toString("base64"),
  ]);
  for (const name of DAEMONS) {
    const daemon = session.programs.daemons[name];
    daemon.process.signal("SIGUSR1");
    await waitFor("the status in the log", () => /status/.test(daemon.log()));
    const said = [
      daemon.log(),
      JSON.stringify(await daemon.query("status")),
      (await daemon.command("health")).stdout,
      readFileSync(daemon.files.journal, "utf8"),
    ].join("\n");
    assert.ok(said.length > 500, name);
    for (const secret of secrets) assert.equal(said.includes(secret), false, name);
  }
});

test("with so few privileges everything that was made is removed at the end", async () => {
  const { net, programs } = session;
  await programs.stop();
  for (const name of DAEMONS) {
    assert.equal(/mip43/.test(net[name].ip("link")), false, name);
    assert.equal(/\b43[456]0?:/.test(net[name].rules().join()), false, name);
  }
});
