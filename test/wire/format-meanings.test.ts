/** Numbers in extensions and what they mean: each from the RFC's own list, in the field it is for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import type { Field } from "../../shared/wire/field.ts";
import { isAccepted, REPLY_CODES, replyOrigin } from "../../shared/wire/reply-code.ts";

type Meanings = Readonly<Record<number, RegExp>>;

/** The field has these meanings and no others. */
function means(extension: string, field: string, expected: Meanings): void {
  const fields = controlExtensions.byName.get(extension)?.table.fields;
  const { names = {} } = (fields?.[field] ?? {}) as Partial<Field<unknown>>;
  assert.deepEqual(Object.keys(names), Object.keys(expected), extension);
  for (const [number, meaning] of Object.entries(expected)) {
    assert.match(names[Number(number)] ?? "", meaning, extension);
  }
}

test("RFC 3519 §3.1.4: 4, 47 and 55 are IP protocols, 0 leaves it to M and G [3519-3.1.4-01]", () => {
  means("regular-udp-tunnel-request-extension", "encapsulation", {
    0: /M and G/,
    4: /^IP/,
    47: /GRE/,
    55: /minimal/i,
  });
});

test("RFC 4857 §9.3: 0 is timestamp, 1 is nonce [4857-9.3-01]", () => {
  const styles = { 0: /timestamp/i, 1: /nonce/i };
  means("replay-protection-style-extension", "replayProtectionStyle", styles);
  means("replay-protection-style-extension-as-printed", "replayProtectionStyle", styles);
});

test("RFC 5563 §5: methods and kinds of identity, 0 is reserved [5563-5.1-01, 5563-5.3-01, 5563-5.4-01, 5563-5.5-01]", () => {
  means("pmipv4-per-node-authentication-method", "method", {
    0: /reserved/i,
    1: /FA-HA/,
    2: /IPsec/,
  });
  means("pmipv4-device-id", "idType", {
    0: /reserved/i,
    1: /MAC/,
    2: /MEID/,
    3: /IMEI/,
    4: /ESN/,
  });
  means("pmipv4-subscriber-id", "idType", { 0: /reserved/i, 1: /IMSI/ });
  means("access-technology-type", "techType", {
    0: /reserved/i,
    1: /802\.3/,
    2: /802\.11a\/b\/g/,
    3: /802\.16e/,
    4: /802\.16m/,
    5: /LTE/,
    6: /UTRAN\/GERAN/,
    7: /1xRTT\/HRPD/,
    8: /UMB/,
  });
});

test("RFC 5177 §4.2, RFC 6626 §5: codes of a Mobile Network Acknowledgement [5177-4.2-02, 6626-5-01]", () => {
  for (const mode of ["explicit", "implicit"]) {
    means(`${mode}-mode-acknowledgement-extension`, "code", {
      0: /success/i,
      1: /MOBNET_INVALID_PREFIX_LEN/,
      2: /MOBNET_UNAUTHORIZED/,
      3: /MOBNET_FWDING_SETUP_FAILED/,
      4: /MOBNET_UNASSIGNED/,
    });
  }
});

test("RFC 5454 §2.2: codes of an IPv6 Prefix Reply [5454-2.2-02]", () => {
  means("ipv6-prefix-reply", "code", {
    0: /accepted.*HoA/,
    1: /accepted.*CoA/,
    8: /rejected.*unspecified/,
    9: /rejected.*administratively prohibited/,
  });
});

test("RFC 7629 §4.2: actions, and formats of a traffic selector [7629-4.2-01]", () => {
  means("flow-binding-extension", "action", { 0: /DROP/, 1: /FORWARD/ });
  means("flow-binding-extension", "tsFormat", { 0: /reserved/i, 1: /IPv4/, 2: /IPv6/ });
});

test("RFC 5177 §11, RFC 7629 §4.3: Reply codes of a home agent that deny [5177-11-01, 7629-4.3-01]", () => {
  const codes: Meanings = {
    147: /HA_MOBNET_ERROR/,
    148: /HA_MOBNET_DISALLOWED/,
    152: /MULTIPATH_NOT_ALLOWED/,
    153: /INVALID_FB_IDENTIFIER/,
  };
  for (const [code, meaning] of Object.entries(codes)) {
    assert.match(REPLY_CODES[Number(code)] ?? "", meaning, code);
    assert.equal(replyOrigin(Number(code)), "home-agent", code);
    assert.equal(isAccepted(Number(code)), false, code);
  }
});
