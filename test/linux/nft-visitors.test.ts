/** The map that tells visitors from others, in a real kernel. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { ipv4, type Mac, toIpv4 } from "../../shared/base/address.ts";
import { marksOf, type VisitorObject } from "../../shared/forwarding/kernel-objects.ts";
import { createHelperIo } from "../../shared/linux/helper-io.ts";
import { changeMap } from "../../shared/linux/netlink/nf-tables.ts";
import { NftVisitors } from "../../shared/linux/nft-visitors.ts";
import { enterLab } from "../lab/enter.ts";
import { range } from "./support.ts";

await enterLab({ programs: ["nft"] });

const NFT = "nft";
const io = createHelperIo();
const visitors = new NftVisitors(marksOf(434), () => io.openNetfilter());
after(() => visitors.remove());

function visitor(index: number, mark = 434): VisitorObject {
  const address = toIpv4(ipv4("10.1.0.1") + index);
  return { kind: "visitor", device: "lan0", mac: "02:00:00:00:00:07" as Mac, address, mark };
}

const nft = (...argv: string[]): string => execFileSync(NFT, argv, { encoding: "utf8" });
const listed = (): string => nft("list", "map", "ip", "mip434", "visitors");
const count = (): number => listed().match(/"lan0" \. /g)?.length ?? 0;

/** No program has been started and waited for. */
async function atOnce(change: Promise<void>): Promise<boolean> {
  const turns = (async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return false;
  })();
  return Promise.race([change.then(() => true), turns]);
}

test("the first update makes the table, the next ones take no turn of the event loop", async () => {
  await visitors.update([visitor(1)], [], () => [visitor(1)]);
  assert.match(listed(), /"lan0" \. 02:00:00:00:00:07 \. 10\.1\.0\.2 : 0x000001b2/);
  const none = (): never => assert.fail("the whole table is not asked for");
  assert.equal(await atOnce(visitors.update([visitor(2, 435)], [visitor(1)], none)), true);
  assert.match(listed(), /10\.1\.0\.3 : 0x000001b3/);
  assert.doesNotMatch(listed(), /10\.1\.0\.2 /);
});

test("a thousand at once, and all of them away", async () => {
  const many = range(1000).map((i) => visitor(100 + i));
  assert.equal(await atOnce(visitors.update(many, [], () => [])), true);
  assert.equal(count(), 1001);
  assert.equal(await atOnce(visitors.update([], many, () => [])), true);
  assert.equal(count(), 1);
});

test("a table that somebody has removed or changed is made again", async () => {
  nft("flush", "ruleset");
  await visitors.update([visitor(3)], [], () => [visitor(2, 435), visitor(3)]);
  assert.equal(count(), 2);
  nft("flush", "map", "ip", "mip434", "visitors");
  await visitors.update([], [visitor(2, 435)], () => [visitor(3)]);
  assert.equal(count(), 1);
});

test("a change that is refused is refused as a whole, and says why", () => {
  const socket = io.openNetfilter();
  const element = { key: new Uint8Array(28).fill(1), value: Uint8Array.of(1, 0, 0, 0) };
  const removed = { ...element, key: new Uint8Array(28).fill(2) };
  const change = { table: "mip434", map: "visitors", added: [element], removed: [removed] };
  assert.throws(() => changeMap(socket, change), { code: "ENOENT" });
  assert.throws(() => changeMap(socket, { ...change, table: "nowhere" }), { code: "ENOENT" });
  assert.equal(count(), 1);
  assert.doesNotMatch(listed(), /01:01:01:01:01:01/);
  socket.close();
});
