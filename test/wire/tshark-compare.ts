/** What packaging/wireshark/mip4.lua shows against the JSON form, field by field. */

import type { Json, JsonObject } from "../../shared/base/result.ts";
import { IGNORED_OCTETS } from "../../shared/wire/extension.ts";
import { toHex } from "../../shared/wire/field.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { MessageSpace } from "../../shared/wire/message.ts";
import { utf8Length, writeUtf8 } from "../../shared/wire/utf8.ts";
import { flatten, type Shown } from "./tshark.ts";
import type { Sample } from "./tshark-samples.ts";

/** A field of the JSON form under its name in display filters. */
type Expected = readonly [name: string, value: string | number | boolean];

/** The name that a message, extension or field of the JSON form has in display filters. */
export function filterName(space: MessageSpace, name: string): string {
  const prefix = space === icmpMessages ? "mip4.icmp" : "mip4";
  return `${prefix}.${name.replaceAll("-", "_")}`;
}

function fieldsOf(name: string, value: Json | undefined): Expected[] {
  // What has no octets has no item.
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value)) return value.flatMap((each: Json) => fieldsOf(name, each));
  if (typeof value !== "object") return [[name, value]];
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(`${name}.${key}`, inner));
}

/** The values of a JSON form by their names, dots between the levels. */
export function leaves(json: JsonObject): ReadonlyMap<string, readonly Expected[1][]> {
  const values = new Map<string, Expected[1][]>();
  for (const [name, value] of Object.entries(json).flatMap(([key, each]) => fieldsOf(key, each))) {
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function expectedOf({ space, message, json }: Sample): Expected[] {
  const { name: _, type, extensions, ...fields } = json;
  const behind = (extensions as readonly JsonObject[]).flatMap((extension, i) => {
    const { name: __, subtype_name: ___, type: number, length, ...data } = extension;
    const name = message.extensions[i]?.name ?? "";
    return [
      ...fieldsOf(filterName(space, "extension.type"), number),
      ...fieldsOf(filterName(space, "extension.length"), name === IGNORED_OCTETS ? null : length),
      ...fieldsOf(filterName(space, name), data),
    ];
  });
  return [
    ...fieldsOf(filterName(space, "type"), type),
    ...fieldsOf(filterName(space, message.name), fields),
    ...behind,
  ];
}

/** Does tshark show this value? Texts and octets are compared by their octets. */
export function isSame(value: string | number | boolean, item: Shown | undefined): boolean {
  if (item === undefined) return false;
  const { show, value: octets } = item;
  if (typeof value === "number") return Number(show) === value;
  if (typeof value === "boolean") return (show === "1" || show === "True") === value;
  return show === value || octets === value || octets === utf8Hex(value);
}

function utf8Hex(text: string): string {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(bytes, 0, text);
  return toHex(bytes);
}

/** The items that the script has made of a packet. */
export function scriptItems(packet: readonly Shown[]): Shown[] {
  return flatten(packet.filter(({ name }) => name === "mip4"));
}

/** What the decoder and the script say differently; nothing, if all is well. */
export function differences(sample: Sample, packet: readonly Shown[]): string[] {
  const shown = scriptItems(packet);
  const expected = expectedOf(sample);
  const names = new Set(expected.map(([name]) => name));
  const wrong = [...names].flatMap((name) => {
    const said = expected.filter((each) => each[0] === name).map(([, value]) => value);
    const found = shown.filter((item) => item.name === name);
    if (said.length === found.length && said.every((value, i) => isSame(value, found[i])))
      return [];
    return [`${name} is ${said}, tshark shows ${found.map(({ show }) => show)}`];
  });
  const more = shown.filter((item) => !names.has(item.name) && isUnasked(item, names));
  return [...wrong, ...more.map(({ name, show }) => `tshark alone shows ${name} ${show}`)];
}

/** The JSON form has neither checksums nor, beside their bits, a field of flags. */
function isUnasked({ name, show }: Shown, names: ReadonlySet<string>): boolean {
  if (name === "mip4.malformed") return true;
  if (!name.startsWith("mip4.") || show === "" || name.endsWith(".checksum")) return false;
  return ![...names].some((other) => other.startsWith(`${name}.`));
}
