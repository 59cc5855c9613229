/** docs/reference/wire.md, from the tables in shared/wire. */

import { icmpExtensions } from "../../shared/wire/agent-discovery.ts";
import { controlMessages, MOBILE_IP_PORT } from "../../shared/wire/control.ts";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import type { ExtensionForm, ExtensionSpace } from "../../shared/wire/extension.ts";
import { type Field, ipv4Field, type Layout, u64 } from "../../shared/wire/field.ts";
import { snakeCase } from "../../shared/wire/layout.ts";
import { isAccepted, replyCodeText, replyOrigin } from "../../shared/wire/reply-code.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

const INTRODUCTION = `What \`decode\` explains and the programs speak. Offsets and lengths are octets, numbers are big-endian.
Field names are those of \`decode --json\`. An extension of unknown type is stepped over from type 128
on, and spoils the message below (RFC 5944 §1.8).`;

/** The parts that the codec reads by hand, since counts come before what they count (RFC 1256 §3). */
export const DISCOVERY_LAYOUTS = {
  advertisement: [
    [0, 1, "type", "9"],
    [1, 1, "code", "0, or 16: forwards no common traffic"],
    [2, 2, "checksum", "Internet checksum"],
    [4, 1, "num_addrs", "number of router addresses"],
    [5, 1, "addr_entry_size", "2, in words of 4 octets"],
    [6, 2, "lifetime", "seconds"],
    [8, 8, "router_addresses", "each an address and a signed preference of 4 octets"],
  ],
  solicitation: [
    [0, 1, "type", "10"],
    [1, 1, "code", "0"],
    [2, 2, "checksum", "Internet checksum"],
    [4, 4, "reserved", "ignored"],
  ],
} as const;

const HEADINGS = ["Offset", "Octets", "Field", "Form"];

const FORMS: Readonly<Record<ExtensionForm, { readonly header: number; readonly text: string }>> = {
  padding: { header: 1, text: "type alone, one octet" },
  simple: { header: 2, text: "type, length of 1 octet" },
  short: { header: 2, text: "type, length of 1 octet, sub-type (§1.11)" },
  long: { header: 4, text: "type, sub-type, length of 2 octets (§1.10)" },
};

export function wirePage(): string {
  return page(
    "# Messages and extensions",
    GENERATED,
    INTRODUCTION,
    `## Control messages (UDP port ${MOBILE_IP_PORT})`,
    ...controlMessages.flatMap(({ type, name, rfc, fields }) => [
      `### ${name}, type ${type} (${rfc})`,
      fieldTable([["0", "1", code("type"), String(type)]], fields, 1),
    ]),
    "### Extensions of control messages",
    ...extensionBlocks(controlExtensions),
    "## Agent discovery (ICMP)",
    "### agent-advertisement, type 9 (RFC 1256 §3, RFC 5944 §2.1)",
    markdownTable(HEADINGS, DISCOVERY_LAYOUTS.advertisement.map(discoveryRow)),
    "### agent-solicitation, type 10 (RFC 1256 §3, RFC 5944 §2.2)",
    markdownTable(HEADINGS, DISCOVERY_LAYOUTS.solicitation.map(discoveryRow)),
    "### Extensions of agent advertisements",
    ...extensionBlocks(icmpExtensions),
    "## Codes of a Registration Reply",
    "From 64 on the foreign agent denies, from 128 on the home agent (RFC 5944 §3.4, §6.4; RFC 3024 §3.4).",
    markdownTable(["Code", "From", "Meaning"], replyCodes()),
  );
}

function discoveryRow([at, size, name, form]: readonly [number, number, string, string]): string[] {
  return [String(at), String(size), code(name), form];
}

function extensionBlocks({ byType }: ExtensionSpace): string[] {
  return [...byType.values()].flatMap(({ table: { type, name, form, rfc, fields } }) => {
    const head = `#### ${name}, type ${type} (${rfc})`;
    const { header, text } = FORMS[form];
    const rows = [["0", String(header), "", text]];
    return [head, fieldTable(rows, fields, header)];
  });
}

function fieldTable(rows: readonly (readonly string[])[], fields: Layout, start: number): string {
  let at = start;
  const own = Object.entries(fields).map(([name, field]) => {
    const row = [String(at), showSize(field), code(snakeCase(name)), showForm(field)];
    at += field.least;
    return row;
  });
  return markdownTable(HEADINGS, [...rows, ...own]);
}

type AnyField = Field<never> | Field<unknown>;

function showSize({ size, least, unit }: AnyField): string {
  if (size !== undefined) return String(size);
  return unit > 1 ? `n x ${unit}` : least > 0 ? `the rest, ${least} or more` : "the rest";
}

function showForm(field: AnyField): string {
  if ("letters" in field && Array.isArray(field.letters)) {
    return `bits from the left: ${field.letters.map((letter) => letter ?? "-").join(" ")}`;
  }
  if (field === ipv4Field) return "IPv4 address";
  if (field === u64) return "number; 16 hex digits";
  if (field.size !== undefined) return "number";
  return field.read(new Uint8Array(), 0, 0) instanceof Uint8Array ? "octets; hex" : "list";
}

function replyCodes(): string[][] {
  const all = Array.from({ length: 256 }, (_, number) => number);
  return all
    .filter((number) => replyCodeText(number) !== `code ${number}`)
    .map((number) => [
      String(number),
      isAccepted(number) ? "home agent, accepted" : replyOrigin(number).replace("-", " "),
      replyCodeText(number),
    ]);
}
