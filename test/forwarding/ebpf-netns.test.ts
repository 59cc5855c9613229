/**
 * The accelerator on the real kernel, with the drivers of both agents in namespaces: which packets
 * the programs take, what they make of them, and that nobody notices when the daemon is not there.
 * Programs can be loaded by root alone; elsewhere nothing of this runs, and it says so.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import { waitFor } from "../lab/wait.ts";
import { AGENTS, Agents, ANCHOR, inBackground, lostOf, ping } from "./agents-netns.ts";
import { driverInside, driversHere, insideEach, isEbpf, isInside } from "./inside.ts";
import { attempt, sh } from "./netns-world.ts";
import { FORMS, formText } from "./packets.ts";

if (!isInside()) {
  insideEach("the accelerator in namespaces", import.meta.url, driversHere().filter(isEbpf));
} else {
  const agents = new Agents();
  const NOTHING = { ha: [0, 0], fa: [0, 0] };

  before(() => agents.open(driverInside()));
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

  test("kill -9 of both daemons: no packet is lost, and the next ones go on with what is there", async () => {
    const form = { encapsulation: "ipip" } as const;
    await agents.agree(form);
    const pings = inBackground("cn", "ping -n -i 0.02 10.1.0.7");
    for (const host of AGENTS) await agents.of(host).kill();
    assert.match(ping("", 10), / 0% packet loss/);
    for (const host of AGENTS) await agents.start(host, driverInside());
    assert.match(ping("", 5), / 0% packet loss/);
    await agents.agree(form);
    const passed = agents.carriedByDaemons(() => assert.match(ping("", 5), / 0% packet loss/));
    assert.deepEqual(passed, NOTHING);
    assert.equal(lostOf(await pings()), 0);
  });

  test("what nobody wants any more goes from the kernel with the first state", async () => {
    await agents.of("ha").kill();
    await agents.start("ha", driverInside());
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
