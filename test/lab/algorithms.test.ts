/** Every authentication algorithm and both replay methods, between the built programs. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AlgorithmName, authenticationTlvs, authenticatorOf } from "./authenticators.ts";
import { type Capture, tshark } from "./capture.ts";
import { enterLab } from "./enter.ts";
import { ADDRESS } from "./mobile-net.ts";
import { editConfig, registeredVia, type Session, startSession } from "./session.ts";
import { type TomlTable, toToml } from "./toml.ts";

await enterLab({ tun: true, programs: ["tshark"] });

const ALGORITHMS = ["hmac-md5", "keyed-md5", "hmac-sha1", "hmac-sha256"] as const;
const NONCE_SPI = 900;

function association(algorithm: AlgorithmName, index: number): TomlTable {
  const key = String(index + 1).repeat(40);
  return { spi: 500 + index, key, algorithm };
}
const contexts = ALGORITHMS.map(association);
const nonce: TomlTable = { spi: NONCE_SPI, key: "ab".repeat(16), replay: "nonce" };

let session: Session;
before(async () => {
  const nodes = [...contexts, nonce].map((row) => ({ home_address: ADDRESS.home, ...row }));
  session = await startSession({
    start: "foreign1",
    overrides: {
      ha: { mobile_node: nodes },
      mn: { security_association: [{ with: "home-agent", ...contexts[3] }] },
    },
  });
  await registeredVia(session, ADDRESS.fa1);
});
after(() => session.close());

/** Ends the mobile node and starts it with another association; its messages are captured. */
async function registerWith(context: TomlTable): Promise<{ row: string; code: string }[]> {
  const { net, programs } = session;
  const { mn } = programs.daemons;
  assert.equal(await mn.stop(), 0);
  const block = toToml({ security_association: [{ with: "home-agent", ...context }] });
  editConfig(mn, /\[\[security_association\]\][^[]*/, `${block.trim()}\n\n`);
  const capture: Capture = await net.lab.capture(net.mn, "wlan0");
  mn.start();
  await mn.ready();
  await registeredVia(session, ADDRESS.fa1);
  const seen = await tshark(await capture.stop(), "mip", ["udp.payload", "mip.code"]);
  return seen.map((one) => ({
    row: one["udp.payload"].replaceAll(":", ""),
    code: one["mip.code"],
  }));
}

for (const [index, algorithm] of ALGORITHMS.entries()) {
  test(`RFC 5944 §3.5.1: registration with ${algorithm}; both authenticators computed by hand [5944-3.5.1-01, 5944-3.5.1-04, 5944-3.5.1-05]`, async () => {
    const context = contexts[index] ?? {};
    const messages = await registerWith(context);
    assert.deepEqual(
      messages.map(({ code }) => code),
      ["", "0"],
    );
    for (const { row } of messages) {
      const [tlv, ...others] = authenticationTlvs(Buffer.from(row, "hex"));
      assert.ok(tlv !== undefined && others.length === 0);
      assert.equal(tlv.spi, context.spi);
      const computed = authenticatorOf(algorithm, String(context.key), tlv.covered);
      assert.equal(tlv.authenticator.toString("hex"), computed);
    }
  });
}

test("RFC 5944 §5.7.2: with nonces the first request is answered 133 and its nonce makes the next one good [5944-5.7-02, 5944-5.7-04, 5944-5.7.2-01, 5944-5.7.2-02, 5944-5.7.2-05]", async () => {
  const messages = await registerWith(nonce);
  assert.deepEqual(
    messages.map(({ code }) => code),
    ["", "133", "", "0"],
  );
  const idents = messages.map(({ row, code }) => {
    const at = code === "" ? 16 : 12; // RFC 5944 §3.3 and §3.4
    const identification = row.slice(2 * at, 2 * at + 16);
    return { high: identification.slice(0, 8), low: identification.slice(8) };
  });
  const [first, refusal, second, acceptance] = idents;
  assert.equal(refusal?.low, first?.low);
  assert.notEqual(refusal?.high, first?.high);
  assert.equal(second?.high, refusal?.high);
  assert.notEqual(second?.low, first?.low);
  assert.equal(acceptance?.low, second?.low);
  assert.notEqual(acceptance?.high, second?.high); // the nonce for the next request
});
