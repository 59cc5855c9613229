/** docs/reference/wire.md, from the tables in shared/wire. */

import { controlMessages, MOBILE_IP_PORT } from "../../shared/wire/control.ts";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import type { CompiledExtension } from "../../shared/wire/extension.ts";
import type { ExtensionForm } from "../../shared/wire/extension-table.ts";
import { icmpExtensions } from "../../shared/wire/icmp/agent-discovery.ts";
import { fastHandoverOptions } from "../../shared/wire/icmp/fast-handover-options.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { MessageSpace } from "../../shared/wire/message.ts";
import { isAccepted, REPLY_CODES, replyOrigin } from "../../shared/wire/reply-code.ts";
import { greHeader } from "../../shared/wire/tunnel/gre.ts";
import type { CompiledHeader } from "../../shared/wire/tunnel/header.ts";
import { ipv4Header } from "../../shared/wire/tunnel/ipv4.ts";
import { minimalForwardingHeader } from "../../shared/wire/tunnel/minimal.ts";
import { GENERATED, markdownTable, page } from "./markdown.ts";
import { figure } from "./wire-fields.ts";
import { extensionHeading, messageHeading, type Section } from "./wire-headings.ts";
import { contents, extensionIndex, follows, messageIndex, tablesOf } from "./wire-index.ts";
import { coverageBlocks, orderBlocks } from "./wire-order.ts";

const INTRODUCTION = `What \`decode\` explains and the programs speak, [as tables](../internals/wire.md) in the code. Offsets
count octets from the start of the message or extension, bits from the left; numbers are big-endian. Field
names are those of \`decode --json\`. Reserved fields are sent as 0, ignored, and kept when a message is
decoded and encoded again.`;

const NUMBER_SPACES = `An extension of unknown type is stepped over from type 128 on, and spoils the message below
(RFC 5944 §1.8). A sub-type or a vendor's use that is not known is kept as octets.`;

const FORMS: Readonly<Record<ExtensionForm, string>> = {
  padding: "type alone",
  simple: "length of 1 octet (RFC 5944 §1.9)",
  short: "short, length of 1 octet, sub-type behind it (RFC 5944 §1.11)",
  long: "long, length of 2 octets (RFC 5944 §1.10)",
  option: "length of 1 octet, in units of 8 octets and with the header (RFC 4988 §6)",
  remainder: "no header",
};

const CONTROL: Section = {
  title: "Extensions of control messages",
  what: "extension",
  space: controlExtensions,
};
const DISCOVERY: Section = {
  title: "Extensions of ICMP router discovery",
  what: "ICMP extension",
  space: icmpExtensions,
};
const OPTIONS: Section = {
  title: "Options of fast handover",
  what: "option",
  space: fastHandoverOptions,
};
const SECTIONS = [CONTROL, DISCOVERY, OPTIONS];

const CONTROL_MESSAGES = `Control messages (UDP port ${MOBILE_IP_PORT})`;

export function wirePage(): string {
  return page(
    "# Messages and extensions",
    GENERATED,
    INTRODUCTION,
    CONTENTS,
    `## ${CONTROL_MESSAGES}`,
    messageIndex(controlMessages, SECTIONS),
    ...messageBlocks(controlMessages),
    `## ${CONTROL.title}`,
    NUMBER_SPACES,
    extensionIndex(CONTROL),
    ...extensionBlocks(CONTROL),
    "## ICMP messages",
    "Each with the ICMP checksum over the whole message.",
    messageIndex(icmpMessages, SECTIONS),
    ...messageBlocks(icmpMessages),
    `## ${DISCOVERY.title}`,
    extensionIndex(DISCOVERY),
    ...extensionBlocks(DISCOVERY),
    `## ${OPTIONS.title}`,
    extensionIndex(OPTIONS),
    ...extensionBlocks(OPTIONS),
    "## Tunnel headers",
    "MIP UDP tunnelling has message type 4 between the UDP header and the packet (RFC 3519 §3.3).",
    ...[ipv4Header, minimalForwardingHeader, greHeader].flatMap(headerBlock),
    ...orderBlocks(),
    ...coverageBlocks(),
    "## Reply codes",
    "Of registration and regional registration (RFC 5944 §3.4, §6.4). 64 to 127 also stand in the FA Error Extension.",
    markdownTable(["Code", "From", "Meaning"], replyCodes()),
  );
}

const CONTENTS = contents([
  CONTROL_MESSAGES,
  CONTROL.title,
  "ICMP messages",
  DISCOVERY.title,
  OPTIONS.title,
  "Tunnel headers",
  "Order of extensions",
  "What authenticators cover",
  "Reply codes",
]);

function messageBlocks({ byName }: MessageSpace): string[] {
  return [...byName.values()].flatMap(({ table, layout }) => [
    `### ${messageHeading(table)}`,
    ...figure(layout),
    `Behind it: ${follows(table, SECTIONS)}.`,
  ]);
}

function extensionBlocks(section: Section): string[] {
  return tablesOf(section.space).flatMap((compiled) => extensionBlock(compiled, section));
}

function extensionBlock(compiled: CompiledExtension, section: Section): string[] {
  const { form, extension } = compiled.table;
  const family = extension === undefined ? "" : `, a form of ${extension}`;
  const depth = extension === undefined ? "###" : "####";
  return [
    `${depth} ${extensionHeading(compiled.table, section)}`,
    `${FORMS[form]}${family}${showLimits(compiled)}.`.replace(/^./, (letter) =>
      letter.toUpperCase(),
    ),
    ...figure(compiled.layout),
  ];
}

/** What the length field may say, by the fields and by its own width. */
function showLimits({ layout, rule }: CompiledExtension): string {
  if (rule.octets === 0) return "";
  const value = (octets: number): number => Math.ceil((octets - rule.uncounted) / rule.unit);
  const least = Math.max(0, value(layout.least));
  const most = Math.min(value(layout.most), 2 ** (8 * rule.octets) - 1);
  return least === most ? `; length ${least}` : `; length ${least} to ${most}`;
}

function headerBlock({ name, rfc, layout }: CompiledHeader): string[] {
  return [`### ${name} (${rfc})`, ...figure(layout)];
}

function replyCodes(): string[][] {
  return Object.entries(REPLY_CODES).map(([number, meaning]) => {
    const from = replyOrigin(Number(number)).replaceAll("-", " ");
    return [number, isAccepted(Number(number)) ? `${from}, accepted` : from, meaning];
  });
}
