/**
 * RFC 2003 and its friends on the real kernel, the same cases for every driver: between two agents in
 * namespaces by `tun`, by `ebpf` for root, and by `kernel` in the machine of `make test-kernel`.
 * What a driver does otherwise stands here and in docs/internals/forwarding.md, nowhere else.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import { waitFor } from "../lab/wait.ts";
import { wireBinary } from "../lab/wire.ts";
import { AGENTS, Agents, captured, inBackground, lostOf, ping } from "./agents-netns.ts";
import { driverInside, driversHere, insideEach, isInside } from "./inside.ts";
import { attempt, DriverProcess, HOSTS, sh } from "./netns-world.ts";
import { type Fields, packet, ROOM } from "./packets.ts";

const IPIP = { encapsulation: "ipip" } as const;
const GRE = { encapsulation: "gre" } as const;
const [NOT_ECT, ECT_1, ECT_0, CE] = [0, 1, 2, 3] as const;
const MARKS = [NOT_ECT, ECT_1, ECT_0, CE];
const DSCP = 0x48;
const DF = 0x4000;
/** From the node, as its foreign agent sends it through the tunnel. */
const INTO_HOME_AGENT = { source: "203.0.113.2", destination: "198.51.100.1" };
const FROM_NODE = { source: "10.1.0.7", destination: "10.9.0.2" };

/** What a packet captured or sent has in its header. */
function header(bytes: Uint8Array) {
  const [, tos = 0, , , , , flags = 0, , ttl = 0, protocol = 0] = bytes;
  return { tos, hasDf: (flags & 0x40) !== 0, ttl, protocol, length: ((bytes[0] ?? 0) % 16) * 4 };
}

if (!isInside()) {
  insideEach("the rules of tunnels", import.meta.url, driversHere());
} else {
  const driver = driverInside();
  const isKernel = driver === "kernel";
  const agents = new Agents();
  /** Processes that only send what they are told, so that nobody else's kernel has a say. */
  const senders = new Map<"cn" | "rt", DriverProcess>();
  const send = async (host: "cn" | "rt", bytes: Uint8Array): Promise<void> => {
    const config = { role: "mn", routeTable: 999, rulePriority: 9990, mtu: 0 } as const;
    const known = senders.get(host);
    const sender =
      known ?? new DriverProcess(host, { ...config, df: "copy", mssClamp: true }, "helper");
    senders.set(host, sender);
    const answer = await sender.send({ name: "send-raw", packet: [...bytes] });
    assert.equal(answer.failures, undefined);
  };
  const bytesOf = (fields: Fields): Uint8Array => packet(fields).subarray(ROOM);
  /** Into the tunnel of the node, at its other end. */
  const sendOuter = (fields: Fields): Promise<void> =>
    send("rt", bytesOf({ ...INTO_HOME_AGENT, protocol: 4, ttl: 64, ...fields }));
  /** What the correspondent gets while `during` runs, by the node; then one that is allowed comes. */
  const delivered = async (during: () => Promise<void>): Promise<readonly Uint8Array[]> => {
    const all = await captured("cn", "cn0", 1, async () => {
      await during();
      assert.match(ping("", 1), / 0% packet loss/);
    });
    const isIcmp = (bytes: Uint8Array): boolean => header(bytes).protocol === 1;
    return all.filter((bytes) => !isIcmp(bytes));
  };
  const counters = async (): Promise<JsonObject> => (await agents.show("ha")).counters;

  before(() => agents.open(driver));

  after(async () => {
    await agents.close();
    for (const sender of senders.values()) await sender.kill();
  });

  test("RFC 2003 §3.1, RFC 6040 §4.1: into a tunnel: its own TTL, TOS and mark of the packet, DF where the packet has it; of the packet the TTL alone is another [2003-3.1-01] [2003-3.1-02] [2003-3.1-03] [2003-3.1-05] [2003-3.1-06] [2003-3.1-07]", async () => {
    for (const form of [IPIP, GRE]) {
      await agents.agree(form);
      assert.match(ping("", 1), / 0% packet loss/);
      const cases = MARKS.flatMap((mark) => [0, DF].map((flags) => ({ mark, flags })));
      const sent = cases.map(({ mark, flags }) => ({ tos: DSCP | mark, flags, ttl: 9 }));
      const outer = await captured("rt", "to-ha", sent.length, async () => {
        for (const fields of sent) await send("cn", bytesOf({ ...fields, options: 4 }));
      });
      for (const [i, { mark, flags }] of cases.entries()) {
        const { tos, ttl, hasDf, length } = header(outer[i] ?? new Uint8Array(0));
        // RFC 3168 §9.1.1 is what the kernel has.
        const expected = isKernel && mark === CE ? ECT_0 : mark;
        // RFC 2003 §3.1: it may be set always.
        const isSet = flags === DF || (isKernel && form === IPIP);
        const what = { form, mark, flags };
        assert.deepEqual({ tos, ttl, hasDf }, { tos: DSCP | expected, ttl: 64, hasDf: isSet });
        const inner = outer[i]?.subarray(length + (form === GRE ? 4 : 0));
        const whole = bytesOf({ ...sent[i], ttl: 8, options: 4 });
        assert.deepEqual(inner && Buffer.from(inner), Buffer.from(whole), JSON.stringify(what));
      }
    }
  });

  test("RFC 2003 §3.1: the time of a packet that would enter or leave the tunnel with TTL 0 is over, and its sender is told [2003-3.1-08] [2003-3.1-09]", async () => {
    await agents.agree(IPIP);
    const into = attempt("cn", "ping -n -c 1 -W 2 -t 1 10.1.0.7");
    assert.match(into.output, /From 10\.9\.0\.1 .*Time to live exceeded/);
    const outOf = attempt("mn", "ping -n -c 1 -W 2 -t 2 -I 10.1.0.7 10.9.0.2");
    assert.match(outOf.output, /From \S+ .*Time to live exceeded/);
  });

  test("RFC 6040 §4.2: marks of the outer header go inwards, and what cannot carry one is dropped [2003-3.1-10]", async () => {
    await agents.agree(IPIP);
    const cases = MARKS.flatMap((outer) => MARKS.map((inner) => ({ outer, inner })));
    const got = await delivered(async () => {
      for (const { outer, inner } of cases) {
        const payload = bytesOf({ ...FROM_NODE, tos: DSCP | inner, ttl: 9 });
        await sendOuter({ tos: outer, payload });
      }
    });
    const expected = cases.flatMap(({ outer, inner }) => {
      if (outer === CE) return inner === NOT_ECT ? [] : [CE];
      return outer === ECT_1 && inner === ECT_0 ? [ECT_1] : [inner];
    });
    assert.deepEqual(
      got.map((bytes) => [header(bytes).tos, header(bytes).ttl]),
      expected.map((mark) => [DSCP | mark, 8]),
    );
  });

  test("RFC 2003 §3.1: an outer packet that came in fragments is put together; a packet of 4,000 octets goes in fragments, before the tunnel [2003-3.1-12]", async () => {
    await agents.agree(GRE);
    sh("rt", "ip route add 203.0.113.2 dev to-fa mtu lock 1400");
    assert.match(ping("-M dont -s 1440", 2), / 0% packet loss/);
    sh("rt", "ip route del 203.0.113.2 dev to-fa");
    assert.match(ping("-M dont -s 4000", 2), / 0% packet loss/);
  });

  test("RFC 2003 §3.2: a packet that has the tunnel's exit as its source is not tunnelled [2003-3.2-03] [2003-3.2-04]", async () => {
    await agents.agree(IPIP);
    sh("rt", "ip route add 10.1.0.7 via 198.51.100.1");
    sh("ha", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter");
    const loop = { source: "203.0.113.2", destination: "10.1.0.7", protocol: 200 };
    const outer = await captured("rt", "to-ha", 2, async () => {
      await send("rt", bytesOf(loop));
      assert.match(ping("", 1), / 0% packet loss/);
    });
    const isIt = (bytes: Uint8Array): boolean => bytes[29] === 200;
    assert.equal(outer.filter(isIt).length, 0);
    // Another source goes, so that it was not the route.
    const other = await captured("rt", "to-ha", 1, () =>
      send("rt", bytesOf({ ...loop, source: "203.0.113.9" })),
    );
    assert.ok(other.some(isIt));
    sh("rt", "ip route del 10.1.0.7");
  });

  test("RFC 2784 §2.3: GRE with flags, a version or a protocol that it does not know is dropped; bits 6 to 12 mean nothing [2784-2.3-01] [2784-2.3-03] [2784-2.3.1-01] [2784-2.4-01]", async () => {
    await agents.agree(GRE);
    const inner = [...bytesOf({ ...FROM_NODE, ttl: 9, protocol: 201 })];
    const gre = (...octets: readonly number[]): Promise<void> =>
      sendOuter({ protocol: 47, payload: Uint8Array.from([...octets, ...inner]) });
    const got = await delivered(async () => {
      for (const flags of [0x40, 0x08, 0x04]) await gre(flags, 0, 8, 0);
      await gre(0, 1, 8, 0);
      await gre(0, 0, 0x86, 0xdd);
      assert.match(ping("", 1), / 0% packet loss/);
      // The kernel takes bits 9 to 12 for a part of the version.
      await gre(0x03, isKernel ? 0x80 : 0xf8, 8, 0);
    });
    assert.deepEqual(
      got.map((bytes) => header(bytes).protocol),
      [201],
    );
  });

  test("RFC 2003 §3.1: what is not whole, or over, inside its tunnel is dropped [2003-3.1-11]", async () => {
    await agents.agree(IPIP);
    const inner = bytesOf({ ...FROM_NODE, ttl: 9, protocol: 202 });
    const got = await delivered(async () => {
      await sendOuter({ payload: inner.subarray(0, 12) });
      await sendOuter({ payload: inner.subarray(0, inner.length - 4) });
      await sendOuter({ payload: bytesOf({ ...FROM_NODE, ttl: 0, protocol: 202 }) });
      await sendOuter({ payload: bytesOf({ ...FROM_NODE, source: "10.1.0.8", protocol: 202 }) });
    });
    assert.deepEqual(got.map(header), []);
  });

  test("dataplane.mss_clamp: a connection through the tunnel is offered what fits", async () => {
    for (const [form, mss] of [
      [IPIP, 1440],
      [GRE, 1436],
    ] as const) {
      await agents.agree(form);
      sh("mn", "busybox nc -l -p 7001 </dev/null >/dev/null 2>&1 & sleep 0.2");
      const isSyn = (bytes: Uint8Array): boolean => bytes[9] === 6 && ((bytes[33] ?? 0) & 2) !== 0;
      const offers = (all: readonly Uint8Array[]) =>
        all.filter(isSyn).map((bytes) => (bytes[42] ?? 0) * 256 + (bytes[43] ?? 0));
      const seen = await captured("mn", "wlan0", 2, () => {
        sh("cn", "echo | timeout 5 busybox nc -w 3 10.1.0.7 7001 || true");
      });
      assert.equal(offers(seen)[0], mss);
    }
  });

  test("TCP in superpackets, the links' offloads on and off: what arrives is what was sent, no checksum is wrong", async () => {
    sh("cn", "head -c 2000000 /dev/urandom >/run/sent");
    const failures = (): string =>
      sh("mn", "grep -h '^Tcp:' /proc/net/snmp | tail -1 | cut -d' ' -f15");
    const before = failures();
    const transfer = async (): Promise<void> => {
      for (const form of [IPIP, GRE]) {
        await agents.agree(form);
        sh("mn", "timeout 30 busybox nc -l -p 7000 >/run/got 2>&1 </dev/null & sleep 0.3");
        sh("cn", "timeout 30 busybox nc 10.1.0.7 7000 </run/sent");
        await waitFor("all of it", () => sh("mn", "cmp /run/sent /run/got || true") === "");
      }
    };
    await transfer();
    for (const host of HOSTS) {
      const links = sh(host, "ls /sys/class/net").split(/\s+/);
      for (const link of links.filter((name) => /^(net|cn|lan|wlan|to-)/.test(name))) {
        sh(host, `${wireBinary("/run")} plain ${link}`);
      }
    }
    await transfer();
    assert.equal(failures(), before);
  });

  test("RFC 2003 §4.1: a tunnel's exit that cannot be reached is told to the original sender [2003-4.1-01] [2003-4.1-04] [2003-4-01]", async () => {
    await agents.agree(GRE);
    sh("rt", "ip route add unreachable 203.0.113.2/32");
    const { output } = attempt("cn", "ping -n -c 2 -i 0.2 -W 5 10.1.0.7");
    sh("rt", "ip route del unreachable 203.0.113.2/32");
    assert.match(output, /From 198\.51\.100\.1 .*Destination Host Unreachable/);
    assert.ok(Number((await counters())["tunnel-error-relayed"]) > 0);
  });

  test("RFC 2003 §4.1: an error about the node's own packet goes to the node, by its foreign agent", async () => {
    sh("rt", "ip route add prohibit 198.51.100.1/32");
    const { output } = attempt("mn", "ping -n -c 2 -i 0.2 -W 5 -I 10.1.0.7 10.9.0.2");
    sh("rt", "ip route del prohibit 198.51.100.1/32");
    assert.match(output, /From 203\.0\.113\.2 .*Destination Host Unreachable/);
    // What a device of the kernel's has still to tell (docs/internals/forwarding.md) it tells now.
    for (const host of ["cn", "mn"] as const) {
      attempt(host, `ping -n -c 3 -i 0.2 -W 1 ${host === "cn" ? "10.1.0.7" : "10.9.0.2"}`);
    }
  });

  test("an ICMP error of the node's, about a packet that came through the tunnel, comes back through it", async () => {
    await agents.agree(IPIP);
    const got = await captured("cn", "cn0", 1, () =>
      send("cn", bytesOf({ payload: Uint8Array.of(0x30, 0x39, 0x1b, 0x5a, 0, 8, 0, 0) })),
    );
    const error = got.find((bytes) => bytes[9] === 1);
    assert.deepEqual([error?.[20], error?.[21]], [3, 3]);
    assert.deepEqual([...(error ?? []).slice(12, 20)], [10, 1, 0, 7, 10, 9, 0, 2]);
  });

  test("RFC 2003 §5.1: a narrow path inside a tunnel is told to the sender at once, with the inner header; then the tunnel itself knows it [2003-5-01] [2003-5.1-01] [2003-5.1-02] [2003-4.1-07]", async () => {
    await agents.agree(GRE);
    sh("rt", "ip link set to-fa mtu 1400");
    sh("cn", "ip route flush cache");
    const first = attempt("cn", "ping -n -c 1 -W 1 -M do -s 1430 10.1.0.7");
    assert.match(first.output, /mtu ?= ?1376/);
    assert.match(sh("cn", "ip route get 10.1.0.7"), /mtu 1376/);
    // A device has the MTU itself, the anchor a route for each destination.
    if (isKernel) assert.match(sh("ha", "ip -o link"), /mip436g\d+@.* mtu 1376/);
    else assert.match(sh("ha", "ip route show table 436"), /10\.1\.0\.7 dev mip436 .*mtu 1376/);
    sh("rt", "ip link set to-fa mtu 1500");
    sh("cn", "ip route flush cache");
  });

  test("RFC 5944 §4.2.2, RFC 3024 §4.3.2: tunnel packets of a stranger meet silence, whatever the kernel has for them [5944-4.2.2-03] [5944-4.2.2-04] [5944-4.2.2-10]", async () => {
    await agents.agree(GRE);
    sh(
      "rt",
      "nft add table ip heard; nft add chain ip heard in '{ type filter hook input priority 0; }'; nft add rule ip heard in ip protocol icmp counter",
    );
    const inner = bytesOf({ source: "10.66.0.1", destination: "10.66.0.2" });
    const before = { ha: await strangers("ha"), fa: await strangers("fa") };
    for (const [protocol, head] of [
      [4, []],
      [47, [0, 0, 8, 0]],
      [47, [0x20, 0, 8, 0, 0, 0, 0, 99]],
    ] as const) {
      for (const [source, destination] of [
        ["203.0.113.254", "203.0.113.2"],
        ["198.51.100.254", "198.51.100.1"],
      ] as const) {
        const payload = Uint8Array.from([...head, ...inner]);
        await send("rt", bytesOf({ source, destination, protocol, payload }));
      }
    }
    for (const host of ["ha", "fa"] as const) {
      await waitFor("the drops", async () => (await strangers(host)) >= before[host] + 3);
    }
    assert.match(sh("rt", "nft list chain ip heard in"), /counter packets 0 /);
  });

  if (isKernel) {
    test("kill -9 of both daemons: no packet is lost, neither while nobody is there nor when the next ones go on with what is", async () => {
      await agents.agree(IPIP);
      assert.match(ping("", 1), / 0% packet loss/);
      const pings = inBackground("cn", "ping -n -i 0.05 10.1.0.7");
      for (const host of AGENTS) await agents.of(host).kill();
      assert.match(ping("", 10), / 0% packet loss/);
      for (const host of AGENTS) await agents.start(host, "kernel");
      assert.match(ping("", 5), / 0% packet loss/);
      await agents.agree(IPIP);
      const passed = agents.carriedByDaemons(() => assert.match(ping("", 5), / 0% packet loss/));
      assert.deepEqual(passed, { ha: [0, 0], fa: [0, 0] });
      assert.equal(lostOf(await pings()), 0);
    });
  }

  test("stop takes the tunnels down, and what kept the kernel silent", async () => {
    for (const host of ["ha", "fa"] as const) {
      assert.deepEqual((await agents.of(host).send({ name: "stop" })).failures ?? [], []);
      assert.doesNotMatch(sh(host, "nft list tables; ip -o link"), /mip43/);
    }
  });

  async function strangers(host: "ha" | "fa"): Promise<number> {
    return Number((await agents.show(host)).counters["tunnel-no-binding"] ?? 0);
  }
}
