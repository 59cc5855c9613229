/** The order of extensions and what authenticators cover, as Markdown. */

import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { authenticatorOffset } from "../../shared/wire/coverage.ts";
import { ORDER_RULES, SENDING_ORDER } from "../../shared/wire/order.ts";
import { code, markdownTable } from "./markdown.ts";

export function orderBlocks(): string[] {
  return [
    "## Order of extensions",
    `An authenticator covers only what stands before it, so order is part of the meaning. Extensions on one
line may stand in any order; each line is optional.`,
    ...SENDING_ORDER.flatMap(({ message, sender, rfc, lines }) => [
      `### ${message}, by the ${sender} (${rfc})`,
      lines.map((names, i) => `${i + 1}. ${names.map(code).join(", ")}`).join("\n"),
    ]),
    "### What must stand before what",
    markdownTable(
      ["Messages", "First", "Then", "Source"],
      ORDER_RULES.map(({ messages, first, second, rfc }) => [
        messages.join(", "),
        code(first),
        code(second),
        rfc,
      ]),
    ),
  ];
}

/** RFC 5944 §3.5.1: from the first octet of the message to the end of the SPI or the indexes. */
export function coverageBlocks(): string[] {
  const rows = [...controlExtensions.byName.values()].flatMap((compiled) => {
    const header = authenticatorOffset(compiled);
    const { type, name, rfc } = compiled.table;
    return header === undefined ? [] : [[String(type), code(name), String(header), rfc]];
  });
  return [
    "## What authenticators cover",
    `The message from its first octet, every extension before the authenticator's own, and its own up to the
authenticator; never the authenticator, nor the UDP or IP header (RFC 5944 §3.5.1).`,
    markdownTable(["Type", "Extension", "Octets of its own that are covered", "Source"], rows),
  ];
}
