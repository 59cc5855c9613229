/** A lab that ends in the way its argument names; `enter.test.ts` looks at it from outside. */

import assert from "node:assert/strict";
import { enterLab, labPid } from "../enter.ts";
import { Lab } from "../lab.ts";
import { sleep } from "../wait.ts";

const [way = "", marker = "1000"] = process.argv.slice(2);
await enterLab({ programs: ["ping"] });

const lab = new Lab();
const segments = [lab.segment("left"), lab.segment("right")] as const;
const a = lab.host("a");
a.connect("eth0", segments[0], { address: "10.0.0.1/24" });
a.spawn(["sleep", marker]);

if (way === "exit") process.exit(7);
if (way === "throw") throw new Error("thrown inside");
if (way === "use") {
  const b = lab.host("b");
  b.connect("eth0", segments[1], { address: "10.0.0.2/24" });
  await lab.delayLine(...segments, { delayMs: 2 });
  const capture = await lab.capture(b);
  assert.equal(await a.ping("10.0.0.2"), true);
  await capture.stop();
  await lab.close();
  assert.deepEqual(lab.survivors(), []);
  process.stdout.write("used\n");
  process.exit(0);
}
if (way === "tidy") {
  process.on("SIGINT", () => {
    process.stdout.write("tidying\n");
    void lab.close().then(() => process.exit(3));
  });
}
process.stdout.write(`holding ${labPid()}\n`);
await sleep(600_000);
