/**
 * A mobile node on a machine that others route, too: NetworkManager, mwan3, WireGuard and Docker, as
 * far as what they leave in the kernel. Theirs stays as it is; the node's own traffic goes where its
 * configuration says.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AccessNet, addAccess, dropLease, takeLease } from "./access-net.ts";
import { tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { machineState, stateChanges } from "./machine-state.ts";
import { ADDRESS, type MobileNet } from "./mobile-net.ts";
import { editConfig, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true, programs: ["tshark", "ping", "nft"] });

const CARE_OF = "198.18.1.50";
/** A second address of the correspondent's. */
const ELSEWHERE = "203.0.113.11";
const CONTAINER = "172.17.0.2";

let session: Session;
let access: AccessNet;
let untouched: readonly string[] = [];

/** What mwan3 sets: marks by nftables, a table for each uplink, rules above the system's. */
const MWAN3 = `table inet mwan3 {
  chain output {
    type route hook output priority mangle; policy accept;
    meta mark & 0x3f00 == 0x0 ip daddr 203.0.113.99 meta mark set meta mark | 0x100
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
  }
}
`;

/** An interface with nobody behind it. */
function addInterface({ mn }: MobileNet, name: string, address: string): void {
  const far = `${name}-far`;
  mn.ip("link", "add", name, "type", "veth", "peer", "name", far);
  for (const each of [far, name]) mn.ip("link", "set", each, "up");
  mn.ip("address", "add", address, "dev", name);
}

function addForeign(net: MobileNet): void {
  const { mn } = net;
  // NetworkManager: a metered uplink beside the one in use, with default routes of two metrics.
  addInterface(net, "wwan0", "100.64.9.2/30");
  mn.ip("route", "add", "default", "via", "100.64.9.1", "metric", "700");
  // WireGuard, as wg-quick sets it up for all traffic; only its rules and routes matter here.
  addInterface(net, "wg0", "10.66.0.2/32");
  mn.ip("route", "add", "10.66.0.0/16", "dev", "wg0");
  mn.ip("route", "add", "default", "dev", "wg0", "table", "51820");
  mn.ip("rule", "add", "pref", "32764", "lookup", "main", "suppress_prefixlength", "0");
  mn.ip("rule", "add", "pref", "32765", "not", "fwmark", "51820", "lookup", "51820");
  // mwan3.
  mn.ip("route", "add", "default", "via", "100.64.9.1", "dev", "wwan0", "table", "1");
  mn.ip("rule", "add", "pref", "1001", "iif", "wwan0", "lookup", "1");
  mn.ip("rule", "add", "pref", "2001", "fwmark", "0x100/0x3f00", "lookup", "1");
  mn.ip("rule", "add", "pref", "2061", "fwmark", "0x3d00/0x3f00", "blackhole");
  mn.runSync(["nft", "-f", "-"], MWAN3);
  // Docker: a bridge with a container behind it.
  mn.ip("link", "add", "docker0", "type", "bridge");
  mn.ip("address", "add", "172.17.0.1/16", "dev", "docker0");
  mn.ip("link", "set", "docker0", "up");
  const container = mn.lab.host("container");
  const veth = ["link", "add", "veth0", "type", "veth", "peer", "name", "eth0"];
  mn.ip(...veth, "netns", "container");
  mn.ip("link", "set", "veth0", "master", "docker0", "up");
  container.ip("address", "add", `${CONTAINER}/16`, "dev", "eth0");
  container.ip("link", "set", "eth0", "up");
  container.ip("route", "add", "default", "via", "172.17.0.1");
}

before(async () => {
  session = await startSession({
    start: "home",
    before: async (net) => {
      access = addAccess(net, 1);
      dropLease(net, "wlan0");
      await net.port.move(access.link);
      takeLease(net, "wlan0", access, 50);
      net.cn.ip("address", "add", `${ELSEWHERE}/24`, "dev", "eth0");
      addForeign(net);
      await waitFor("the bridge", () =>
        /\bUP\b +\w/.test(net.mn.ip("-br", "link", "show", "docker0")),
      );
      untouched = machineState(net.mn);
    },
    overrides: { mn: { routing: { tunnel: ["0.0.0.0/0"], exclude: [] } } },
  });
  await session.programs.waitForState("registered");
});
after(() => session.close());

/** The source by which a ping to this address came to it; `undefined`: it did not. */
async function sourceSeen(address: string, ...words: readonly string[]) {
  const { net } = session;
  const capture = await net.lab.capture(net.cn);
  await net.mn.exec(["ping", "-n", "-c", "1", "-W", "1", ...words, address]);
  const rows = await tshark(await capture.stop(), "icmp.type == 8", ["ip.src"]);
  return rows[0]?.["ip.src"];
}

async function reload(pattern: RegExp, text: string): Promise<void> {
  const { mn } = session.programs.daemons;
  const routesBefore = session.net.mn.rules().join();
  editConfig(mn, pattern, text);
  mn.process.signal("SIGHUP");
  await waitFor("other rules", () => session.net.mn.rules().join() !== routesBefore);
}

test("everything goes by the home address, and what the system has a route of its own for does not", async () => {
  const { net } = session;
  assert.equal(await sourceSeen(ADDRESS.correspondent), ADDRESS.home);
  assert.equal(await net.mn.ping(CONTAINER), true);
  assert.equal(await net.mn.ping(access.router), true);
  const ways = ["10.66.1.1", "203.0.113.99"].map((to) => net.mn.ip("route", "get", to));
  assert.match(ways[0] ?? "", /dev wg0/);
  // A mark of mwan3's holds before ours: priority 2001.
  const marked = net.mn.ip("route", "get", "203.0.113.99", "mark", "0x100");
  assert.match(marked, /via 100\.64\.9\.1 dev wwan0/);
});

test("routing.exclude: table main holds for it, and an answer to who speaks to the home address goes back by the tunnel", async () => {
  const { net } = session;
  await reload(/exclude = \[\]/, `exclude = ["${ELSEWHERE}/32"]`);
  assert.equal(await sourceSeen(ELSEWHERE), CARE_OF);
  assert.equal(await sourceSeen(ADDRESS.correspondent), ADDRESS.home);
  assert.equal(await sourceSeen(ELSEWHERE, "-I", ADDRESS.home), ADDRESS.home);
  assert.equal(await net.cn.ping(ADDRESS.home, { source: ELSEWHERE }), true);
});

test("routing.tunnel: only these go by the home address, which is reached from everywhere all the same", async () => {
  const { net } = session;
  await reload(/tunnel = \["0.0.0.0\/0"\]/, `tunnel = ["${ADDRESS.correspondent}/32"]`);
  await reload(/exclude = \[".*"\]/, "exclude = []");
  assert.equal(await sourceSeen(ADDRESS.correspondent), ADDRESS.home);
  assert.equal(await net.cn.ping(ADDRESS.home, { source: ELSEWHERE }), true);
  // What is left to the system is wg-quick's, and without that the default route's.
  assert.match(net.mn.ip("route", "get", ELSEWHERE), /dev wg0/);
  net.mn.ip("rule", "delete", "pref", "32765");
  assert.equal(await sourceSeen(ELSEWHERE), CARE_OF);
  net.mn.ip("rule", "add", "pref", "32765", "not", "fwmark", "51820", "lookup", "51820");
});

test("what others made is there all the while, octet for octet, and at the end nothing else is", async () => {
  const { net, programs } = session;
  const settings = /^gone mn (setting|link|address): /;
  const during = stateChanges(untouched, machineState(net.mn));
  const gone = during.filter((line) => line.startsWith("gone") && !settings.test(line));
  assert.deepEqual(gone, []);
  const foreign = net.mn.runSync(["nft", "list", "ruleset"]);
  assert.equal(await programs.daemons.mn.stop(), 0);
  assert.equal(net.mn.runSync(["nft", "list", "ruleset"]), foreign);
  assert.deepEqual(stateChanges(untouched, machineState(net.mn)), []);
});
