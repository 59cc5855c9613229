/** The tunnel on the wire: IP-in-IP as RFC 2003 wants it, and what must not enter or leave it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { echoRequest, ethernet, inject, ipPacket } from "./frames.ts";
import type { Host } from "./host.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { startTcp } from "./traffic/streams.ts";
import { monotonicMs, waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping"] });

const STRANGER = { mac: "02:00:00:00:00:66", address: "192.0.2.50" };
let session: Session;
let stranger: Host;

before(async () => {
  session = await startSession({
    start: "foreign1",
    before: ({ lab, places }) => {
      stranger = lab.host("stranger");
      stranger.connect("eth0", places.foreign1, {
        mac: STRANGER.mac,
        address: `${STRANGER.address}/26`,
      });
    },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

function macOf(host: Host, ifname: string): string {
  return /link\/ether (\S+)/.exec(host.ip("link", "show", ifname))?.[1] ?? "";
}

async function counter(name: "fa1" | "ha", key: string): Promise<number> {
  const status = await session.programs.daemons[name].query("status");
  return (status.counters as Record<string, number>)[key] ?? 0;
}

/** `ping` once from the correspondent; what the three links between carried of it. */
async function pingThrough(...options: readonly string[]) {
  const { net } = session;
  const captures = await Promise.all([
    net.lab.capture(net.ha, "up0"),
    net.lab.capture(net.places.foreign1),
    net.lab.capture(net.cn, "eth0"),
  ]);
  const argv = ["ping", "-n", "-c", "1", "-W", "1", ...options, ADDRESS.home];
  const { status, stdout } = await net.cn.exec(argv);
  const [tunnel = "", air = "", far = ""] = await Promise.all(captures.map((one) => one.stop()));
  return { status, stdout, tunnel, air, far };
}

const HEADERS = [
  "ip.src",
  "ip.dst",
  "ip.proto",
  "ip.ttl",
  "ip.dsfield",
  "ip.flags.df",
  "ip.len",
  "ip.hdr_len",
] as const;

test("RFC 2003 §3.1: outer header between home agent and care-of address, TOS and DF copied, own TTL, inner TTL down by one a hop [2003-3-01, 2003-3.1-01, 2003-3.1-02, 2003-3.1-03, 2003-3.1-05, 2003-3.1-07, 2003-3.1-10, 5944-4.2.3-03, 5944-4.2.3-06, 5944-1.7-08, 5944-4.2.2-07, 3024-5.1.2-01]", async () => {
  const seen = await pingThrough("-t", "40", "-Q", "0x48", "-M", "do", "-s", "56");
  assert.equal(seen.status, 0, seen.stdout);
  const into = await tshark(seen.tunnel, "ip.proto == 4 && icmp.type == 8", HEADERS);
  assert.deepEqual(
    into.map((row) => Object.values(row)),
    [
      [
        `${ADDRESS.homeAgent},${ADDRESS.correspondent}`,
        `${ADDRESS.fa1},${ADDRESS.home}`,
        "4,1",
        "64,38", // 40, less the router, less the home agent
        "0x48,0x48",
        "1,1",
        "104,84",
        "20,20",
      ],
    ],
  );
  const delivered = await tshark(seen.air, "icmp.type == 8", ["eth.src", "eth.dst", ...HEADERS]);
  assert.deepEqual(
    delivered.map((row) => Object.values(row)),
    [[MAC.fa1, MAC.mn, ADDRESS.correspondent, ADDRESS.home, "1", "37", "0x48", "1", "84", "20"]],
  );
  const back = await tshark(seen.tunnel, "ip.proto == 4 && icmp.type == 0", HEADERS);
  assert.deepEqual(
    back.map((row) => Object.values(row).slice(0, 4)),
    [
      [
        `${ADDRESS.fa1},${ADDRESS.home}`,
        `${ADDRESS.homeAgent},${ADDRESS.correspondent}`,
        "4,1",
        "63,63",
      ],
    ],
  );
});

test("RFC 2003 §3.1: a clear DF stays clear, and a long datagram is fragmented and arrives [2003-3.1-12]", async () => {
  const seen = await pingThrough("-M", "dont", "-s", "56");
  assert.equal(seen.status, 0);
  const [into] = await tshark(seen.tunnel, "ip.proto == 4 && icmp.type == 8", HEADERS);
  assert.equal(into?.["ip.flags.df"], "0,0");
  const long = await pingThrough("-M", "dont", "-s", "4000");
  assert.equal(long.status, 0, long.stdout);
  const { net } = session;
  const argv = ["ping", "-n", "-c", "1", "-W", "1", "-M", "dont", "-s", "4000"];
  assert.equal((await net.mn.exec([...argv, ADDRESS.correspondent])).status, 0);
  const lengths = await tshark(long.tunnel, "ip.proto == 4", ["frame.len"]);
  assert.ok(lengths.length >= 6);
  for (const row of lengths) assert.ok(Number(row["frame.len"]) <= 1514);
});

test("RFC 2003 §3.1: a TTL that ends at the tunnel's entry yields Time Exceeded and nothing in the tunnel [2003-3.1-08, 2003-3.1-09]", async () => {
  const seen = await pingThrough("-t", "2");
  assert.equal(seen.status, 1);
  assert.deepEqual(await tshark(seen.tunnel, "ip.proto == 4", ["frame.number"]), []);
  const errors = await tshark(seen.far, "icmp.type == 11", ["icmp.code"]);
  assert.deepEqual(errors, [{ "icmp.code": "0,0" }]); // its own, and that of the echo inside
});

test("RFC 2003 §5.1: too big with DF is answered with the tunnel's MTU, and TCP gets through both ways [2003-5.1-01, 2003-5.1-02]", async () => {
  const { net } = session;
  net.cn.ip("route", "flush", "cache");
  const seen = await pingThrough("-M", "do", "-s", "1472");
  assert.equal(seen.status, 1);
  const errors = await tshark(seen.far, "icmp.type == 3", ["icmp.code", "icmp.mtu"]);
  assert.deepEqual(errors, [{ "icmp.code": "4,0", "icmp.mtu": "1480" }]);
  net.cn.ip("route", "flush", "cache");
  for (const reverse of [false, true]) {
    const port = reverse ? 6011 : 6010;
    const common = { from: net.cn, to: net.mn, address: ADDRESS.home, bytes: 2_000_000 };
    const transfer = await startTcp({ ...common, port, reverse });
    const report = await transfer.finished();
    assert.equal(report.intact, true, JSON.stringify(report));
    assert.equal(report.receiver.bytes, 2_000_000);
  }
});

/** Sends frames, then a ping through the same path as a fence, and returns what was captured. */
async function afterInjection(send: () => void, captures: readonly Capture[]): Promise<string[]> {
  send();
  assert.equal(await session.net.cn.ping(ADDRESS.home), true);
  return Promise.all(captures.map((capture) => capture.stop()));
}

test("RFC 3024 §5.1: a visitor's home address from another link-layer address does not enter the tunnel [3024-5.1.1-02]", async () => {
  const { net } = session;
  const spoofed = ipPacket({
    source: ADDRESS.home,
    destination: ADDRESS.correspondent,
    protocol: 1,
    payload: echoRequest(0x7001),
  });
  const honest = ipPacket({
    source: ADDRESS.home,
    destination: ADDRESS.correspondent,
    protocol: 1,
    payload: echoRequest(0x7002),
  });
  const [tunnel = ""] = await afterInjection(() => {
    inject(stranger, "eth0", [ethernet({ from: STRANGER.mac, to: MAC.fa1 }, 0x0800, spoofed)]);
    inject(net.mn, "wlan0", [ethernet({ from: MAC.mn, to: MAC.fa1 }, 0x0800, honest)]);
  }, [await net.lab.capture(net.fa1, "up0")]);
  const filter = "ip.proto == 4 && icmp.type == 8 && icmp.ident";
  const rows = await tshark(tunnel, `${filter} == 0x7001 || ${filter} == 0x7002`, ["icmp.ident"]);
  assert.deepEqual(
    rows.map((row) => Number(row["icmp.ident"])),
    [0x7002],
  );
});

function tunnelled(source: string, destination: string, inner: Buffer): Buffer {
  return ipPacket({ source, destination, protocol: 4, payload: inner });
}

test("RFC 5944 §4.2.2: at the foreign agent a stranger's tunnel packet and one for no visitor vanish without ICMP [5944-4.2.2-01, 5944-4.2.2-02, 5944-4.2.2-03, 5944-4.2.2-04, 5944-4.2.2-05]", async () => {
  const { net } = session;
  const dropped = await counter("fa1", "tunnel-no-binding");
  const echo = (destination: string, identifier: number): Buffer => {
    const payload = echoRequest(identifier);
    return ipPacket({ source: ADDRESS.correspondent, destination, protocol: 1, payload });
  };
  const link = { from: macOf(net.inet, "fa1"), to: macOf(net.fa1, "up0") };
  const frame = (packet: Buffer): Buffer => ethernet(link, 0x0800, packet);
  const captures = [
    await net.lab.capture(net.places.foreign1),
    await net.lab.capture(net.fa1, "up0"),
  ];
  const [air = "", uplink = ""] = await afterInjection(() => {
    inject(net.inet, "fa1", [
      frame(tunnelled(ADDRESS.correspondent, ADDRESS.fa1, echo(ADDRESS.home, 0x7101))),
      frame(tunnelled(ADDRESS.homeAgent, ADDRESS.fa1, echo("10.1.0.99", 0x7102))),
      frame(tunnelled(ADDRESS.homeAgent, ADDRESS.fa1, echo(STRANGER.address, 0x7103))),
      frame(tunnelled(ADDRESS.homeAgent, ADDRESS.fa1, echo(ADDRESS.home, 0x7104))),
    ]);
  }, captures);
  const filter = "icmp.type == 8 && icmp.ident >= 0x7100 && icmp.ident <= 0x71ff";
  const seen = await tshark(air, filter, ["icmp.ident"]);
  assert.deepEqual(
    seen.map((row) => Number(row["icmp.ident"])),
    [0x7104],
  );
  const errors = "icmp.type == 3 || icmp.type == 11 || icmp.type == 12";
  assert.deepEqual(await tshark(uplink, errors, ["icmp.type"]), []);
  assert.deepEqual(await tshark(air, errors, ["icmp.type"]), []);
  assert.equal(await counter("fa1", "tunnel-no-binding"), dropped + 3);
});

test("RFC 3024 §4.3.2: the home agent takes tunnel packets only from a binding's care-of address with its home address; the rest vanishes, is counted and reported [3024-4.3.2-02, 3024-4.3.2-03, 3024-4.3.2-04, 3024-4.3.2-05, 3024-4.3.2-07, 5944-4.2.3-08]", async () => {
  const { net, programs } = session;
  const dropped = await counter("ha", "tunnel-no-binding");
  const since = monotonicMs();
  const link = { from: macOf(net.inet, "ha"), to: macOf(net.ha, "up0") };
  const packet = (outer: string, inner: string, identifier: number): Buffer => {
    const fields = { source: inner, destination: ADDRESS.correspondent, protocol: 1 };
    const payload = ipPacket({ ...fields, payload: echoRequest(identifier) });
    return ethernet(link, 0x0800, tunnelled(outer, ADDRESS.homeAgent, payload));
  };
  const captures = [await net.lab.capture(net.cn), await net.lab.capture(net.ha, "up0")];
  const [far = "", uplink = ""] = await afterInjection(() => {
    inject(net.inet, "ha", [
      packet(ADDRESS.correspondent, ADDRESS.home, 0x7201),
      packet(ADDRESS.fa2, ADDRESS.home, 0x7202),
      packet(ADDRESS.fa1, "10.1.0.99", 0x7203),
      packet(ADDRESS.fa1, ADDRESS.home, 0x7204),
    ]);
  }, captures);
  const filter = "icmp.type == 8 && icmp.ident >= 0x7200 && icmp.ident <= 0x72ff";
  const seen = await tshark(far, filter, ["icmp.ident"]);
  assert.deepEqual(
    seen.map((row) => Number(row["icmp.ident"])),
    [0x7204],
  );
  assert.deepEqual(await tshark(uplink, "icmp.type == 3", ["icmp.type"]), []);
  assert.equal(await counter("ha", "tunnel-no-binding"), dropped + 3);
  const told = await programs.waitForEvent("ha", "dropped", since);
  assert.equal(told.fields.reason, "tunnel-no-binding");
});

test("RFC 2003 §3.2: what bears the home agent's own address or the tunnel's exit as source is not tunnelled [2003-3.2-01, 2003-3.2-02, 2003-3.2-03, 2003-3.2-04]", async () => {
  const { net } = session;
  const link = { from: macOf(net.inet, "ha"), to: macOf(net.ha, "up0") };
  const frames = [ADDRESS.homeAgent, ADDRESS.homeLink, ADDRESS.fa1, ADDRESS.correspondent].map(
    (source, i) => {
      const payload = echoRequest(0x7301 + i);
      const packet = ipPacket({ source, destination: ADDRESS.home, protocol: 1, payload });
      return ethernet(link, 0x0800, packet);
    },
  );
  const captures = [await net.lab.capture(net.fa1, "up0")];
  const [tunnel = ""] = await afterInjection(() => inject(net.inet, "ha", frames), captures);
  const filter = "icmp.type == 8 && icmp.ident >= 0x7300 && icmp.ident <= 0x73ff";
  const seen = await tshark(tunnel, filter, ["icmp.ident"]);
  assert.deepEqual(
    seen.map((row) => Number(row["icmp.ident"])),
    [0x7304],
  );
});

test("RFC 5944 §1.5: away, everything the node sends bears its home address, with the agent as first hop [5944-1.5-01, 5944-4.2.1-01, 3024-5.1.1-01]", async () => {
  const { net } = session;
  const capture = await net.lab.capture(net.mn, "wlan0");
  assert.equal(await net.mn.ping(ADDRESS.correspondent), true);
  assert.equal(await net.mn.ping(ADDRESS.peer), true);
  assert.equal(await net.mn.ping(STRANGER.address), false); // no way back but through the tunnel
  await waitFor(
    "the capture",
    async () => (await tshark(capture.path, "icmp", ["ip.src"])).length >= 4,
  );
  // The agent is asked by ARP whether it is there, in nobody's name: test/lab/home-link.test.ts.
  const sent = `eth.src == ${MAC.mn} && !arp`;
  const rows = await tshark(await capture.stop(), sent, ["eth.dst", "ip.src"]);
  assert.ok(rows.length >= 3);
  for (const row of rows) assert.deepEqual(Object.values(row), [MAC.fa1, ADDRESS.home]);
});
