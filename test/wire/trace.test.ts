/** The tree of a message: every octet has its place in it, whatever the octets are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { controlMessages, encodeControl } from "../../shared/wire/control.ts";
import { encodeIcmp, icmpMessages } from "../../shared/wire/icmp.ts";
import { decodeMessage, inspectMessage, type MessageSpace } from "../../shared/wire/message.ts";
import { safeJson, showText } from "../../shared/wire/show-text.ts";
import { type TraceNode, traceMessage } from "../../shared/wire/trace.ts";
import { arbitraryAdvertisement, arbitraryControlMessage } from "./arbitrary.ts";

/** Most octets of the header of an extension. */
const HEADER = 4;

/** Which octets the fields show; headers of extensions are shown by their headings. */
function shownOctets(root: TraceNode, bytes: Uint8Array): boolean[] {
  const shown = Array.from(bytes, (_, i) => i === 0);
  const mark = (from: number, to: number): void => {
    for (let i = from; i < to; i++) shown[i] = true;
  };
  const visit = (node: TraceNode): void => {
    const { kind, offset, length, children } = node;
    assert.ok(offset + length <= bytes.length || kind === "error", node.name);
    if (kind === "field" || kind === "rest") mark(offset, offset + length);
    if (kind === "extension") mark(offset, offset + Math.min(length, HEADER));
    for (const child of children) visit(child);
  };
  visit(root);
  return shown;
}

function assertWhole(space: MessageSpace, bytes: Uint8Array): void {
  const { error } = inspectMessage(space, bytes);
  const root = traceMessage(space, bytes, error);
  assert.equal(shownOctets(root, bytes).indexOf(false), -1, JSON.stringify(root));
  const errors = (node: TraceNode): number =>
    (node.kind === "error" ? 1 : 0) + node.children.reduce((sum, each) => sum + errors(each), 0);
  assert.equal(errors(root), error === undefined ? 0 : 1);
}

test("trace: every octet of a message is shown", () => {
  fc.assert(
    fc.property(arbitraryControlMessage, (message) => {
      const bytes = encodeControl(message);
      assert.ok(decodeMessage(controlMessages, bytes).ok);
      assertWhole(controlMessages, bytes);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(arbitraryAdvertisement, (message) => {
      assertWhole(icmpMessages, encodeIcmp(message));
    }),
    { numRuns: 300 },
  );
});

test("trace: every octet of a malformed message is shown too, and its error once", () => {
  fc.assert(
    fc.property(
      arbitraryControlMessage.map(encodeControl),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      (whole, changes, length) => {
        const bytes = whole.slice(0, length % (whole.length + 1));
        for (const [at, octet] of changes) if (bytes.length > 0) bytes[at % bytes.length] = octet;
        if (bytes.length > 0) assertWhole(controlMessages, bytes);
      },
    ),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom<MessageSpace>(controlMessages, icmpMessages),
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      assertWhole,
    ),
    { numRuns: 1000 },
  );
});

test("trace: text is quoted, and what a terminal would obey or hide is written out", () => {
  assert.equal(showText("bob@example.net"), '"bob@example.net"');
  assert.equal(
    showText('\\"\n\u001b\u009b\u202e\ufeff\u{e0041}\udc80é日'),
    '"\\\\\\"\\u{a}\\u{1b}\\u{9b}\\u{202e}\\u{feff}\\u{e0041}\\x80é日"',
  );
  const json = JSON.stringify({ text: "\u007f\u009b\u202e\u{e0041}\udc80\nü" });
  assert.equal(safeJson(json), '{"text":"\\u007f\\u009b\\u202e\\udb40\\udc41\\udc80\\nü"}');
  assert.deepEqual(JSON.parse(safeJson(json)), JSON.parse(json));
});
