/** GRE and minimal encapsulation on the wire, agreed by registration, between the built programs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { startTcp } from "./traffic/streams.ts";

await enterLab({ tun: true, programs: ["tshark", "ping"] });

async function withEncapsulation(
  encapsulation: "gre" | "minimal",
  run: (session: Session) => Promise<void>,
  offered: readonly string[] = ["ipip", "minimal", "gre"],
): Promise<void> {
  const advertisement = { encapsulations: [...offered] };
  const session = await startSession({
    start: "foreign1",
    overrides: { mn: { registration: { encapsulation } }, fa1: { advertisement } },
  });
  try {
    await registeredVia(session, ADDRESS.fa1);
    await run(session);
  } finally {
    await session.close();
  }
}

/** The outer packets of a ping and of TCP both ways, as the home agent's uplink carried them. */
async function traffic({ net }: Session): Promise<string> {
  const capture = await net.lab.capture(net.ha, "up0");
  const ping = ["ping", "-n", "-c", "1", "-W", "1", "-t", "40"];
  const { status, stdout } = await net.cn.exec([...ping, "-s", "56", ADDRESS.home]);
  assert.equal(status, 0, stdout);
  const long = ["-M", "dont", "-s", "4000"];
  assert.equal((await net.cn.exec([...ping, ...long, ADDRESS.home])).status, 0);
  assert.equal((await net.mn.exec([...ping, ...long, ADDRESS.correspondent])).status, 0);
  for (const reverse of [false, true]) {
    const port = reverse ? 6011 : 6010;
    const common = { from: net.cn, to: net.mn, address: ADDRESS.home, bytes: 500_000 };
    const report = await (await startTcp({ ...common, port, reverse })).finished();
    assert.equal(report.intact, true, JSON.stringify(report));
  }
  return capture.stop();
}

async function shownEncapsulation({ programs }: Session): Promise<unknown[]> {
  const [binding] = await programs.daemons.ha.query<{ encapsulation: string }[]>("bindings");
  const [visitor] = await programs.daemons.fa1.query<{ encapsulation: string }[]>("visitors");
  const status = await programs.daemons.mn.query("status");
  return [binding?.encapsulation, visitor?.encapsulation, status.encapsulation];
}

test("RFC 2784 §3, §4: GRE both ways between home agent and care-of address, TTL and DF of the outer header its own [2784-2.1-01, 2784-2.3-02, 2784-3-01, 2784-3.1-01, 2784-3.1-02, 2784-4-01, 2003-3.1-12, 6245-4.1-02, 6245-4.3-01]", async () => {
  await withEncapsulation("gre", async (session) => {
    const path = await traffic(session);
    const fields = ["ip.src", "ip.proto", "ip.ttl", "ip.len", "gre.proto"] as const;
    const rows = await tshark(path, "gre && icmp.type == 8 && ip.len == 84", fields);
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [[`${ADDRESS.homeAgent},${ADDRESS.correspondent}`, "47,1", "64,38", "108,84", "0x0800"]],
    );
    const others = await tshark(path, "ip.proto == 4 || ip.proto == 55", ["ip.proto"]);
    assert.deepEqual(others, []);
    const lengths = await tshark(path, "gre", ["frame.len"]);
    for (const row of lengths) assert.ok(Number(row["frame.len"]) <= 1514);
    // What the SYN of each side may ask for: 1500 less 24 for the tunnel, less 40.
    const offers = await tshark(path, "gre && tcp.flags.syn == 1", ["tcp.options.mss_val"]);
    assert.deepEqual([...new Set(offers.map((row) => row["tcp.options.mss_val"]))], ["1436"]);
    // What TCP carries is nothing that tshark knows.
    const malformed = "(_ws.malformed || ip.checksum.status == 0) && !tcp";
    assert.deepEqual(await tshark(path, malformed, ["frame.number"]), []);
    assert.deepEqual(await shownEncapsulation(session), ["gre", "gre", "gre"]);
  });
});

test("RFC 2004 §3: minimal encapsulation both ways, the TTL the packet's own, its fragments by IP-in-IP [2004-3-01, 2004-3-02, 2004-3-03, 2004-3-05, 2004-3-08]", async () => {
  await withEncapsulation("minimal", async (session) => {
    const path = await traffic(session);
    const fields = ["ip.src", "ip.dst", "ip.ttl", "ip.len"] as const;
    const rows = await tshark(path, "ip.proto == 55 && ip.len == 96", fields);
    const [request, reply] = rows.map((row) => Object.values(row).map((all) => all.split(",")[0]));
    // 40, less the router, less the home agent; the foreign agent's at the other end of the router.
    assert.deepEqual(request, [ADDRESS.homeAgent, ADDRESS.fa1, "38", "96"]);
    assert.deepEqual(reply?.slice(0, 2), [ADDRESS.fa1, ADDRESS.homeAgent]);
    const fragments = await tshark(path, "ip.proto == 4", ["ip.flags.mf", "ip.frag_offset"]);
    assert.ok(fragments.length >= 6);
    for (const row of fragments) {
      const [, isMore] = row["ip.flags.mf"].split(",");
      const [, offset] = row["ip.frag_offset"].split(",");
      assert.ok(isMore === "1" || offset !== "0", JSON.stringify(row));
    }
    // TCP: half a million octets each way, which tshark does not look into.
    const full = await tshark(path, "ip.proto == 55 && ip.len > 1400", ["ip.len"]);
    assert.ok(full.length > 600);
    for (const row of full) assert.ok(Number(row["ip.len"]) <= 1500);
    // What TCP carries is nothing that tshark knows.
    const malformed = "(_ws.malformed || ip.checksum.status == 0) && !tcp";
    assert.deepEqual(await tshark(path, malformed, ["frame.number"]), []);
    assert.deepEqual(await shownEncapsulation(session), ["minimal", "minimal", "minimal"]);
  });
});

test("RFC 5944 §3.6.1.2: what the agent does not advertise is not asked for: IP-in-IP instead", async () => {
  await withEncapsulation(
    "gre",
    async (session) => {
      assert.equal(await session.net.cn.ping(ADDRESS.home), true);
      assert.deepEqual(await shownEncapsulation(session), ["ipip", "ipip", "ipip"]);
    },
    ["ipip", "minimal"],
  );
});
