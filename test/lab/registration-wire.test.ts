/** Discovery and registration on the wire, with tshark as a second opinion field by field. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authenticationTlvs, authenticatorOf } from "./authenticators.ts";
import { type Row, tshark, tsharkComplaints } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS, MAC } from "./mobile-net.ts";
import { runAsync } from "./process.ts";
import { KEYS } from "./program-files.ts";
import { bundleOf, registeredVia, type Session, startSession } from "./session.ts";

await enterLab({ tun: true, programs: ["tshark"] });

const VISITOR_KEY = "a1a2a3a4a5a6a7a8a9aaabacadaeafb0";
const homeAgent = { with: "home-agent", address: ADDRESS.homeAgent, spi: 1000, key: KEYS.fa1 };
const mobileNode = { with: "mobile-node", home_address: ADDRESS.home, spi: 2000, key: VISITOR_KEY };
const home = { with: "home-agent", spi: 256, key: KEYS.mobileNode };
const visited = { with: "foreign-agent", address: ADDRESS.fa1, spi: 2000, key: VISITOR_KEY };

let session: Session;
/** Captures of the foreign link and of the foreign agent's way to the home agent. */
let air: string;
let uplink: string;

before(async () => {
  const captures: { stop(): Promise<string> }[] = [];
  session = await startSession({
    start: "foreign1",
    foreignAgentKeys: true,
    maxInterval: 20, // so that the mobile node must ask
    lifetime: 60,
    overrides: {
      fa1: { security_association: [homeAgent, mobileNode] },
      mn: { security_association: [home, visited] },
    },
    before: async ({ lab, places, fa1 }) => {
      captures.push(await lab.capture(places.foreign1), await lab.capture(fa1, "up0"));
    },
  });
  await registeredVia(session, ADDRESS.fa1);
  [air = "", uplink = ""] = await Promise.all(captures.map((capture) => capture.stop()));
});

after(() => session.close());

const LINK = ["eth.src", "eth.dst", "ip.src", "ip.dst", "ip.ttl", "ip.hdr_len"] as const;
const MESSAGE = [
  ...LINK,
  "udp.srcport",
  "udp.dstport",
  "mip.type",
  "mip.life",
  "mip.homeaddr",
  "mip.haaddr",
  "mip.ident",
  "mip.ext.type",
  "mip.ext.len",
  "mip.auth.spi",
  "mip.auth.auth",
  "udp.payload",
] as const;
const REQUEST = [...MESSAGE, "mip.flags", "mip.coa"] as const;
const REPLY = [...MESSAGE, "mip.code"] as const;

async function only<const Field extends string>(
  path: string,
  filter: string,
  fields: readonly Field[],
): Promise<Row<Field>> {
  const rows = await tshark(path, filter, fields);
  assert.equal(rows.length, 1, `${filter} in ${path}: ${rows.length}`);
  return rows[0] as Row<Field>;
}

function part<Field extends string>(row: Row<Field>, names: readonly Field[]): string[] {
  return names.map((name) => row[name]);
}

function octets(row: { readonly "udp.payload": string }): Buffer {
  return Buffer.from(row["udp.payload"].replaceAll(":", ""), "hex");
}

test("wire: tshark finds nothing malformed and every checksum right [5944-3.3-01]", async () => {
  assert.deepEqual(await tsharkComplaints(air), []);
  assert.deepEqual(await tsharkComplaints(uplink), []);
  const checked = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
  const status = "udp.checksum.status == 0 || ip.checksum.status == 0 || icmp.checksum.status == 0";
  for (const path of [air, uplink]) {
    const done = await runAsync(["tshark", "-n", "-r", path, ...checked, "-Y", status]);
    assert.equal(done.stdout, "", path);
  }
});

test("RFC 5944 §2.1: agent advertisements as tshark reads them: TTL 1, 224.0.0.1, extensions 16 and 19 [5944-2.1-01, 5944-2.1-03, 5944-2.1-04, 5944-2.1-06]", async () => {
  const rows = await tshark(air, "icmp.type == 9 && eth.dst.ig == 1", [
    ...LINK,
    "icmp.code",
    "icmp.num_addrs",
    "icmp.addr_entry_size",
    "icmp.lifetime",
    "icmp.router_address",
    "icmp.mip.type",
    "icmp.mip.length",
    "icmp.mip.life",
    "icmp.mip.flags",
    "icmp.mip.coa",
    "icmp.mip.prefixlength",
    "icmp.mip.seq",
  ]);
  assert.equal(rows.length, 1); // the one at the start: the next is due in 15 s
  for (const { "icmp.mip.seq": _, ...row } of rows) {
    assert.deepEqual(Object.values(row), [
      MAC.fa1,
      "01:00:5e:00:00:01",
      ADDRESS.fa1,
      "224.0.0.1",
      "1",
      "20",
      "0",
      "1",
      "2",
      "60",
      ADDRESS.fa1,
      "16,19",
      "10,1",
      "1800",
      "0x9d40", // R, F and T
      ADDRESS.fa1,
      "26",
    ]);
  }
  const every = await tshark(air, "icmp.type == 9", ["icmp.mip.seq"]);
  const numbers = every.map((row) => Number(row["icmp.mip.seq"]));
  assert.deepEqual(numbers, [...numbers.keys()]); // from 0, up by one, solicited ones too
});

test("RFC 5944 §2: a solicitation has TTL 1 and is answered unicast to its link-layer source [5944-2-01, 5944-2.1-02, 5944-2.3-04]", async () => {
  const asked = await tshark(air, "icmp.type == 10", [...LINK, "icmp.code", "frame.number"]);
  assert.ok(asked.length >= 1);
  const answers = await tshark(air, `icmp.type == 9 && eth.dst == ${MAC.mn}`, [
    "eth.src",
    "ip.ttl",
    "ip.src",
    "frame.number",
    "frame.time_delta_displayed",
  ]);
  assert.equal(answers.length, asked.length);
  asked.forEach((row, i) => {
    const expected = [MAC.mn, "01:00:5e:00:00:02", "224.0.0.2", "1", "20", "0"];
    const seen = part(row, ["eth.src", "eth.dst", "ip.dst", "ip.ttl", "ip.hdr_len", "icmp.code"]);
    assert.deepEqual(seen, expected);
    assert.ok(["0.0.0.0", ADDRESS.home].includes(row["ip.src"]), row["ip.src"]);
    const answer = answers[i];
    assert.ok(answer !== undefined);
    assert.deepEqual(part(answer, ["eth.src", "ip.src", "ip.ttl"]), [MAC.fa1, ADDRESS.fa1, "1"]);
    assert.ok(Number(answer["frame.number"]) > Number(row["frame.number"]));
  });
});

test("RFC 5944 §3.6.1.1: the request goes from the home address to the agent, at link layer too [5944-3.6.1.1-03, 5944-3.6.1.1-06, 5944-3.6.1.1-07, 5944-3.6.1.1-10, 5944-3.6.1.1-12, 3024-5-01, 3024-5.1.1-01]", async () => {
  const row = await only(air, "mip.type == 1", REQUEST);
  assert.deepEqual(part(row, [...LINK, "udp.dstport", "mip.flags", "mip.life"]), [
    MAC.mn,
    MAC.fa1,
    ADDRESS.home,
    ADDRESS.fa1,
    "255", // RFC 3024 §3.2, with T
    "20",
    "434",
    "0x02", // T
    "120",
  ]);
  const addresses = part(row, ["mip.homeaddr", "mip.haaddr", "mip.coa"]);
  assert.deepEqual(addresses, [ADDRESS.home, ADDRESS.homeAgent, ADDRESS.fa1]);
  assert.deepEqual(part(row, ["mip.ext.type", "mip.ext.len", "mip.auth.spi"]), [
    "32,33",
    "20,20",
    "0x00000100,0x000007d0",
  ]);
});

test("RFC 5944 §3.7.2.2: the relayed request keeps every octet up to extension 32; 33 goes, 34 comes [5944-3.7.2.2-01, 5944-3.7.2.2-02, 5944-3.7.2.2-03, 5944-3.7.2.2-05, 5944-3.7.2.2-06, 5944-3.7.2.2-07, 5944-3.7.2.2-08]", async () => {
  const [first, relayed] = await Promise.all([
    only(air, "mip.type == 1", REQUEST),
    only(uplink, "mip.type == 1", REQUEST),
  ]);
  const [before, after] = [octets(first), octets(relayed)];
  const end = authenticationTlvs(before)[0]?.end ?? 0;
  assert.deepEqual(after.subarray(0, end), before.subarray(0, end));
  const names = ["ip.src", "ip.dst", "udp.srcport", "udp.dstport", "mip.ext.type"] as const;
  assert.deepEqual(part(relayed, names), [
    ADDRESS.fa1,
    ADDRESS.homeAgent,
    "434",
    "434",
    "32,137,34",
  ]);
  assert.ok(Number(relayed["ip.ttl"]) >= 64);
});

test("RFC 5944 §3.7.3: the reply comes from the home agent and is relayed to the home address at the node's MAC, octets up to 32 unchanged [5944-3.7.3.2-01, 5944-3.7.3.2-06, 5944-3.7.3.2-09, 5944-3.8.3.1-01, 5944-3.8.3.1-02, 5944-3.8.3.3-01, 5944-3.8.3.3-03, 5944-5.7.1-08]", async () => {
  const [sent, relayed, asked] = await Promise.all([
    only(uplink, "mip.type == 3", REPLY),
    only(air, "mip.type == 3", REPLY),
    only(air, "mip.type == 1", REQUEST),
  ]);
  const names = ["ip.src", "ip.dst", "udp.srcport", "udp.dstport", "mip.ext.type"] as const;
  const from = [ADDRESS.homeAgent, ADDRESS.fa1, "434", "434", "32,137,34"];
  assert.deepEqual(part(sent, names), from);
  const to = [ADDRESS.fa1, ADDRESS.home, "434", asked["udp.srcport"], "32,33"];
  assert.deepEqual(part(relayed, names), to);
  assert.deepEqual(part(relayed, ["eth.src", "eth.dst"]), [MAC.fa1, MAC.mn]);
  const end = authenticationTlvs(octets(sent))[0]?.end ?? 0;
  assert.deepEqual(octets(relayed).subarray(0, end), octets(sent).subarray(0, end));
  for (const reply of [sent, relayed]) {
    const fields = ["mip.code", "mip.life", "mip.homeaddr", "mip.haaddr"] as const;
    assert.deepEqual(part(reply, fields), ["0", "120", ADDRESS.home, ADDRESS.homeAgent]);
    assert.equal(reply["mip.ident"], asked["mip.ident"]);
  }
});

test("RFC 5944 §3.5.1: extensions 32, 33 and 34 hold when HMAC-MD5 is computed by hand over what they cover [5944-3.5.1-01, 5944-3.5.1-02, 5944-3.5.1-03]", async () => {
  const keys: Record<number, string> = { 256: KEYS.mobileNode, 1000: KEYS.fa1, 2000: VISITOR_KEY };
  const types: number[] = [];
  for (const path of [air, uplink]) {
    for (const row of await tshark(path, "mip", ["udp.payload", "mip.auth.auth"])) {
      const tlvs = authenticationTlvs(octets(row));
      const computed = tlvs.map(({ spi, covered }) =>
        authenticatorOf("hmac-md5", keys[spi] ?? "", covered),
      );
      assert.deepEqual(row["mip.auth.auth"].replaceAll(":", "").split(","), computed);
      types.push(...tlvs.map(({ type }) => type));
    }
  }
  assert.deepEqual(types, [32, 33, 32, 33, 32, 34, 32, 34]);
});

interface Decoded {
  readonly packet: number;
  readonly source: string;
  readonly destination: string;
  readonly type: number;
  readonly code?: number;
  readonly lifetime: number;
  readonly identification?: string;
}

/** tshark prints the identification as a time; NTP's fraction is cut to nanoseconds. */
function sameIdentification(hex: string, time: string): boolean {
  const seconds = Number.parseInt(hex.slice(0, 8), 16) - 2_208_988_800;
  const nanoseconds = Math.floor((Number.parseInt(hex.slice(8), 16) * 1e9) / 2 ** 32);
  const [, whole = "", fraction = ""] = /^(.*)\.(\d{9}) UTC$/.exec(time) ?? [];
  const isClose = Math.abs(Number(fraction) - nanoseconds) <= 1;
  return Date.parse(`${whole} UTC`) / 1000 === seconds && isClose;
}

test("decode: a capture's messages agree with tshark in number and in the fields of registration", async () => {
  for (const path of [air, uplink]) {
    const argv = [process.execPath, bundleOf("fa"), "decode", "--pcap", path, "--json"];
    const done = await runAsync(argv);
    assert.equal(done.status, 0, done.stderr);
    const decoded = done.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Decoded);
    const seen = await tshark(path, "mip || icmp.type == 9 || icmp.type == 10", [
      ...["frame.number", "ip.src", "ip.dst", "icmp.type", "mip.type", "mip.code"],
      ...["mip.life", "mip.ident", "icmp.lifetime"],
    ]);
    assert.equal(decoded.length, seen.length);
    seen.forEach((row, i) => {
      const one = decoded[i];
      assert.ok(one !== undefined);
      assert.deepEqual(
        [one.packet, one.source, one.destination, one.type],
        [
          Number(row["frame.number"]),
          row["ip.src"],
          row["ip.dst"],
          Number(row["mip.type"] || row["icmp.type"]),
        ],
      );
      if (row["mip.type"] === "") return;
      assert.equal(one.lifetime, Number(row["mip.life"]));
      assert.equal(one.code === undefined ? "" : `${one.code}`, row["mip.code"]);
      assert.ok(sameIdentification(one.identification ?? "", row["mip.ident"] ?? ""));
    });
  }
});
