/** tshark's own dissectors as a second opinion: they say what the decoder says, field by field. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../shared/base/result.ts";
import { controlMessages } from "../../shared/wire/control.ts";
import type { AnyExtension, ExtensionSpace } from "../../shared/wire/extension.ts";
import { extensionLength, writeExtension } from "../../shared/wire/extension.ts";
import { toHex } from "../../shared/wire/field.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { AnyMessage, MessageSpace } from "../../shared/wire/message.ts";
import { extensionKinds, makeExtension, makeMessage, messageKinds } from "./arbitrary-messages.ts";
import { dissect, flatten, type Shown } from "./tshark.ts";
import { isSame, leaves } from "./tshark-compare.ts";
import { leftOut } from "./tshark-left-out.ts";
import { type Names, namesOfExtension, namesOfMessage } from "./tshark-names.ts";
import { choicesFrom, packetOf, REQUEST, type Sample, sampleOf, spaces } from "./tshark-samples.ts";

const PER_MESSAGE = 40;
const PER_EXTENSION = 3;
const LARGEST = 1400;

const choices = choicesFrom(5);

function octetsOf(space: ExtensionSpace, extension: AnyExtension): Uint8Array {
  const bytes = new Uint8Array(extensionLength(space, extension));
  writeExtension(space, extension, bytes, 0);
  return bytes;
}

/** A message as it may be compared: with the extensions that tshark understands. */
function comparable(space: MessageSpace, message: AnyMessage): AnyMessage {
  const extensions = space.byName.get(message.name)?.table.extensions;
  if (extensions === undefined) return message;
  const kept = message.extensions.filter((each) => {
    const [type = 0] = octetsOf(extensions, each);
    return leftOut(space, type, each) === undefined;
  });
  return { ...message, extensions: kept };
}

/** Of the messages that tshark dissects, and with every extension that it understands. */
function makeSamples(space: MessageSpace): Sample[] {
  const kinds = messageKinds(space).filter(({ table }) => namesOfMessage(table.name) !== undefined);
  const messages = kinds.flatMap((kind) => {
    const { extensions } = kind.table;
    const plain = Array.from({ length: PER_MESSAGE }, () => makeMessage(choices, space, kind));
    if (extensions === undefined) return plain;
    const carrying = extensionKinds(extensions).flatMap((each) =>
      Array.from({ length: PER_EXTENSION }, () =>
        makeMessage(choices, space, kind, [makeExtension(choices, extensions, each)]),
      ),
    );
    return [...plain, ...carrying];
  });
  return messages
    .map((message) => sampleOf(space, comparable(space, message)))
    .filter(({ bytes }) => bytes.length <= LARGEST)
    .filter(({ json }) => (json.addr_entry_size ?? 2) === 2);
}

/** What the items say differently from the JSON form of a message or an extension. */
function differ(names: Names, json: JsonObject, octets: Uint8Array, items: readonly Shown[]) {
  const { name: _, subtype_name: __, extensions: ___, ...fields } = json;
  const values = leaves(fields);
  const compared = new Set<string>(names.hidden);
  const differences: string[] = [];
  for (const [field, meaning] of Object.entries(names.shown)) {
    const found = items.filter((item) => item.name === field);
    if (found.length === 0) continue;
    if (typeof meaning === "string") {
      compared.add(meaning);
      const said = values.get(meaning) ?? [];
      if (said.length === found.length && said.every((each, i) => isSame(each, found[i]))) continue;
      differences.push(`${meaning} is ${said}, ${field} ${found.map(({ show }) => show)}`);
    } else {
      for (const path of values.keys()) compared.add(path);
      const said = toHex(octets.slice(meaning.from));
      if (found[0]?.value !== said) differences.push(`${said}, ${field} is ${found[0]?.value}`);
    }
  }
  const missing = [...values.keys()].filter((path) => !compared.has(path));
  return [...differences, ...missing.map((path) => `tshark does not show ${path}`)];
}

/** The items of each extension that tshark has found. */
function extensionItems(items: readonly Shown[]): readonly (readonly Shown[])[] {
  const titled = (title: string): readonly Shown[] =>
    items.filter(({ name, show }) => name === "" && show.startsWith(title));
  const inUdp = titled("Extensions").flatMap(({ children }) => children);
  return [...inUdp, ...titled("Ext:")].map(({ children }) => flatten(children));
}

function differences(sample: Sample, packet: readonly Shown[]): string[] {
  const { space, message, json, bytes } = sample;
  const isIcmp = space === icmpMessages;
  const items = packet.find(({ name }) => name === (isIcmp ? "icmp" : "mip"))?.children ?? [];
  const own = flatten(items.filter(({ name }) => name !== ""));
  const wrong = differ(namesOfMessage(message.name) ?? { shown: {} }, json, bytes, own);
  const status = own.find(({ name }) => name === "icmp.checksum.status")?.show;
  if (isIcmp && status !== "1") wrong.push("the checksum is wrong");
  // What a tunnel holds is not ours to judge.
  const extensions = space.byName.get(message.name)?.table.extensions;
  if (extensions === undefined) return wrong;
  if (packet.some(({ name }) => name === "_ws.malformed")) wrong.push("it is malformed");
  const found = extensionItems(items);
  if (found.length !== message.extensions.length) wrong.push(`${found.length} extensions`);
  const behind = message.extensions.flatMap((extension, i) => {
    const octets = octetsOf(extensions, extension);
    const names = namesOfExtension(space, octets[0] ?? 0);
    const said = (json.extensions as readonly JsonObject[])[i] ?? {};
    return differ(names, said, octets, found[i] ?? []).map((each) => `${extension.name}: ${each}`);
  });
  return [...wrong, ...behind];
}

async function opinions(samples: readonly Sample[], octets: readonly Uint8Array[]) {
  const packets = samples.map(({ space }, i) => packetOf(space, octets[i] ?? new Uint8Array()));
  const dissected = await dissect(packets, ["mip", "icmp", "_ws.malformed"]);
  return samples.map((sample, i) => differences(sample, dissected.packets[i] ?? []));
}

const samples = spaces.flatMap(makeSamples);

test("tshark: says the same of every field of messages that it dissects itself [5944-3.3-01]", async () => {
  const found = await opinions(
    samples,
    samples.map(({ bytes }) => bytes),
  );
  const wrong = found.flatMap((differences, i) =>
    differences.map((each) => `${samples[i]?.message.name} (packet ${i + 1}): ${each}`),
  );
  assert.deepEqual(wrong, []);
});

test("tshark: hundreds of messages of six kinds have been compared", () => {
  const names = new Set(samples.map(({ message }) => message.name));
  assert.equal(names.size, 6);
  assert.ok(samples.length > 500, `${samples.length} messages`);
});

test("tshark: the comparison notices a change of any octet", async () => {
  const sample = sampleOf(controlMessages, REQUEST);
  const changed = Array.from(sample.bytes, (octet, at) => {
    const bytes = sample.bytes.slice();
    bytes[at] = octet ^ 0x10;
    return bytes;
  });
  const found = await opinions([sample, ...changed.map(() => sample)], [sample.bytes, ...changed]);
  assert.deepEqual(
    found.map((differences) => differences.length > 0),
    [false, ...changed.map(() => true)],
  );
});
