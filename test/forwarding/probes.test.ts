/** Ways that die without a word, found out by echoes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { PathNews } from "../../shared/forwarding/driver.ts";
import { realize } from "../../shared/forwarding/realize.ts";
import type { CoLocatedItem } from "../../shared/forwarding/state.ts";
import { takeAnswer } from "../../shared/forwarding/tun/keepalives.ts";
import { Probes } from "../../shared/forwarding/tun/probes.ts";
import { type Tunnel, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";

const ITEM: CoLocatedItem = {
  kind: "co-located",
  encapsulation: "ipip",
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  path: { interface: "wlan0", number: 1, careOfAddress: ipv4("203.0.113.50"), gateway: undefined },
  reverse: true,
  // Looks are made by hand here.
  probing: { interval: 1000, misses: 3 },
};
const KEY = "co-located/wlan0";

interface Line {
  readonly probes: Probes;
  readonly news: boolean[];
  /** Does the home agent answer, does other traffic come? */
  answers: boolean;
  hears: boolean;
  echoes: number;
  look(times?: number): void;
}

/** The home agent's answer: our own echo, the other way round. */
function answerTo(echo: Uint8Array): Uint8Array {
  const answer = echo.slice();
  answer.copyWithin(12, 16, 20);
  answer.set(echo.subarray(12, 16), 16);
  answer[20] = 0;
  return answer;
}

function start(item: CoLocatedItem = ITEM): Line {
  const table = new TunnelTable();
  const config = { role: "mn", routeTable: 435, rulePriority: 4350, hasNft: false } as const;
  for (const entry of realize(item, config).tunnels) table.add(entry);
  const news: boolean[] = [];
  const send = (tunnel: Tunnel, packet: Uint8Array): void => {
    line.echoes++;
    if (!line.answers) return;
    tunnel.packetsIn++;
    assert.ok(takeAnswer(answerTo(packet), 0, tunnel));
  };
  const tell = ({ isLost }: PathNews): void => void news.push(isLost);
  const probes = new Probes(table, send, tell);
  const line: Line = {
    ...{ probes, news, answers: true, hears: false, echoes: 0 },
    look: (times = 1) => {
      for (let i = 0; i < times; i++) {
        const [tunnel] = table.tunnels();
        if (line.hears && tunnel !== undefined) tunnel.packetsIn++;
        probes.look(KEY);
      }
    },
  };
  probes.set(KEY, item);
  return line;
}

test("an echo is asked for when nothing has come, and its answer is a sign of life", () => {
  const line = start();
  line.look(20);
  assert.deepEqual(line.news, []);
  assert.ok(line.echoes >= 10 && line.echoes <= 11, `${line.echoes}`);
  line.probes.close();
});

test("after as many echoes without any answer as configured the way is lost, once; and found with the first packet", () => {
  const line = start();
  line.look(4);
  line.answers = false;
  line.look(3);
  assert.deepEqual(line.news, []);
  line.look();
  assert.deepEqual(line.news, [true]);
  line.look(50);
  assert.deepEqual(line.news, [true]);
  line.hears = true;
  line.look();
  assert.deepEqual(line.news, [true, false]);
  line.probes.close();
});

test("while other packets come nothing is asked", () => {
  const line = start();
  line.look(3);
  const before = line.echoes;
  line.hears = true;
  line.look(100);
  assert.equal(line.echoes, before);
  line.probes.close();
});

test("a home agent that has never answered an echo is not judged, and soon asked seldom", () => {
  const line = start();
  line.answers = false;
  line.look(1000);
  assert.deepEqual(line.news, []);
  assert.ok(line.echoes <= 20, `${line.echoes}`);
  line.probes.close();
});

test("without a reverse tunnel, or without probing, nothing is asked; another item begins anew, the same one does not", () => {
  const { probing: _, ...unwatched } = ITEM;
  for (const item of [{ ...ITEM, reverse: false }, unwatched]) {
    const line = start(item);
    line.look(10);
    assert.equal(line.echoes, 0);
  }
  const line = start();
  line.look(3);
  line.answers = false;
  line.look(2);
  line.probes.set(KEY, { ...ITEM });
  line.look(3);
  assert.deepEqual(line.news, [true]);
  line.probes.set(KEY, undefined);
  const before = line.echoes;
  line.look(10);
  assert.equal(line.echoes, before);
});
