/**
 * Somebody loads the modules of the kernel's tunnel devices while agents run. Only in the machine of
 * `make test-kernel`, which starts without them, and loads them when the file is there that this writes.
 */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { loadedTunnelKinds } from "../../shared/linux/tunnel-modules.ts";
import { isObject } from "../../shared/service/json.ts";
import { waitFor } from "../lab/wait.ts";
import { AGENTS, Agents, inBackground, lostOf, ping } from "./agents-netns.ts";
import { isInside } from "./inside.ts";
import { sh } from "./netns-world.ts";

/** As test/machine/drivers.ts has it. */
const LOAD = "/tmp/load-modules";

if (isInside()) {
  const agents = new Agents();
  before(() => agents.open("auto"));
  after(() => agents.close());

  test("auto goes on as it is when modules are loaded, without losing a packet, and keeps strangers from an answer; its next start takes the devices", async () => {
    assert.deepEqual(loadedTunnelKinds(), []);
    const { status } = await agents.show("ha");
    assert.equal(status.driver, "tun");
    const unavailable = isObject(status.unavailable) ? status.unavailable : {};
    assert.match(String(unavailable.kernel), /modprobe/);
    await agents.agree({ encapsulation: "ipip" });
    const pings = inBackground("cn", "ping -n -i 0.05 10.1.0.7");
    assert.match(ping(), / 0% packet loss/);

    writeFileSync(LOAD, "");
    await waitFor("the modules", () => existsSync(`${LOAD}.done`));
    for (const host of AGENTS) {
      await waitFor("silence", () => /chain silence/.test(sh(host, "nft list ruleset")));
      assert.equal((await agents.show(host)).status.driver, "tun");
    }
    assert.match(ping(), / 0% packet loss/);
    assert.equal(lostOf(await pings()), 0);

    for (const host of AGENTS) {
      await agents.of(host).kill();
      assert.equal((await agents.start(host, "auto")).status.driver, "kernel");
    }
    await agents.agree({ encapsulation: "ipip" });
    const passed = agents.carriedByDaemons(() => assert.match(ping("", 5), / 0% packet loss/));
    assert.deepEqual(passed, { ha: [0, 0], fa: [0, 0] });
  });
}
