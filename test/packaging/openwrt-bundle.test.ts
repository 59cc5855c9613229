/** The OpenWrt packages: what is in them, and their life on a router of BusyBox. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configTables } from "../../scripts/docs/configuration.ts";
import { programs } from "../../scripts/docs/programs.ts";
import type { FormTable } from "../../scripts/package/form.ts";
import { version } from "../../shared/service/embedded/version.ts";
import { ash } from "./shell.ts";
import { controlOf, directory, filesOf, live, packagesOf, unpackedPackages } from "./unpacked.ts";

const ROLES = ["fa", "mn", "ha"] as const;
const { all, of } = unpackedPackages("openwrt");

test("OpenWrt: every package has a name, this version, its dependencies and nothing of this machine", () => {
  const sources = readdirSync("packaging/openwrt", { withFileTypes: true });
  const folders = sources.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  assert.deepEqual([...all.keys()].sort(), folders.sort());
  for (const [name, out] of all) {
    const control = controlOf(out);
    assert.equal(control.get("Version"), `${version()}-r1`, name);
    assert.equal(control.get("Architecture"), "all");
    assert.match(control.get("Description") ?? "", /Mobile IPv4/);
    assert.ok(Number(control.get("Installed-Size")) > 0);
    assert.match(readFileSync(join(out, "control", "postinst"), "utf8"), /default_postinst/);
    for (const file of filesOf(out)) assert.match(file, /^(644|755) /, name);
  }
  assert.match(controlOf(of("mip4-common")).get("Depends") ?? "", /\bnode\b.*\bkmod-tun\b/);
});

for (const role of ROLES) {
  test(`OpenWrt: mip4-${role} holds the bundle, its service, its configuration and firewall rules`, () => {
    const out = of(`mip4-${role}`);
    assert.equal(controlOf(out).get("Depends"), "libc, mip4-common");
    const conffiles = readFileSync(join(out, "control", "conffiles"), "utf8");
    assert.equal(conffiles, `/etc/config/mip4-${role}\n`);
    const files = filesOf(out);
    for (const file of [`755 usr/bin/mip4-${role}`, `755 etc/init.d/mip4-${role}`]) {
      assert.ok(files.includes(file), file);
    }
    const bundle = readFileSync(join("dist", `mip4-${role}`));
    assert.ok(bundle.equals(readFileSync(join(out, "data/usr/bin", `mip4-${role}`))));
  });

  test(`OpenWrt: nft takes the firewall includes of mip4-${role} in the chains that fw4 has`, () => {
    const chains = join(of(`mip4-${role}`), "data/usr/share/nftables.d/chain-pre");
    const rules = (chain: string): string =>
      readFileSync(join(chains, chain, `50-mip4-${role}.nft`), "utf8");
    const chain = (name: string, hook: string): string =>
      `chain ${name} {\ntype filter hook ${hook} priority filter; policy drop;\n${rules(name)}}\n`;
    const file = join(directory, `${role}.nft`);
    const body = [
      chain("input", "input"),
      chain("forward", "forward"),
      chain("mangle_forward", "forward"),
    ];
    writeFileSync(file, `table inet fw4 {\n${body.join("")}}\n`);
    const { status, stderr } = spawnSync("unshare", ["-Urn", "nft", "-f", file], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    assert.equal(status, 0, stderr);
  });
}

test("OpenWrt: a service's life under BusyBox: idle until enabled, refused with its faults, reloaded, stopped", () => {
  const seen = live("openwrt-life.sh", packagesOf("openwrt"));
  assert.equal(seen.get("disabled"), "idle");
  assert.equal(seen.get("refused"), "1");
  assert.equal(seen.get("health"), "OK: mip4-fa: ready");
  assert.equal(seen.get("reload"), "same");
  assert.equal(seen.get("hotplug"), "started mip4-fa");
  assert.equal(seen.get("state"), "gone");
  assert.equal(seen.get("crontab"), "1");
  assert.equal(seen.get("uncron"), "0");
  assert.ok("status" in JSON.parse(seen.get("list") ?? ""));
  assert.deepEqual(JSON.parse(seen.get("visitors") ?? ""), { rows: [] });
  assert.match(JSON.parse(seen.get("tunnels") ?? "").error, /mip4-ha does not answer/);
});

test("OpenWrt: ubus call mip4 status is one object of the programs that run", () => {
  const run = join(directory, "run");
  spawnSync("mkdir", ["-p", run]);
  writeFileSync(join(run, "fa.state"), '0 1764417600 OK: x\n{"state":"ready","visitors":2}\n');
  writeFileSync(join(run, "mn.state"), '2 1764417601 CRITICAL: y\n{"state":"failed"}\n');
  const plugin = join(of("mip4-common"), "data/usr/libexec/rpcd/mip4");
  const { out } = ash([plugin, "call", "status"], { MIP4_RUN: run });
  assert.deepEqual(JSON.parse(out), {
    fa: { health: 0, time: 1764417600, status: { state: "ready", visitors: 2 } },
    mn: { health: 2, time: 1764417601, status: { state: "failed" } },
  });
  assert.deepEqual(JSON.parse(ash([plugin, "call", "status"], { MIP4_RUN: "/none" }).out), {});
  const acl = readFileSync(join(of("mip4-common"), "data/usr/share/rpcd/acl.d/mip4.json"), "utf8");
  const methods = Object.keys(JSON.parse(ash([plugin, "list"]).out));
  assert.deepEqual(JSON.parse(acl).mip4.read.ubus.mip4.sort(), methods.sort());
});

test("OpenWrt: the last hundred handovers are kept for ubus call mip4 history", () => {
  const run = join(directory, "history");
  mkdirSync(run);
  const common = join(of("mip4-common"), "data/usr/libexec");
  for (let i = 0; i < 102; i++) {
    ash([join(common, "mip4/hotplug"), "handover-finished"], {
      MIP4_RUN: run,
      MIP4_TIME: "2026-11-29T12:00:00.000Z",
      MIP4_FROM_AGENT: "192.0.2.1",
      MIP4_TO_AGENT: "192.0.2.65",
      MIP4_DURATION_MS: String(i),
    });
  }
  ash([join(common, "mip4/hotplug"), "registered"], { MIP4_RUN: run });
  const { out } = ash([join(common, "rpcd/mip4"), "call", "history"], { MIP4_RUN: run });
  const { rows } = JSON.parse(out);
  assert.equal(rows.length, 100);
  assert.deepEqual(rows.at(-1), {
    time: "2026-11-29T12:00:00.000Z",
    from: "192.0.2.1",
    to: "192.0.2.65",
    duration_ms: 101,
    gap_ms: null,
  });
  assert.deepEqual(JSON.parse(ash([join(common, "rpcd/mip4"), "call", "history"]).out), {
    rows: [],
  });
});

test("OpenWrt: LuCI's forms have every key of the configurations, and every peer of an association", () => {
  const resources = join(of("luci-app-mip4"), "data/www/luci-static/resources/mip4");
  for (const { role, schema } of programs) {
    const tables = JSON.parse(readFileSync(join(resources, `${role}.json`), "utf8")) as FormTable[];
    const keys = (all: readonly { readonly keys: readonly unknown[] }[]): number =>
      all.reduce((sum, table) => sum + table.keys.length, 0);
    assert.equal(keys(tables), keys(configTables(schema)), role);
  }
  const tables = JSON.parse(readFileSync(join(resources, "fa.json"), "utf8")) as FormTable[];
  const association = tables.find(({ type }) => type === "security_association");
  const peers = association?.keys.find(({ name }) => name === "with");
  assert.ok(peers?.values?.includes("home-agent") && peers.values.includes("mobile-node"));
});

test("OpenWrt: an interface of protocol mip4 makes a configuration that mip4-mn takes", () => {
  const proto = join(of("mip4-mn"), "data/lib/netifd/proto/mip4.sh");
  const script = join(directory, "proto.sh");
  writeFileSync(
    script,
    `INCLUDE_ONLY=1
json_for_each_item() { for each in wan 'wl"an'; do "$1" "$each"; done; }
. ${proto}
home_address=10.1.0.7 home_prefix_length=24 home_agent=198.51.100.1 nai='' spi=256
key=0f1e2d3c4b5a69788796a5b4c3d2e1f0 key_file='' algorithm=hmac-sha256 replay='' encapsulation=gre
mip4_config mobile
`,
  );
  const { out, err } = ash([script]);
  assert.equal(err, "");
  const file = join(directory, "mn.toml");
  writeFileSync(file, out);
  const checked = spawnSync(process.execPath, ["dist/mip4-mn", "check", "--config", file], {
    encoding: "utf8",
  });
  assert.equal(checked.status, 0, checked.stderr);
  const config = JSON.parse(checked.stdout);
  assert.deepEqual(
    [config.home_address, config.interface.map((each: { name: string }) => each.name)],
    ["10.1.0.7", ["wan", 'wl"an']],
  );
  assert.deepEqual(
    [config.registration.encapsulation, config.control.socket, config.hook[0].exec],
    ["gre", "/var/run/mip4/mobile.sock", "/var/run/mip4/mobile.hook"],
  );
});
