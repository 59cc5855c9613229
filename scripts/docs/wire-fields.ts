/** The figure of a message, extension or header as Markdown: a row a field, and its numbers. */

import { type Field, ipv4Field, type NumberNames } from "../../shared/wire/field.ts";
import { type CompiledLayout, type Slot, snakeCase } from "../../shared/wire/layout.ts";
import { REPLY_CODES } from "../../shared/wire/reply-code.ts";
import { code, markdownTable } from "./markdown.ts";

const HEADINGS = ["Offset", "Size", "Field", "Form"];

/** The table of fields, and below it what the numbers mean. */
export function figure({ slots }: CompiledLayout): string[] {
  const rows = slots.map((slot) => [
    showOffset(slot),
    showSize(slot),
    code(slot.jsonName),
    showForm(slot.field),
  ]);
  const meanings = slots.flatMap(({ jsonName, field }) => showNames(jsonName, field.names));
  return [markdownTable(HEADINGS, rows), ...meanings];
}

function showOffset({ offset, shared, field }: Slot): string {
  if (offset === undefined) return "then";
  if (shared === undefined || field.bits === shared.octets * 8) return String(offset);
  const first = shared.octets * 8 - shared.shift - (field.bits ?? 0);
  return `${offset}, bit ${first}`;
}

function showSize({ field, shared }: Slot): string {
  const { size, bits, least, most } = field;
  if (bits !== undefined) {
    return bits === (shared?.octets ?? 0) * 8
      ? octets(bits / 8)
      : `${bits} bit${bits > 1 ? "s" : ""}`;
  }
  if (size !== undefined) return octets(size);
  if (field.shows.kind === "optional") return `0 or ${most} octets`;
  if (field.needs !== undefined) return "as counted";
  return least > 0 ? `the rest, ${octets(least)} or more` : "the rest";
}

function octets(count: number): string {
  return count === 1 ? "1 octet" : `${count} octets`;
}

function showForm(field: Field<unknown>): string {
  if (field.constant !== undefined) return String(field.constant);
  const { shows } = field;
  switch (shows.kind) {
    case "flags":
      return `bits from the left: ${shows.letters.map((letter) => letter ?? "-").join(" ")}`;
    case "address":
      return "IPv4 address";
    case "octets":
      return "octets, in hex";
    case "text":
      return "text, UTF-8";
    case "list":
      return shows.item === ipv4Field
        ? "IPv4 addresses"
        : `numbers of ${octets(shows.item.size ?? 0)}`;
    case "router-addresses":
      return "each an address and a signed preference of 4 octets";
    case "route-records":
      return "records of a router or a prefix (RFC 6521 §5.5)";
    case "optional":
      return `${showForm(shows.of)}; there when its bit is set in ${code(snakeCase(shows.when))}`;
    default:
      return field.size === 8 ? "number, 16 hex digits" : "number";
  }
}

/** Reply codes fill a table of their own. */
function showNames(name: string, names: NumberNames | undefined): string[] {
  if (names === undefined) return [];
  if (names === REPLY_CODES) return [`${code(name)}: see [reply codes](#reply-codes).`];
  const meanings = Object.entries(names).map(([number, meaning]) => `${number} ${meaning}`);
  return [`${code(name)}: ${meanings.join("; ")}.`];
}
