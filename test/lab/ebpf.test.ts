/**
 * The real bundles with `driver = "ebpf"` at the agents: what the kernel carries for them, through a
 * handover and while a program is not there. Needs root; elsewhere the refusal is tested alone.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { enterLab, mayLoadPrograms } from "./enter.ts";
import { Instance } from "./instance.ts";
import { Lab } from "./lab.ts";
import { ADDRESS } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";

await enterLab({ tun: true, bpf: true, programs: ["ping"] });

/** With what it needs of root's power, and no more. */
const EBPF = { dataplane: { driver: "ebpf" }, privileges: { user: "root" } };
/** Those of every program, CAP_PERFMON and CAP_BPF. */
const KEPT = "000000c000003400";
const AGENTS = ["ha", "fa1", "fa2"] as const;
let session: Session;

const tunnels = (name: (typeof AGENTS)[number]) =>
  session.programs.daemons[name].query<Record<string, unknown>[]>("tunnels");
const row = async (name: (typeof AGENTS)[number]) => (await tunnels(name))[0] ?? {};

/** Packets that went through a daemon's anchor in either direction. */
function throughAnchor(name: (typeof AGENTS)[number]): number {
  const host = session.net[name];
  const device = name === "ha" ? "mip436" : "mip434";
  const [link] = JSON.parse(host.ip("-j", "-s", "link", "show", device)) as readonly {
    readonly stats64: Readonly<Record<"rx" | "tx", { readonly packets: number }>>;
  }[];
  return (link?.stats64.rx.packets ?? 0) + (link?.stats64.tx.packets ?? 0);
}

if (mayLoadPrograms()) {
  before(async () => {
    const overrides = Object.fromEntries(AGENTS.map((name) => [name, EBPF]));
    session = await startSession({ start: "foreign1", overrides });
    await registeredVia(session, ADDRESS.fa1);
  });
  after(() => session.close());

  test("status and tunnels say which driver it is, and the kernel alone carries what is sent [3024-4.3.2-01]", async () => {
    const { net, programs } = session;
    const { driver } = await programs.daemons.ha.query<{ driver: string }>("status");
    assert.equal(driver, "ebpf");
    const { pid } = programs.daemons.ha.process;
    assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`CapEff:\\t${KEPT}`));
    const before = [throughAnchor("ha"), throughAnchor("fa1")];
    assert.equal(await net.cn.ping(ADDRESS.home, { count: 10 }), true);
    assert.deepEqual([throughAnchor("ha"), throughAnchor("fa1")], before);
    for (const name of ["ha", "fa1"] as const) {
      const { driver: carrier, packets_in, packets_out } = await row(name);
      assert.deepEqual([carrier, packets_in, packets_out], ["ebpf", 10, 10], name);
    }
  });

  test("after a handover the kernel follows", async () => {
    const { net } = session;
    await net.move("foreign2");
    await registeredVia(session, ADDRESS.fa2);
    const before = [throughAnchor("ha"), throughAnchor("fa2")];
    assert.equal(await net.cn.ping(ADDRESS.home, { count: 5 }), true);
    assert.deepEqual([throughAnchor("ha"), throughAnchor("fa2")], before);
    // The tunnel to the former agent is kept for two seconds, for what is under way by it.
    const next = (await tunnels("ha")).find(({ remote }) => remote === ADDRESS.fa2);
    assert.deepEqual([next?.driver, next?.packets_in, next?.packets_out], ["ebpf", 5, 5]);
  });

  test("the home agent is killed and started again: no packet is lost", async () => {
    const { net, programs } = session;
    const pings = net.cn.exec(["ping", "-n", "-q", "-i", "0.02", "-c", "300", ADDRESS.home]);
    await programs.daemons.ha.kill();
    assert.equal(await net.cn.ping(ADDRESS.home, { count: 10 }), true);
    programs.daemons.ha.start();
    await programs.daemons.ha.ready();
    assert.match((await pings).stdout, / 0% packet loss/);
    assert.equal((await row("ha")).driver, "ebpf");
  });
} else {
  test("without root the program refuses to start, with the reason", async () => {
    const lab = new Lab();
    const host = lab.host("ha");
    host.ip("addr", "add", "198.51.100.1/32", "dev", "lo");
    const instance = new Instance("ha", host, "ha", {
      ...EBPF,
      address: "198.51.100.1",
      home_network: [{ prefix: "10.1.0.0/24" }],
    });
    await assert.rejects(instance.start(), /creating BPF map .*EPERM/);
    await lab.close();
  });
}
