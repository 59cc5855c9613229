/** What the built programs keep of root's power, and that their secrets stay secret. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
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
  const settings = { log: { level: "debug" } };
  const overrides = Object.fromEntries(DAEMONS.map((name) => [name, settings]));
  session = await startSession({ start: "foreign1", foreignAgentKeys: true, overrides });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

/** What every thread has of inheritable, permitted and effective capabilities. */
const capabilities = (pid: number): Set<string> =>
  new Set(
    readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/status`, "utf8")
        .split("\n")
        .filter((line) => /^Cap(?:Inh|Prm|Eff):/.test(line)),
    ),
  );

test("without a word about it each program that root starts has CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE and nothing else in any thread, and does all its work with them", async () => {
  const { net, programs } = session;
  for (const name of DAEMONS) {
    const { pid } = programs.daemons[name].process;
    assert.ok(readdirSync(`/proc/${pid}/task`).length > 4, "Node has several threads");
    const few = ["Inh", "Prm", "Eff"].map((set) => `Cap${set}:\t${KEPT}`);
    assert.deepEqual(capabilities(pid), new Set(few), name);
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

test("the memory of each program is closed to others of its user, and to core files", async () => {
  const { net, programs } = session;
  // As much as the programs have, and not what lets root look into everything.
  const few = ["setpriv", "--bounding-set=-all,+net_bind_service,+net_admin,+net_raw"];
  const other = net.cn.spawn([...few, "sleep", "60"]);
  const looksInto = async (pid: number): Promise<boolean> =>
    (await net.cn.exec([...few, "cat", `/proc/${pid}/environ`])).status === 0;
  assert.equal(await looksInto(other.pid), true);
  for (const name of DAEMONS) {
    assert.equal(await looksInto(programs.daemons[name].process.pid), false, name);
  }
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
