/**
 * The accelerator on the real kernel, with the drivers of both agents in namespaces: which packets
 * the programs take, what they make of them, and that nobody notices when the daemon is not there.
 * Programs can be loaded by root alone; elsewhere nothing of this runs, and it says so.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "../../shared/base/result.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import { waitFor } from "../lab/wait.ts";
import { AGENTS, Agents, ANCHOR, captured, ENDS, inBackground, ping } from "./agents-netns.ts";
import { attempt, canLoadPrograms, isInside, runInside, sh } from "./netns-world.ts";
import { entry, FORMS, formText, packet, ROOM } from "./packets.ts";

if (!isInside()) {
  const run = (): void => {
    const { code, output } = runInside(fileURLToPath(import.meta.url), "ebpf");
    assert.equal(code, 0, output);
    assert.match(output, /# pass [1-9]/);
  };
  if (canLoadPrograms()) test("the accelerator in namespaces", { timeout: 120_000 }, run);
} else {
  const agents = new Agents();
  const NOTHING = { ha: [0, 0], fa: [0, 0] };

  before(() => agents.open("ebpf"));
  after(() => agents.close());

  for (const form of FORMS) {
    const isInKernel = form.encapsulation !== "minimal";
    const why = isInKernel ? "by the kernel alone" : "by the daemon, and the row says why";
    test(`${formText(form)}: there and back ${why} [3024-4.3.2-01] [3519-4.8-01]`, async () => {
      await agents.agree(form);
      const passed = agents.carriedByDaemons(() => {
        for (const size of [56, 1400]) assert.match(ping(`-s ${size}`), / 0% packet loss/);
        assert.match(ping("-M dont -s 4000", 1), / 0% packet loss/);
      });
      const rows: JsonObject[] = [];
      if (isInKernel) assert.deepEqual(passed, NOTHING);
      else assert.notDeepEqual(passed, NOTHING);
      for (const host of AGENTS) {
        const { tunnels, counters } = await agents.show(host);
        const [row] = tunnels;
        assert.equal(row?.driver, isInKernel ? "ebpf" : "tun");
        assert.equal(row?.driver_reason, isInKernel ? undefined : "minimal");
        assert.deepEqual(counters, {});
        rows.push(row ?? {});
      }
      const [ha, fa] = rows;
      // Six pings and a long one, of which each fragment counts.
      assert.ok(Number(ha?.packets_out) >= 9);
      assert.ok(Number(ha?.bytes_out) >= 3 * 84 + 3 * 1428 + 4028);
      for (const [out, back] of [
        [ha, fa],
        [fa, ha],
      ]) {
        assert.equal(out?.packets_out, back?.packets_in);
        assert.equal(out?.bytes_out, back?.bytes_in);
      }
    });
  }

  test("what a program makes of a packet is what the daemon would make of it: all marks, DF, options [2003-3.1-02] [2003-3.1-03] [2003-3.1-07] [2784-3.1-01]", async () => {
    for (const form of [FORMS[0], FORMS[7]]) {
      assert.ok(form !== undefined);
      await agents.agree(form);
      assert.match(ping("", 1), / 0% packet loss/);
      const inner = [0, 1, 2, 3].flatMap((mark) =>
        [0, 0x4000].map((flags) => packet({ tos: 0x48 | mark, flags, options: mark * 4, ttl: 9 })),
      );
      const bytes = await captured("rt", "to-ha", inner.length, async () => {
        for (const one of inner) {
          await agents.of("ha").send({ name: "send-raw", packet: [...one.subarray(ROOM)] });
        }
      });
      const tunnel = new TunnelTable().add(
        entry({
          ...form,
          udpPort: form.udpPort && 434,
          local: ENDS.homeAgent,
          remote: ENDS.careOfAddress,
        }),
      );
      assert.ok(tunnel !== undefined);
      const expected = inner.map((one) => {
        const copy = Uint8Array.from(one);
        return copy.slice(encapsulate(copy, ROOM, tunnel, "copy", 0));
      });
      assert.deepEqual(bytes.map(comparable), expected.map(comparable));
    }
  });

  test("TCP: only the SYNs are the daemon's, which lowers their MSS; what arrives is what was sent", async () => {
    for (const form of [FORMS[0], FORMS[3], FORMS[4]]) {
      assert.ok(form !== undefined);
      await agents.agree(form);
      sh(
        "mn",
        "rm -f /run/got; timeout 20 busybox nc -l -p 7000 >/run/got 2>&1 </dev/null & sleep 0.3",
      );
      sh("cn", "head -c 5000000 /dev/urandom >/run/sent");
      const passed = agents.carriedByDaemons(() =>
        sh("cn", "timeout 20 busybox nc 10.1.0.7 7000 </run/sent"),
      );
      await waitFor("all of it", () => sh("mn", "cmp /run/sent /run/got || true") === "");
      for (const [into, out] of Object.values(passed)) {
        assert.ok(
          (into ?? 9) <= 2 && (out ?? 9) <= 2,
          `${formText(form)}: ${passed.ha} ${passed.fa}`,
        );
      }
    }
  });

  test("RFC 3024 §4.3.2: whoever is not bound meets silence, and the daemon counts it [3024-4.3.2-01] [5944-4.2.2-10]", async () => {
    await agents.agree({ encapsulation: "ipip" });
    const inner = packet({ source: "10.1.0.9", destination: "10.9.0.2" });
    const ends = { local: ENDS.careOfAddress, remote: ENDS.homeAgent };
    const tunnel = new TunnelTable().add(entry(ends));
    assert.ok(tunnel !== undefined);
    const stranger = [...inner.subarray(encapsulate(inner, ROOM, tunnel, "copy", 1))];
    const delivered = await captured("cn", "cn0", 0, async () => {
      await agents.of("fa").send({ name: "send-raw", packet: stranger });
      await waitFor("the drop", async () => {
        const { counters } = await agents.show("ha");
        return counters["tunnel-no-binding"] === 1;
      });
    });
    assert.deepEqual(delivered, []);
  });

  test("RFC 2003 §3.1: outer fragments are put together by the stack and go by the daemon [2003-3.1-12]", async () => {
    await agents.agree({ encapsulation: "ipip" });
    sh("rt", "ip route add 203.0.113.2 dev to-fa mtu lock 1400");
    const passed = agents.carriedByDaemons(() =>
      assert.match(ping("-M dont -s 1440", 2), / 0% packet loss/),
    );
    sh("rt", "ip route del 203.0.113.2 dev to-fa");
    assert.deepEqual(passed, { ha: [0, 0], fa: [0, 2] });
  });

  test("RFC 2003 §5.1: a narrower path is told to the sender as the daemon tells it [2003-5.1-01] [2003-5.1-02]", async () => {
    await agents.agree({ encapsulation: "gre" });
    sh("rt", "ip link set to-fa mtu 1400");
    sh("cn", "ip route flush cache");
    const first = attempt("cn", "ping -n -c 1 -W 1 -M do -s 1430 10.1.0.7");
    assert.match(first.output, /mtu ?= ?1376/);
    assert.match(sh("ha", "ip route show table 436"), /10\.1\.0\.7 dev mip436 .*mtu 1376/);
    sh("rt", "ip link set to-fa mtu 1500");
    sh("cn", "ip route flush cache");
  });

  test("kill -9 of both daemons: no packet is lost, and the next ones go on with what is there", async () => {
    const form = { encapsulation: "ipip" } as const;
    await agents.agree(form);
    const pings = inBackground("cn", "ping -n -q -i 0.02 10.1.0.7");
    for (const host of AGENTS) await agents.of(host).kill();
    assert.match(ping("", 10), / 0% packet loss/);
    for (const host of AGENTS) await agents.start(host, "ebpf");
    assert.match(ping("", 5), / 0% packet loss/);
    await agents.agree(form);
    const passed = agents.carriedByDaemons(() => assert.match(ping("", 5), / 0% packet loss/));
    assert.deepEqual(passed, NOTHING);
    assert.match(await pings(), / 0% packet loss/);
  });

  test("what nobody wants any more goes from the kernel with the first state", async () => {
    await agents.of("ha").kill();
    await agents.start("ha", "ebpf");
    await agents.of("ha").send({ name: "apply", items: [] });
    assert.match(attempt("cn", "ping -n -q -c 1 -W 1 10.1.0.7").output, /100% packet loss/);
    assert.deepEqual((await agents.show("ha")).tunnels, []);
  });

  test("stop leaves no program, no map and no pin", async () => {
    for (const host of AGENTS) {
      assert.match(sh(host, "ls /sys/fs/bpf"), new RegExp(`${ANCHOR[host]}@`));
      assert.deepEqual((await agents.of(host).send({ name: "stop" })).failures ?? [], []);
    }
    assert.doesNotMatch(sh("ha", "ls /sys/fs/bpf"), /@/);
  });
}

/** What may differ: Identification, which means nothing to a program, and with it the checksum. */
function comparable(bytes: Uint8Array): string {
  const copy = Buffer.from(bytes);
  copy.fill(0, 4, 6);
  copy.fill(0, 10, 12);
  return copy.toString("hex");
}
