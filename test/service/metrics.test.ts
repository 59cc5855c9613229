/** The Prometheus exporter: its text, its server, its configuration key. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { faMetrics } from "../../fa/metrics.ts";
import { haMetrics } from "../../ha/metrics.ts";
import { mnMetrics } from "../../mn/metrics.ts";
import { ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { isLoopback, parseListen } from "../../shared/service/metrics/listen.ts";
import { MAX_ROWS } from "../../shared/service/metrics/metrics.ts";
import { openMetricsServer } from "../../shared/service/metrics/server.ts";
import { type MetricsSource, metricsText } from "../../shared/service/metrics/text.ts";
import { RETRY_MS } from "../../shared/service/runtime/daemon.ts";
import type { Bench } from "./runtime-bench.ts";
import { bench } from "./runtime-fixtures.ts";
import { faRules, load, loadGood, MINIMAL_FA } from "./support.ts";
import { settle } from "./toy-clock.ts";

const STATUS: JsonObject = {
  ready: true,
  uptime: 12,
  driver: "tun",
  problems: [],
  visitors: 3,
  pending: 1,
  busy: false,
  interfaces: [
    { name: "lan0", address: "192.0.2.1", state: "up" },
    { name: "lan1", address: null, state: "down" },
  ],
  advertising: [{ interface: "lan0", age: 2.5 }],
  home_agents: [{ address: "198.51.100.1", unanswered: 2 }],
  counters: { "requests-received": 7, "denied-78": 2, "denied-66": 1, "send-failed-ENETDOWN": 4 },
};
const TUNNEL: JsonObject = {
  local: "192.0.2.1",
  remote: "198.51.100.1",
  encapsulation: "ipip",
  packets_in: 1,
  packets_out: 2,
  bytes_in: 30,
  bytes_out: 40,
};

function source(more: Partial<MetricsSource> = {}): MetricsSource {
  return {
    role: "fa",
    version: "1.2.3",
    metrics: faMetrics,
    status: STATUS,
    tunnels: [TUNNEL],
    process: { memory: 1e8, cpu: 1.5 },
    ...more,
  };
}

/** Reads the text format strictly: every series by name and labels; anything odd throws. */
function read(text: string): Map<string, number> {
  const series = new Map<string, number>();
  const described = new Set<string>();
  let current = "";
  assert.ok(text.endsWith("\n"));
  for (const line of text.slice(0, -1).split("\n")) {
    const about = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line);
    if (about !== null) {
      const [, kind, name = "", rest = ""] = about;
      if (kind === "HELP") assert.ok(!described.has(name), `${name} twice`);
      else assert.match(rest, /^(gauge|counter)$/);
      if (kind === "TYPE") assert.equal(rest === "counter", name.endsWith("_total"), name);
      described.add(name);
      current = name;
      continue;
    }
    const label = '[a-z_]+="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
    const form = new RegExp(
      `^([a-z_][a-z0-9_]*)((?:\\{${label}(?:,${label})*\\})?) (-?[0-9.e+-]+)$`,
    );
    const [, name, labels, value] = form.exec(line) ?? assert.fail(line);
    assert.equal(name, current, "series stand under their own HELP and TYPE");
    const key = `${name}${labels}`;
    assert.ok(!series.has(key), `${key} twice`);
    series.set(key, Number(value));
  }
  return series;
}

test("metrics: the text is well formed, each metric has HELP and TYPE, counters end with _total", () => {
  const series = read(metricsText(source()));
  const expected: Readonly<Record<string, number>> = {
    'mip4_fa_info{version="1.2.3",driver="tun"}': 1,
    mip4_fa_ready: 1,
    mip4_fa_problems: 0,
    mip4_fa_uptime_seconds: 12,
    mip4_fa_visitors: 3,
    mip4_fa_pending: 1,
    mip4_fa_busy: 0,
    'mip4_fa_interface_up{interface="lan0"}': 1,
    'mip4_fa_interface_up{interface="lan1"}': 0,
    'mip4_fa_advertisement_age_seconds{interface="lan0"}': 2.5,
    'mip4_fa_home_agent_unanswered{home_agent="198.51.100.1"}': 2,
    mip4_fa_requests_received_total: 7,
    'mip4_fa_denied_total{code="66"}': 1,
    'mip4_fa_denied_total{code="78"}': 2,
    'mip4_fa_send_failed_total{error="ENETDOWN"}': 4,
    mip4_fa_tunnels: 1,
    'mip4_fa_tunnel_bytes_total{local="192.0.2.1",remote="198.51.100.1",encapsulation="ipip",direction="in"}': 30,
    process_resident_memory_bytes: 1e8,
    process_cpu_seconds_total: 1.5,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name);
});

test("metrics: a program that has done nothing yet shows its main counters as 0, for all three", () => {
  const programs = { fa: faMetrics, ha: haMetrics, mn: mnMetrics } as const;
  for (const role of ["fa", "ha", "mn"] as const) {
    const text = metricsText(source({ role, metrics: programs[role], status: {}, tunnels: [] }));
    const series = read(text);
    const zeros = [...series].filter(([name, value]) => name.endsWith("_total") && value === 0);
    assert.equal(zeros.length, Object.keys(programs[role].counters).length);
    assert.match(text, /^# HELP mip4_.._(solicitations|advertisements)_\w+ .* RFC 2006: /m);
  }
});

test("metrics: what stands in labels is escaped", () => {
  const status = { ...STATUS, interfaces: [{ name: 'a"b\\c\nd', state: "up" }] };
  const text = metricsText(source({ status }));
  assert.ok(text.includes('mip4_fa_interface_up{interface="a\\"b\\\\c\\nd"} 1\n'));
  read(text);
});

test("metrics: however many tunnels and counters there are, the answer has bounds; equal names are added up", () => {
  const tunnels = Array.from({ length: 5000 }, (_, i) => ({
    ...TUNNEL,
    remote: `10.0.${i >> 8}.${i & 255}`,
  }));
  const counters = Object.fromEntries(tunnels.map((_, i) => [`denied-${i}`, 1]));
  const series = read(metricsText(source({ tunnels, status: { ...STATUS, counters } })));
  assert.equal(series.get("mip4_fa_tunnels"), 5000);
  const starting = (name: string): number =>
    [...series.keys()].filter((key) => key.startsWith(name)).length;
  assert.equal(starting("mip4_fa_tunnel_packets_total"), 2 * MAX_ROWS);
  assert.equal(starting("mip4_fa_denied_total"), MAX_ROWS);
  const twice = read(metricsText(source({ tunnels: [TUNNEL, TUNNEL] })));
  const [name] = [...twice.keys()].filter((key) => /packets_total.*"out"/.test(key));
  assert.equal(twice.get(name ?? ""), 4);
});

/** Status, type and body of an answer. */
function ask(port: number, method: string, path: string): Promise<[number, string, string]> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method, path }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () =>
        resolve([response.statusCode ?? 0, response.headers["content-type"] ?? "", body]),
      );
    });
    asked.on("error", reject).end();
  });
}

test("metrics: GET and HEAD of /metrics, nothing else, and no connection outlives the server", async () => {
  const counters = new Counters();
  const listen = { address: ipv4("127.0.0.1"), port: 0 };
  const server = await openMetricsServer(listen, { counters, text: () => "a 1\n" });
  const { port } = server;
  const type = "text/plain; version=0.0.4; charset=utf-8";
  assert.deepEqual(await ask(port, "GET", "/metrics"), [200, type, "a 1\n"]);
  assert.deepEqual(await ask(port, "HEAD", "/metrics?x=1"), [200, type, ""]);
  assert.deepEqual(await ask(port, "POST", "/metrics"), [405, "", ""]);
  assert.deepEqual(await ask(port, "GET", "/"), [404, "", ""]);
  assert.equal(counters.get("metrics-request-refused"), 2);
  const other = openMetricsServer({ ...listen, port }, { counters, text: () => "" });
  await assert.rejects(other, /EADDRINUSE/);
  server.close();
  await assert.rejects(ask(port, "GET", "/metrics"), /ECONNREFUSED/);
});

test("metrics.listen: a port alone is this machine's own; an address must be told", () => {
  const own = ipv4("127.0.0.1");
  assert.deepEqual(parseListen("9434"), { address: own, port: 9434 });
  assert.deepEqual(parseListen(":9434"), { address: own, port: 9434 });
  assert.deepEqual(parseListen("0.0.0.0:1"), { address: 0, port: 1 });
  for (const bad of [
    "",
    "0",
    "65536",
    "x:1",
    "127.0.0.1",
    "1.2.3:4",
    "1.2.3.256:4",
    "::1:9",
    " 1",
  ]) {
    assert.equal(parseListen(bad), undefined, bad);
  }
  assert.deepEqual(["127.0.0.1", "127.9.9.9", "0.0.0.0", "192.0.2.1"].map(ipv4).map(isLoopback), [
    true,
    true,
    false,
    false,
  ]);
});

test("metrics.listen: off by default, and a place that is none is a fault at its line", (t) => {
  assert.equal(loadGood(t, faRules, MINIMAL_FA).config.metrics.listen, undefined);
  const { faults } = load(t, faRules, `${MINIMAL_FA}[metrics]\nlisten = "localhost:9434"\n`);
  assert.equal(faults.length, 1);
  assert.match(
    faults[0] ?? "",
    /^c\.toml:\d: metrics\.listen: "localhost:9434" is not allowed, must/,
  );
});

test("run: the exporter opens where the file says, tells the daemon's status, moves with SIGHUP and ends with it", async (t) => {
  const b = bench(t);
  await b.start();
  assert.equal(b.metrics, undefined, "off by default");
  b.listen = "9434";
  b.signals.emit("SIGHUP");
  await settle();
  const opened = (): Bench["metrics"] => b.metrics;
  assert.deepEqual(opened()?.listen, { address: ipv4("127.0.0.1"), port: 9434 });
  const told = opened()?.source();
  assert.equal(told?.status.state, b.status().state);
  assert.ok(!b.log.some((line) => line.includes("whoever reaches")));
  b.listen = "192.0.2.1:9435";
  b.signals.emit("SIGHUP");
  await settle();
  assert.equal(opened()?.listen.port, 9435);
  assert.ok(b.trace.includes("metrics closed: 9434"));
  assert.ok(b.log.includes("warning: metrics: whoever reaches this address can read them"));
  b.signals.emit("SIGTERM");
  await b.exit;
  assert.ok(b.trace.includes("metrics closed: 9435"));
});

test("run: an exporter that cannot open is a problem until it can; everything else runs", async (t) => {
  const b = bench(t);
  b.listen = "9434";
  b.metricsFault = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
  await b.start();
  await settle();
  assert.equal(b.status().state, "degraded");
  assert.match(String(b.status().problems), /metrics: .*EADDRINUSE/);
  assert.equal(b.links.size, 1);
  b.metricsFault = undefined;
  await b.clock.advance(RETRY_MS);
  assert.equal(b.status().state, "ready");
  assert.equal(b.metrics?.listen.port, 9434);
});
