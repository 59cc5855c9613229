/** Reply codes that later documents than RFC 5944 add: who sends them, and what they say. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlJson, decodeControl } from "../../shared/wire/control.ts";
import { isAccepted, REPLY_CODES, replyOrigin } from "../../shared/wire/reply-code.ts";
import { hex } from "./golden/vector.ts";

/** Code, origin and a word of the meaning. */
type Row = readonly [number, ReturnType<typeof replyOrigin>, RegExp];

function checkRows(type: 3 | 19, rows: readonly Row[]): void {
  for (const [code, origin, meaning] of rows) {
    assert.equal(replyOrigin(code), origin, `code ${code}`);
    assert.match(REPLY_CODES[code] ?? "", meaning, `code ${code}`);
    const bytes = hex("00 00 0000 0a010007 c6336401 1122334455667788");
    bytes[0] = type;
    bytes[1] = code;
    const decoded = decodeControl(bytes);
    assert(decoded.ok);
    assert.equal(controlJson(decoded.value.message).code, code);
  }
}

test("RFC 4857 §9.5: codes of a Registration Reply [4857-9.5-01]", () => {
  checkRows(3, [
    [110, "foreign-agent", /REPLAY_PROT_UNAVAIL/],
    [111, "foreign-agent", /ZERO_COA_NOT_SUPP/],
    [145, "home-agent", /ZERO_CAREOF_ADDRESS/],
    [146, "home-agent", /DYN_GFA_NOT_SUPP/],
  ]);
});

test("RFC 4857 §10.3: codes of a Regional Registration Reply [4857-10.3-01]", () => {
  checkRows(19, [
    [112, "foreign-agent", /UNKNOWN_GFA/],
    [113, "foreign-agent", /GFA_UNREACHABLE/],
    [114, "foreign-agent", /GFA_HOST_UNREACHABLE/],
    [115, "foreign-agent", /GFA_PORT_UNREACHABLE/],
    [193, "gateway-foreign-agent", /NO_HOME_REG/],
  ]);
});

test("RFC 6521 §10: codes of a correspondent router, 2 among those of success [6521-10-01]", () => {
  checkRows(3, [
    [201, "correspondent-node", /expired home nonce/i],
    [202, "correspondent-node", /expired care-of nonce/i],
    [203, "correspondent-node", /expired nonces/i],
  ]);
  assert.match(REPLY_CODES[2] ?? "", /concurrent registration/i);
  for (const code of [201, 202, 203]) assert.equal(isAccepted(code), false);
});
