/**
 * `make test-luci`: the LuCI pages in headless Chromium, against a stand-in for LuCI's view API. What is
 * on them is checked in the DOM; screenshots go to build/luci, to be looked at.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { programs } from "../../scripts/docs/programs.ts";
import { formTables } from "../../scripts/package/form.ts";

const RESOURCES = "packaging/openwrt/luci-app-mip4/files/www/luci-static/resources";
const OUT = resolve("build/luci");
const STYLE = `body { font: 14px sans-serif; margin: 1.5em; max-width: 1000px }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: 4px 8px; border-bottom: 1px solid #ddd }
.cbi-section { margin-bottom: 1.5em } .cbi-value { display: grid; grid-template-columns: 14em 14em 1fr; gap: 1em; padding: 2px }`;

const source = (path: string): string => readFileSync(join(RESOURCES, `${path}.js`), "utf8");
const sources = {
  "mip4.form": source("mip4/form"),
  ...Object.fromEntries(
    ["status", "fa", "mn", "ha"].map((name) => [name, source(`view/mip4/${name}`)]),
  ),
};
const forms = Object.fromEntries(
  programs.map((program) => [`mip4/${program.role}.json`, formTables(program)]),
);

interface Page {
  readonly view: string;
  readonly ubus?: Readonly<Record<string, unknown>>;
  readonly uci?: readonly {
    readonly type: string;
    readonly name?: string;
    readonly options: Readonly<Record<string, unknown>>;
  }[];
  /** Section type, option, what is typed. */
  readonly typed?: readonly (readonly [string, string, string])[];
}

function chromium(...words: readonly string[]): string {
  const profile = join(OUT, "profile");
  const { status, stdout, stderr } = spawnSync(
    "chromium",
    ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, ...words],
    { encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The DOM of a page after its scripts have run; a screenshot is taken on the way. */
function show(name: string, page: Page): string {
  const data = { sources, forms, ubus: {}, uci: [], ...page };
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const script = readFileSync("test/luci/stand-in.js", "utf8");
  const file = join(OUT, `${name}.html`);
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>${name}</title><style>${STYLE}</style><body><script>const page = ${json};</script><script>${script}</script>`,
  );
  chromium(`--screenshot=${join(OUT, `${name}.png`)}`, "--window-size=1050,1400", `file://${file}`);
  const dom = chromium("--virtual-time-budget=2000", "--dump-dom", `file://${file}`);
  const body = dom.replace(/<script>[\s\S]*?<\/script>/g, "");
  assert.doesNotMatch(body, /id="error"/, body.slice(body.indexOf('id="error"')));
  return body;
}

const now = Math.floor(Date.now() / 1000);
const handover = (i: number) => ({
  time: `2026-11-29T12:${String(10 + i)}:00.000Z`,
  from: i % 2 === 0 ? "192.0.2.1" : "192.0.2.65",
  to: i % 2 === 0 ? "192.0.2.65" : "192.0.2.1",
  duration_ms: 60 + ((i * 37) % 90),
  gap_ms: i % 5 === 0 ? null : 40 + ((i * 11) % 40),
});
const ubus = {
  status: {
    fa: {
      health: 0,
      time: now,
      status: { state: "ready", uptime: 7300, visitors: 2, problems: [] },
    },
    mn: {
      health: 1,
      time: now,
      status: {
        state: "registered",
        uptime: 50,
        home_address: "10.1.0.7",
        care_of_address: "192.0.2.1",
        agent: "192.0.2.1",
        interface: "wlan0",
        lifetime_remaining: 1700,
        problems: ["link <b>wlan1</b>: gone"],
      },
    },
    ha: {
      health: 0,
      time: now - 90,
      status: { state: "ready", uptime: 9, bindings: 1, problems: [] },
    },
  },
  visitors: {
    rows: [
      {
        home_address: "10.1.0.9",
        home_agent: "198.51.100.1",
        mac: "02:00:00:00:00:09",
        interface: "br-lan",
        state: "registered",
        lifetime: 1800,
        lifetime_remaining: 1675,
      },
      {
        home_address: "10.1.0.10",
        home_agent: "198.51.100.1",
        interface: "br-lan",
        state: "pending",
      },
    ],
  },
  bindings: {
    rows: [
      {
        home_address: "10.1.0.7",
        care_of_address: "192.0.2.1",
        encapsulation: "ipip",
        networks: ["10.9.0.0/24"],
        lifetime: 1800,
        lifetime_remaining: 1798,
      },
    ],
  },
  history: { rows: Array.from({ length: 20 }, (_, i) => handover(i)) },
};

execFileSync("rm", ["-rf", OUT]);
mkdirSync(OUT, { recursive: true });

const status = show("status", { view: "status", ubus });
assert.match(status, /Running for<\/td><td[^>]*>2 h</);
assert.match(status, /10\.1\.0\.9[\s\S]*?registered<\/td><td[^>]*>2 min ago<\/td><td[^>]*>27 min</);
assert.match(status, /id="bindings"[\s\S]*?10\.9\.0\.0\/24<\/td><td[^>]*>2 s ago</);
assert.match(status, /id="program-ha"[\s\S]*?no sign of life/);
// Words of a peer are text, never markup.
assert.match(status, /link &lt;b&gt;wlan1&lt;\/b&gt;: gone/);
assert.equal(status.match(/class="handover"/g)?.length, 20);
assert.match(status, /<text[^>]*>from the oldest to the newest/);
assert.match(status, /12:10:00\.000Z: 192\.0\.2\.1 → 192\.0\.2\.65, 60 ms/);
console.log(
  "status: programs, visitors and bindings with the age of their registration, handovers as a plot",
);

const empty = show("empty", { view: "status", ubus: { status: {} } });
assert.match(empty, /No Mobile IPv4 program is running/);

const form = show("fa", {
  view: "fa",
  uci: [
    { type: "service", name: "service", options: { enabled: "1" } },
    { type: "interface", options: { name: "br-lan" } },
    { type: "advertisement", options: {} },
    { type: "security_association", options: { with: "home-agent" } },
  ],
  typed: [
    ["interface", "care_of_address", "192.0.2.1"],
    ["advertisement", "max_interval", "2.5"],
    ["advertisement", "challenge", "1"],
    ["advertisement", "encapsulations", "ipip gre"],
    ["security_association", "address", "198.51.100.1"],
    ["security_association", "spi", "1000"],
    ["security_association", "key", "00112233445566778899aabbccddeeff"],
  ],
});
assert.match(form, /type="password"/);
const uci = /<pre id="uci">([\s\S]*?)<\/pre>/.exec(form)?.[1] ?? assert.fail("no form");
writeFileSync(join(OUT, "mip4-fa"), uci);
const checked = spawnSync(
  process.execPath,
  ["dist/mip4-fa", "check", "--config", join(OUT, "mip4-fa")],
  {
    encoding: "utf8",
  },
);
assert.equal(checked.status, 0, `${uci}${checked.stderr}`);
const { advertisement } = JSON.parse(checked.stdout);
assert.deepEqual(
  [advertisement.max_interval, advertisement.challenge, advertisement.encapsulations],
  [2.5, true, ["ipip", "gre"]],
);
for (const role of ["mn", "ha"]) {
  const uci = [{ type: "service", name: "service", options: {} }];
  assert.match(show(role, { view: role, uci }), new RegExp(`mip4-${role} boards`));
}
console.log(`forms: what is typed makes a file that mip4-fa takes; screenshots are in ${OUT}`);
