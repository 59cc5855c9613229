/**
 * Fast mode of the accelerator on the real kernel: what goes from link to link past the kernel's own
 * forwarding, and what does not. The rules of tunnels are in rules-netns.test.ts for this mode, too.
 */

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import { AGENTS, Agents, bindingOf, HOME, ping, visitorOf } from "./agents-netns.ts";
import { canLoadPrograms, inside, isInside } from "./inside.ts";
import { attempt, type Host, macOf, sh } from "./netns-world.ts";
import { FORMS, formText } from "./packets.ts";

/** What the kernel forwards on its own passes this; the packets of the agents' own do not. */
const COUNTER =
  "nft add table ip seen; nft add chain ip seen passing '{ type filter hook forward priority 0; }'; nft add rule ip seen passing counter";

if (!isInside()) {
  if (canLoadPrograms()) {
    test("the accelerator in fast mode", inside(import.meta.url, "ebpf-fast"));
  }
} else {
  const IPIP = { encapsulation: "ipip" } as const;
  const agents = new Agents();
  const forwarded = (host: Host): number =>
    Number(/packets (\d+)/.exec(sh(host, "nft list chain ip seen passing"))?.[1]);
  /** Packets that the kernels of both agents forwarded while `during` ran. */
  const byKernels = (during: () => unknown): readonly number[] => {
    const known = AGENTS.map(forwarded);
    during();
    return AGENTS.map((host, i) => forwarded(host) - (known[i] ?? 0));
  };
  const reached = (from: Host, words: string): boolean =>
    attempt(from, `ping -n -q -c 1 -W 1 ${words}`).code === 0;

  before(async () => {
    await agents.open("ebpf-fast");
    for (const host of AGENTS) sh(host, COUNTER);
  });
  beforeEach(() => agents.agree(IPIP));
  after(() => agents.close());

  test("there and back past the kernel's forwarding, in each form; each agent is one hop [2003-3.1-07]", async () => {
    for (const form of FORMS.filter(({ encapsulation }) => encapsulation !== "minimal")) {
      await agents.agree(form);
      ping("", 1); // neighbours are known
      const passed = byKernels(() => {
        const output = sh(
          "cn",
          "ping -n -c 3 -i 0.05 -W 1 10.1.0.7; ping -n -c 1 -s 1400 10.1.0.7",
        );
        assert.equal(output.match(/ttl=62/g)?.length, 4, `${formText(form)}: ${output}`);
      });
      assert.deepEqual(passed, [0, 0], formText(form));
    }
  });

  test("what has options, is for the agent itself, or is a visitor's for a group goes the kernel's way", () => {
    const passed = byKernels(() => assert.match(ping("-R", 1), / 0% packet loss/));
    assert.deepEqual(passed, [2, 2]);
    assert.ok(reached("mn", "192.168.7.1"));
    assert.ok(reached("mn", "203.0.113.2"));
    assert.ok(reached("cn", "198.51.100.1"));
  });

  test("a source that has no way back by its link is the kernel's to judge: its reverse path filter, and none", async () => {
    sh("cn", "ip addr add 172.16.9.9/32 dev cn0; ip addr add 198.51.100.1/32 dev cn0");
    const spoof = (source: string): readonly number[] =>
      byKernels(() => attempt("cn", `ping -n -c 1 -W 1 -I ${source} 10.1.0.7`));
    const out = async (): Promise<number> =>
      Number((await agents.show("ha")).tunnels[0]?.packets_out);
    const known = await out();
    sh("ha", "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter");
    for (const source of ["172.16.9.9", "198.51.100.1"]) spoof(source);
    sh("ha", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter");
    // An address of the agent's own is a martian without any filter.
    spoof("198.51.100.1");
    assert.equal(await out(), known);
    assert.deepEqual(spoof("172.16.9.9"), [1, 0]);
    assert.equal(await out(), known + 1);
    sh("cn", "ip addr del 172.16.9.9/32 dev cn0; ip addr del 198.51.100.1/32 dev cn0");
  });

  test("what comes out of a tunnel from an address of the agent's own is dropped as the martian it is", () => {
    sh("cn", "ip addr add 192.168.7.1/32 dev cn0");
    sh("ha", "ip route add 192.168.7.1 via 10.9.0.2");
    const got = attempt(
      "mn",
      "nft add table ip got; nft add chain ip got in '{ type filter hook input priority 0; }'; nft add rule ip got in ip protocol icmp ip daddr 10.1.0.7 counter",
    );
    assert.equal(got.code, 0, got.output);
    attempt("cn", "ping -n -c 1 -W 1 -I 192.168.7.1 10.1.0.7");
    assert.match(sh("mn", "nft list chain ip got in"), /counter packets 0 /);
    assert.match(ping("", 1), / 0% packet loss/);
    assert.match(sh("mn", "nft list chain ip got in"), /counter packets 1 /);
    sh("mn", "nft delete table ip got");
    sh("cn", "ip addr del 192.168.7.1/32 dev cn0");
    sh("ha", "ip route del 192.168.7.1");
  });

  test("forwarding that is off on a link is off", () => {
    for (const [host, link] of [
      ["ha", "cn1"],
      ["fa", "lan0"],
    ] as const) {
      sh(host, `echo 0 > /proc/sys/net/ipv4/conf/${link}/forwarding; sleep 0.05`);
      assert.equal(reached("cn", "10.1.0.7"), false, host);
      sh(host, `echo 1 > /proc/sys/net/ipv4/conf/${link}/forwarding; sleep 0.05`);
      assert.equal(reached("cn", "10.1.0.7"), true, host);
    }
  });

  test("RFC 3024 §5.1: a visitor's home address from another link-layer address does not enter the tunnel", async () => {
    const out = async () => (await agents.show("fa")).tunnels[0]?.packets_out;
    const mac = macOf("mn", "wlan0");
    const known = await out();
    sh("mn", "ip link set wlan0 address 02:00:00:00:00:99");
    assert.equal(reached("mn", "10.9.0.2"), false);
    assert.equal(await out(), known);
    sh("mn", `ip link set wlan0 address ${mac}`);
    assert.equal(reached("mn", "10.9.0.2"), true);
    assert.notEqual(await out(), known);
  });

  test("RFC 4988: a node between two links: its packets are the daemon's, in order, and go on when it says so", async () => {
    const limits = { packets: 100, octets: 100_000, time: 2000 };
    const held: ForwardingItem = {
      kind: "handover",
      address: HOME,
      hold: true,
      limits,
      intercept: true,
      tunnel: undefined,
    };
    await agents.apply("fa", visitorOf(IPIP), held);
    const passed = agents.carriedByDaemons(() => {
      assert.match(attempt("cn", "ping -n -q -c 2 -i 0.2 -W 0.2 10.1.0.7").output, /100% packet/);
    });
    assert.deepEqual(passed.ha, [0, 0]);
    await agents.apply("fa", visitorOf(IPIP), { ...held, hold: false, intercept: false });
    await agents.apply("fa", visitorOf(IPIP));
    assert.match(ping("", 2), / 0% packet loss/);
    assert.equal((await agents.show("fa")).tunnels[0]?.driver, "ebpf");
  });

  test("an interception that depends on an address ends with it, whether or not the daemon knows", async () => {
    sh("ha", "ip addr add 10.9.0.77/32 dev cn1");
    const binding = bindingOf(IPIP);
    assert.ok(binding.kind === "binding");
    await agents.apply("ha", { ...binding, dependsOn: ipv4("10.9.0.77") });
    assert.match(ping("", 1), / 0% packet loss/);
    const known = (await agents.show("ha")).tunnels[0]?.packets_out;
    sh("ha", "ip addr del 10.9.0.77/32 dev cn1; sleep 0.02");
    attempt("cn", "ping -n -c 1 -W 0.5 10.1.0.7");
    assert.equal((await agents.show("ha")).tunnels[0]?.packets_out, known);
  });

  test("dataplane.mtu: what is longer is told so, by either agent", async () => {
    await agents.restart({ mtu: 1300 });
    await agents.agree(IPIP);
    assert.match(attempt("cn", "ping -n -c 1 -W 1 -M do -s 1290 10.1.0.7").output, /mtu ?= ?1300/);
    assert.match(attempt("mn", "ping -n -c 1 -W 1 -M do -s 1290 10.9.0.2").output, /mtu ?= ?1300/);
    const passed = byKernels(() => assert.match(ping("-M do -s 1272", 1), / 0% packet loss/));
    assert.deepEqual(passed, [0, 0]);
  });
}
