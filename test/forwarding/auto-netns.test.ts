/** `dataplane.driver = "auto"` on the real kernel: which driver it takes, what it says, and how it changes. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { loadedTunnelKinds } from "../../shared/linux/tunnel-modules.ts";
import { isObject } from "../../shared/service/json.ts";
import { mayLoadPrograms } from "../lab/enter.ts";
import {
  AGENTS,
  Agents,
  ANCHOR,
  bindingOf,
  HOME,
  inBackground,
  lostOf,
  ping,
} from "./agents-netns.ts";
import { driverInside, inside, isInside } from "./inside.ts";
import { sh } from "./netns-world.ts";
import { FORMS, formText } from "./packets.ts";

/** Whose tunnel a second binding of the node leads into: nobody. */
const NOBODY = ipv4("203.0.113.99");

if (!isInside()) {
  // As `ebpf` it is run by root, without a user namespace, where programs can be loaded.
  const outermost = mayLoadPrograms() ? (["ebpf"] as const) : [];
  for (const driver of [...outermost, "tun"] as const) {
    test(`auto in namespaces like ${driver}`, inside(import.meta.url, driver));
  }
} else {
  const agents = new Agents();
  const otherwise = loadedTunnelKinds().length > 0 ? "kernel" : "tun";
  const best = driverInside() === "ebpf" ? "ebpf" : otherwise;

  before(() => agents.open("auto"));
  after(() => agents.close());

  test(`it takes ${best}, and says in one line and in status what the better ones lack`, async () => {
    await agents.of("ha").kill();
    const { events, status } = await agents.start("ha", "auto");
    const notes = events.filter(({ event }) => event === "forwarding-note");
    const { driver } = status;
    const unavailable = isObject(status.unavailable) ? status.unavailable : {};
    assert.equal(driver, best);
    if (best === "ebpf") {
      assert.deepEqual([unavailable, notes], [{}, []]);
      return;
    }
    assert.match(String(unavailable.ebpf), /CAP_BPF|EPERM/);
    assert.equal(unavailable.kernel === undefined, best === "kernel");
    assert.equal(notes.length, 1);
    assert.match(
      String(notes[0]?.message),
      new RegExp(`^tunnels go by ${best}; ebpf: .*(CAP_BPF|EPERM)`),
    );
  });

  test("each tunnel says which driver carries it, and why not a better one", async () => {
    for (const form of FORMS) {
      await agents.agree(form);
      assert.match(ping(), / 0% packet loss/, formText(form));
      const isMinimal = form.encapsulation === "minimal";
      const isDevice = !isMinimal && form.udpPort === undefined;
      const expected = {
        ebpf: isMinimal ? ["tun", "minimal"] : ["ebpf", undefined],
        kernel: isDevice
          ? ["kernel", "no-bpf"]
          : ["tun", form.udpPort === undefined ? "minimal" : "udp"],
        tun: ["tun", isMinimal ? "minimal" : "no-bpf"],
      }[best];
      for (const host of AGENTS) {
        const [row] = (await agents.show(host)).tunnels;
        assert.deepEqual([row?.driver, row?.driver_reason], expected, formText(form));
      }
    }
  });

  test("a tunnel that changes its driver, there and back, loses no packet", async () => {
    await agents.agree({ encapsulation: "ipip" });
    const pings = inBackground("cn", "ping -n -i 0.01 10.1.0.7");
    const limits = { packets: 64, octets: 65_536, time: 1000 };
    for (let i = 0; i < 5; i++) {
      // Two bindings: a copy into each tunnel, by the daemon. Between two links: by the daemon.
      const another = bindingOf({ encapsulation: "ipip" }, NOBODY);
      await agents.apply("ha", bindingOf({ encapsulation: "ipip" }), another);
      assert.match(ping("", 2), / 0% packet loss/);
      const outgoing = { kind: "outgoing", address: HOME, hold: false, limits } as const;
      await agents.apply("ha", bindingOf({ encapsulation: "ipip" }), outgoing);
      assert.match(ping("", 2), / 0% packet loss/);
      await agents.apply("ha", bindingOf({ encapsulation: "ipip" }));
      assert.match(ping("", 2), / 0% packet loss/);
    }
    const output = await pings();
    assert.equal(lostOf(output), 0);
    assert.doesNotMatch(output, /\+\d+ duplicates|DUP!/);
  });

  if (best === "ebpf") {
    test("a run by the TUN device after one with programs that was killed: they go, and no packet is lost", async () => {
      await agents.agree({ encapsulation: "ipip" });
      const pings = inBackground("cn", "ping -n -i 0.02 10.1.0.7");
      for (const host of AGENTS) {
        await agents.of(host).kill();
        assert.match(sh(host, "ls /sys/fs/bpf"), new RegExp(`${ANCHOR[host]}@`));
        await agents.start(host, "tun");
      }
      await agents.agree({ encapsulation: "ipip" });
      const passed = agents.carriedByDaemons(() => assert.match(ping("", 5), / 0% packet loss/));
      for (const [into = 0, out = 0] of Object.values(passed)) {
        assert.ok(into >= 5 && out >= 5, JSON.stringify(passed));
      }
      assert.equal(lostOf(await pings()), 0);
      assert.doesNotMatch(sh("ha", "ls /sys/fs/bpf"), /@/);
    });
  }
}
