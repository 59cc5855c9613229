/** The `[store]` table of ha.toml: where it is, who shares it, and its password. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { redisAccess, refuseStoreChange } from "../../ha/store/access.ts";
import { haRules, load, loadGood, MINIMAL_HA, temporaryDirectory } from "./support.ts";

const SHARED = `[[store.shared_address]]
address = "198.51.100.1/24"
interface = "wan0"
`;
const redis = (...lines: readonly string[]): string =>
  `${MINIMAL_HA}\n[store]\nkind = "redis"\n${lines.join("\n")}\n${SHARED}`;

const accessOf = (t: TestContext, ...lines: readonly string[]) =>
  redisAccess(loadGood(t, haRules, redis(...lines)).config.store);

test("store: one server by URL, Sentinels, or nodes of a cluster", (t) => {
  assert.deepEqual(accessOf(t, 'url = "rediss://db.example.net:6380/3"'), {
    at: { kind: "server", server: { host: "db.example.net", port: 6380 } },
    tls: {},
    replicas: 0,
    database: 3,
    username: undefined,
    password: undefined,
    name: "ha",
    timeout: 187.5,
  });
  assert.deepEqual(accessOf(t, 'sentinels = ["192.0.2.9", "192.0.2.10:5000"]').at, {
    kind: "sentinels",
    sentinels: [
      { host: "192.0.2.9", port: 26379 },
      { host: "192.0.2.10", port: 5000 },
    ],
    master: "mymaster",
  });
  assert.deepEqual(accessOf(t, 'cluster = ["192.0.2.9"]').at, {
    kind: "cluster",
    nodes: [{ host: "192.0.2.9", port: 6379 }],
  });
});

test("store: the kernel keeps shared addresses for whole seconds, less than the lease", (t) => {
  const { core, wiring } = loadGood(t, haRules, redis('url = "redis://db"', "lease = 6"));
  assert.equal(core.sharing?.lifetime, 4);
  assert.deepEqual(wiring.comingAddresses, wiring.udpAddresses);
  assert.ok(wiring.links.some((link) => link.interface === "wan0"));
});

test("store: faults", (t) => {
  const faultsOf = (text: string) =>
    load(t, haRules, text).faults.map((line) => line.replace(/^[^ ]+ /, ""));
  assert.deepEqual(faultsOf(redis()), [
    'store.kind: "redis" with none of url, sentinels and cluster, must be with one of them',
  ]);
  assert.deepEqual(faultsOf(redis('url = "redis://db"', 'cluster = ["db"]')), [
    'store.kind: "redis" with more than one of url, sentinels and cluster, must be with one of them',
  ]);
  assert.deepEqual(faultsOf(redis('url = "redis://me:secret@db"')), [
    'store.url: "redis://me:secret@db" is not allowed, must be a URL like redis://192.0.2.9:6379/0, or rediss:// for TLS, without user and password',
  ]);
  assert.deepEqual(faultsOf(redis('url = "redis://db"', "lease = 1")), [
    "store.lease: 1 is not allowed, must be seconds from 1.5 to 300",
  ]);
  assert.deepEqual(faultsOf(`${MINIMAL_HA}\n[store]\n${SHARED}`), [
    'store.shared_address: given while kind is "journal", must be left out, or kind "redis"',
  ]);
  const elsewhere = redis('url = "redis://db"').replace("198.51.100.1/24", "198.51.100.7/24");
  assert.deepEqual(faultsOf(elsewhere), [
    "store.shared_address: 198.51.100.1 is not among them, must be the address of one of them",
  ]);
});

test("store: the password may be in a file that nobody else reads, and is never shown", (t) => {
  const file = join(temporaryDirectory(t), "password");
  writeFileSync(file, "correct horse\n", { mode: 0o600 });
  const text = redis('url = "redis://db"', `password_file = ${JSON.stringify(file)}`);
  const loaded = loadGood(t, haRules, text);
  assert.equal(loaded.config.store.password, "correct horse");
  assert.equal(JSON.stringify(loaded.shown).includes("correct horse"), false);
  chmodSync(file, 0o644);
  assert.match(load(t, haRules, text).faults[0] ?? "", /store\.password_file: .* mode 0644/);
});

test("store: who takes over and when does not change under a running program", (t) => {
  const of = (text: string) => loadGood(t, haRules, text).config;
  const journal = of(MINIMAL_HA);
  const six = of(redis('url = "redis://db"', "lease = 6"));
  assert.equal(refuseStoreChange(six, six), undefined);
  assert.equal(refuseStoreChange(journal, journal), undefined);
  assert.match(refuseStoreChange(six, of(redis('url = "redis://db"'))) ?? "", /^store: /);
  assert.match(refuseStoreChange(journal, six) ?? "", /^store: /);
});

test("store: what TLS goes by may be in files; the private key alone must be secret, and is never shown", (t) => {
  const directory = temporaryDirectory(t);
  const pem = (what: string): string => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----`;
  const file = (name: string, content: string, mode: number): string => {
    writeFileSync(join(directory, name), content, { mode });
    return `${name}_file = ${JSON.stringify(join(directory, name))}`;
  };
  const ca = file("ca", pem("CERTIFICATE"), 0o644);
  const certificate = file("certificate", pem("CERTIFICATE"), 0o644);
  const key = file("private_key", pem("PRIVATE KEY"), 0o600);
  const loaded = loadGood(t, haRules, redis('url = "rediss://db"', ca, certificate, key));
  assert.deepEqual(redisAccess(loaded.config.store).tls, {
    ca: pem("CERTIFICATE"),
    cert: pem("CERTIFICATE"),
    key: pem("PRIVATE KEY"),
  });
  assert.doesNotMatch(JSON.stringify(loaded.shown), /PRIVATE KEY/);
  const faultsOf = (...rows: string[]): string =>
    load(t, haRules, redis(...rows)).faults.join("\n");
  assert.match(faultsOf('url = "redis://db"', ca), /store\.ca: given without TLS/);
  assert.match(faultsOf('url = "rediss://db"', key), /private_key: given without certificate/);
  assert.match(
    faultsOf('url = "rediss://db"', certificate),
    /certificate: given without private_key/,
  );
  const open = file("private_key", pem("PRIVATE KEY"), 0o600);
  chmodSync(join(directory, "private_key"), 0o644);
  assert.match(
    faultsOf('url = "rediss://db"', certificate, open),
    /private_key_file: .* mode 0644/,
  );
  const wrong = file("ca", "no certificate", 0o644);
  assert.match(faultsOf('cluster = ["a"]', "replicas = 1"), /store\.replicas: 1 with cluster/);
  assert.match(faultsOf('url = "rediss://db"', wrong), /ca_file: .* must be in PEM form/);
});
