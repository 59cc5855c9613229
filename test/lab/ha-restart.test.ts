/** A home agent that is killed: what its journal keeps, and a journal that was damaged. */

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import type { Daemon } from "./programs.ts";
import { NODES, replay, startRegistrants } from "./registrants.ts";
import { registeredVia, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

await enterLab({ tun: true });

let session: Session;
let ha: Daemon;
before(async () => {
  session = await startSession({
    start: "foreign1",
    overrides: { ha: { mobile_node: NODES } },
  });
  ({ ha } = session.programs.daemons);
  await registeredVia(session, ADDRESS.fa1);
  // Nothing registers anew: what is there is what was kept.
  session.programs.daemons.mn.process.signal("SIGSTOP");
});
after(() => session.close());

async function bound(): Promise<Set<string>> {
  const bindings = await ha.query<{ home_address: string }[]>("bindings");
  return new Set(bindings.map((binding) => binding.home_address));
}

async function restart(): Promise<void> {
  ha.start();
  await ha.ready();
}

test("RFC 5944 §5.7: kill -9 of the home agent in the midst of registrations: no binding that was answered is lost, and no request that was accepted is accepted again [5944-5.7-01]", async () => {
  const { cn } = session.net;
  const registrants = startRegistrants(cn, 300);
  await waitFor("answers", () => registrants.answers.length > 60);
  await ha.kill();
  const { answers } = registrants;
  await registrants.stop();
  await restart();
  const kept = await bound();
  assert.ok(kept.has(ADDRESS.home));
  for (const { home, code } of answers) {
    assert.equal(code, 0);
    assert.ok(kept.has(home), `${home} was answered and is lost`);
  }
  assert.equal(await replay(cn, registrants.lastAnswered()), 133);
  assert.equal(await cn.ping(ADDRESS.home, { count: 2 }), true);
});

test("a journal with a record that is damaged and one that is torn: both are left out and reported, all others hold, and the next start finds a sound file", async () => {
  const before = await bound();
  await ha.kill();
  const lines = readFileSync(ha.files.journal, "utf8").split("\n");
  const last = lines.findLastIndex((line) =>
    line.includes(`binding/${NODES.at(-1)?.home_address}/`),
  );
  const spoilt = lines[last] ?? "";
  lines[last] = spoilt.replace('"lifetime":300', '"lifetime":301');
  assert.notEqual(lines[last], spoilt);
  writeFileSync(ha.files.journal, lines.join("\n"));
  appendFileSync(ha.files.journal, '0badc0de ["binding/torn');
  await restart();
  assert.match(ha.log(), /journal: 2 damaged records skipped/);
  const kept = await bound();
  // The one before it in the file may have told of the same binding.
  assert.ok([...before].filter((home) => !kept.has(home)).length <= 1);
  assert.ok(kept.has(ADDRESS.home));
  assert.equal((await ha.command("health")).status, 0);
  const said = ha.log().match(/damaged/g)?.length;
  await ha.kill();
  await restart();
  assert.equal(ha.log().match(/damaged/g)?.length, said);
  assert.deepEqual(await bound(), kept);
});
