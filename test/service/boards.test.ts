/** Board configurations: what is built in, what they put under a configuration, detection. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Board, limitsFor, parseBoard } from "../../shared/service/config/board.ts";
import {
  boardFromJson,
  detectBoard,
  type MachineFacts,
} from "../../shared/service/config/board-detection.ts";
import { boards, boardValues, findBoard } from "../../shared/service/config/boards.ts";
import { toPlain } from "../../shared/service/config/located.ts";
import { boardFiles } from "../../shared/service/embedded/boards.ts";
import {
  faRules,
  haRules,
  host,
  load,
  loadGood,
  MINIMAL_FA,
  MINIMAL_HA,
  MINIMAL_MN,
  mnRules,
} from "./support.ts";

const supported = (board: Board): boolean => board.about.board.supported;

test("boards: each file is well formed, and its tables fit the programs", (t) => {
  for (const [name, source] of boardFiles()) {
    const board = parseBoard(name, source);
    assert.deepEqual(board.ok ? [] : board.error, [], name);
  }
  for (const { name, about } of boards().filter(supported)) {
    const fa = about.fa === undefined ? MINIMAL_FA : "";
    assert.deepEqual(load(t, faRules, fa, { board: name, host: host() }).faults, [], name);
    const mn = MINIMAL_MN.replace('[[interface]]\nname = "wlan0"\n', "");
    assert.deepEqual(load(t, mnRules, mn, { board: name }).faults, [], name);
    assert.deepEqual(load(t, haRules, MINIMAL_HA, { board: name }).faults, [], name);
  }
});

test("boards: at least 16 that run Node, the rest say why not; each says where it is from", () => {
  const all = boards();
  assert.ok(all.filter(supported).length >= 16);
  for (const { name, about } of all) {
    const { board, port } = about;
    const interfaces = [about.fa, about.mn].flatMap((part) => part?.interface ?? []);
    const ports = port.map((each) => each.name);
    for (const each of interfaces) assert.ok(ports.includes((each as { name: string }).name), name);
    if (board.names.length > 0) assert.ok(board.source !== undefined, name);
    assert.equal(board.supported, !board.cpu.startsWith("mips"), name);
  }
  const names = all.flatMap(({ about }) => about.board.names);
  assert.equal(new Set(names).size, names.length, "a board name stands in two files");
});

test("boards: the configuration wins, arrays are taken whole, an unknown board names the nearest", (t) => {
  const own = loadGood(t, faRules, MINIMAL_FA, { board: "generic-x86-64" });
  assert.deepEqual(
    own.config.interface.map((row) => row.name),
    ["lan0"],
  );
  const board = loadGood(t, faRules, "", { board: "generic-x86-64" });
  assert.deepEqual(
    board.config.interface.map((row) => row.name),
    ["eth1"],
  );
  assert.deepEqual(load(t, faRules, "", { board: "generic-x8664" }).faults, [
    '--board: no board configuration "generic-x8664", did you mean "generic-x86-64"?',
  ]);
});

test("boards: one that cannot run Node is refused with the reason", (t) => {
  const [fault] = load(t, faRules, MINIMAL_FA, { board: "tplink-archer-c7-v2" }).faults;
  assert.match(fault ?? "", /^--board: TP-Link Archer C7 v2 cannot run these programs: .*FPU/);
});

test("boards: a small memory makes small tables, which the configuration may still enlarge", (t) => {
  const board = "avm-fritzbox-4040";
  assert.equal(loadGood(t, faRules, "", { board }).config.limits.visitors, 256);
  const small = "teltonika-rutx11";
  assert.equal(boards().find(({ name }) => name === small)?.about.board.memory, 256);
  assert.deepEqual(
    [128, 256, 512, 1024].map((memory) => limitsFor(memory, "ha")?.bindings),
    [500, 5000, 25_000, undefined],
  );
  const more = loadGood(t, faRules, "[limits]\nvisitors = 2000\n", { board: small });
  assert.deepEqual([more.config.limits.visitors, more.config.limits.pending], [2000, 64]);
});

const machine = (name: string, boardJson: MachineFacts["boardJson"] = null): MachineFacts => ({
  names: [name, "some,soc"],
  boardJson,
});

test("--board auto: OpenWrt's board name, or one that the device tree has", () => {
  const found = (facts: MachineFacts) => detectBoard(facts, boards())?.name;
  assert.equal(found(machine("linksys,e8450-ubi")), "linksys-e8450");
  assert.equal(
    found({ names: ["other,name", "raspberrypi,4-model-b"], boardJson: null }),
    "raspberrypi-4",
  );
  assert.equal(found(machine("nobody,knows")), undefined);
  const mips = boardValues("auto", "fa", machine("glinet,gl-mt300n-v2"));
  assert.ok(!mips.ok && /cannot run/.test(mips.error));
});

test("--board auto: a board that is not built in has the interfaces that its board.json makes", () => {
  const network = { lan: { ports: ["lan1", "lan2"] }, wan: { device: "eth1", protocol: "dhcp" } };
  const values = (role: "fa" | "mn") => {
    const found = boardValues("auto", role, machine("new,board", { network }));
    assert.ok(found.ok);
    return toPlain(found.value);
  };
  assert.deepEqual((values("fa") as { interface: unknown }).interface, [{ name: "br-lan" }]);
  assert.deepEqual((values("mn") as { interface: unknown }).interface, [{ name: "eth1" }]);
  const bridged = boardFromJson({ network: { wan: { ports: ["wan", "sfp1"] } } }, 512);
  assert.match(bridged ?? "", /\[\[mn\.interface\]\]\nname = "br-wan"/);
});

test("--board auto: a machine that says nothing of use is told what to do instead", () => {
  for (const boardJson of [null, 3, {}, { network: null }, { network: { lan: 1, wan: {} } }]) {
    const found = findBoard("auto", machine("new,board", boardJson));
    assert.ok(!found.ok && /"new,board" is not built in: name one/.test(found.error));
  }
  const silent = findBoard("auto", { names: [], boardJson: undefined });
  assert.ok(!silent.ok && /does not say what it is/.test(silent.error));
});
