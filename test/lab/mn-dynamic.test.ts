/** A node of which its agents know no more than its NAI: RFC 2794, challenges (RFC 4721). */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";

await enterLab({ tun: true, programs: ["ping", "tshark"] });

const NAI = "bob@example.net";
const KEYS = {
  home: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  fa1: "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  aaa: "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
} as const;
const POOLED = "10.1.0.100";

let session: Session;

before(async () => {
  const advertisement = { max_interval: 1, lifetime: 3, challenge: true };
  session = await startSession({
    start: "foreign1",
    before: ({ mn }) => void mn.ip("addr", "flush", "dev", "wlan0"),
    overrides: {
      ha: {
        mobile_node: [{ home_address: "dynamic", nai: NAI, spi: 256, key: KEYS.home }],
        address_pool: [{ range: "10.1.0.100-10.1.0.110" }],
      },
      fa1: {
        advertisement,
        security_association: [{ with: "mobile-node", nai: NAI, spi: 2000, key: KEYS.fa1 }],
      },
      // Knows nothing of the node: its Mobile-AAA extension goes on to the home agent.
      fa2: { advertisement },
      mn: {
        home_address: "dynamic",
        nai: NAI,
        registration: { delivery_style: "encapsulating" },
        security_association: [
          { with: "home-agent", spi: 256, key: KEYS.home },
          { with: "foreign-agent", address: ADDRESS.fa1, spi: 2000, key: KEYS.fa1 },
          { with: "aaa", spi: 3000, key: KEYS.aaa },
        ],
      },
    },
  });
});
after(() => session.close());

test("RFC 2794, RFC 4721: a node without an address answers the challenge, is assigned one, and is reached by it [5944-3.6-04] [4721-3.1-03]", async () => {
  await registeredVia(session, ADDRESS.fa1);
  const { net, programs } = session;
  const status = await programs.daemons.mn.query("status");
  assert.deepEqual([status.home_address, status.nai], [POOLED, NAI]);
  const [binding] = await programs.daemons.ha.query<Record<string, unknown>[]>("bindings");
  assert.deepEqual([binding?.home_address, binding?.nai], [POOLED, NAI]);
  assert.equal(await net.cn.ping(POOLED, { count: 2 }), true);
});

test("RFC 3024 §5.2: with encapsulating delivery what the node sends, groups too, goes to the agent in a tunnel from the home address [3024-5.2-01, 3024-5.2.2-01, 3024-5.3-02]", async () => {
  const { net } = session;
  const capture = await net.lab.capture(net.mn, "wlan0");
  assert.equal(await net.mn.ping(ADDRESS.correspondent, { count: 2 }), true);
  await net.mn.exec(["ping", "-c", "1", "-W", "1", "-I", POOLED, "239.1.2.3"]);
  const sent = await tshark(await capture.stop(), `ip.src == ${POOLED} && icmp.type == 8`, [
    "ip.proto",
    "ip.dst",
  ]);
  assert.equal(sent.length, 3);
  for (const packet of sent) {
    assert.equal(packet["ip.proto"], "4,1");
    assert.match(packet["ip.dst"], new RegExp(`^${ADDRESS.fa1},`));
  }
});

test("RFC 4721 §3.1: at an agent without an association the Mobile-AAA extension goes with the challenge; the address stays [4721-3.1-08]", async () => {
  const { net, programs } = session;
  await net.move("foreign2");
  await registeredVia(session, ADDRESS.fa2);
  assert.equal((await programs.daemons.mn.query("status")).home_address, POOLED);
  assert.equal(await net.cn.ping(POOLED, { count: 2 }), true);
  const agents = await programs.daemons.mn.query<Record<string, unknown>[]>("agents");
  assert.ok(agents.some((agent) => agent.address === ADDRESS.fa2 && agent.challenge === true));
});

test("After a crash the node asks for the same address again, and registers by a fresh challenge", async () => {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  await mn.kill();
  mn.start();
  await mn.ready();
  await registeredVia(session, ADDRESS.fa2);
  assert.equal((await mn.query("status")).home_address, POOLED);
  assert.equal(await net.cn.ping(POOLED, { count: 2 }), true);
});

test("RFC 2794 §2: deregistered, the node has no address any more, and its kernel neither", async () => {
  const { net, programs } = session;
  const done = await programs.daemons.mn.command("deregister");
  assert.equal(done.status, 0, done.stderr);
  assert.equal((await programs.daemons.mn.query("status")).home_address, null);
  assert.doesNotMatch(net.mn.ip("-4", "addr"), /10\.1\.0\./);
  assert.equal(await programs.daemons.mn.stop(), 0);
});
