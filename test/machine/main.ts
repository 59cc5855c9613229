/** `make test-machine`: the machine of `test-radio` and its like: what comes out of it, and when it ends. */

import assert from "node:assert/strict";
import { release } from "node:os";
import { enterMachine, inMachine, runInMachine } from "./machine.ts";

const MODULES = ["tun", "veth", "ipip", "ip_gre", "cls_bpf", "mac80211_hwsim"];
const SCRIPT = `
echo to output; echo to errors >&2
uname -r; cut -d' ' -f1 /proc/modules; ls /sys/class/ieee80211
echo kept >/machine/kept
! echo refused 2>/dev/null >/machine/../host/refused
exit 7`;

if (!inMachine()) await outside();
await enterMachine();
console.log(`this script, inside: ${release()}`);

async function outside(): Promise<void> {
  const started = performance.now();
  const { status, output, files } = await runInMachine({ modules: MODULES, script: SCRIPT });
  console.log(`booted, ran and ended in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const lines = output.split(/\r?\n/);
  assert.equal(status, 7, output);
  for (const line of ["to output", "to errors", ...MODULES, "phy0", "phy1"]) {
    assert.ok(lines.includes(line), `${line} in ${output}`);
  }
  assert.equal(`${files.get("kept")}`, "kept\n");

  await assert.rejects(
    runInMachine({ script: "true", modules: ["no_such_module"] }),
    /no_such_module/,
  );
  await assert.rejects(runInMachine({ script: "sleep 1000", timeoutMs: 1000 }), /within 1 s/);
  await assert.rejects(runInMachine({ script: "busybox reboot -f" }), /Restarting/);
  console.log("what it cannot do is said");
}
