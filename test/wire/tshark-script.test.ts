/** packaging/wireshark/mip4.lua in tshark: it says what the decoder says of the same octets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlMessages } from "../../shared/wire/control.ts";
import { IGNORED_OCTETS } from "../../shared/wire/extension.ts";
import { toHex } from "../../shared/wire/field.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import { type Dissected, dissect, flatten, type Shown } from "./tshark.ts";
import { differences, filterName, scriptItems } from "./tshark-compare.ts";
import {
  choicesFrom,
  judge,
  makeSamples,
  mutate,
  packetOf,
  REQUEST,
  type Sample,
  sampleOf,
  spaces,
} from "./tshark-samples.ts";

const SCRIPT = "packaging/wireshark/mip4.lua";
const COUNT = 4;
const MUTATIONS = 3;
/** Wireshark ends a shorter packet itself, before the script has seen it. */
const ICMP_HEADER = 8;

type Octets = Pick<Sample, "space" | "bytes">;

/** What tshark with the script shows of messages. */
function withScript(messages: readonly Octets[]): Promise<Dissected> {
  const packets = messages.map(({ space, bytes }) => packetOf(space, bytes));
  return dissect(packets, ["mip4"], SCRIPT);
}

function luaErrors({ packets }: Dissected): string[] {
  const shown = packets.flatMap((packet) => flatten(packet).map(({ show }) => show));
  return shown.filter((text) => text.includes("Lua Error"));
}

const choices = choicesFrom(4);
const samples = spaces.flatMap((space) => makeSamples(choices, space, COUNT));
const sound = await withScript(samples);

test("script: tshark loads it and says nothing against it", () => {
  assert.doesNotMatch(sound.complaints, /lua/i);
  assert.deepEqual(luaErrors(sound), []);
  assert.equal(sound.packets.length, samples.length);
});

test("script: every field of messages of every kind is what the decoder says", () => {
  const wrong = samples.flatMap((sample, i) =>
    differences(sample, sound.packets[i] ?? []).map(
      (difference) => `${sample.message.name} (packet ${i + 1}): ${difference}`,
    ),
  );
  assert.deepEqual(wrong, []);
});

test("script: every message and every extension has an item of its own", () => {
  const seen = new Set(sound.packets.flatMap((packet) => scriptItems(packet).map(itemName)));
  const asked = samples.flatMap(({ space, message }) =>
    [message, ...message.extensions]
      .filter(({ name }) => name !== IGNORED_OCTETS)
      .map(({ name }) => filterName(space, name)),
  );
  assert.deepEqual(new Set(asked.filter((name) => !seen.has(name))), new Set());
});

const itemName = ({ name }: Shown): string => name;

test("script: the comparison notices a change of any octet", async () => {
  const sample = sampleOf(controlMessages, REQUEST);
  const changed = Array.from(sample.bytes, (octet, at) => {
    const bytes = sample.bytes.slice();
    bytes[at] = octet ^ 0x10;
    return { space: sample.space, bytes };
  });
  const { packets } = await withScript([sample, ...changed]);
  const noticed = packets.map((packet) => differences(sample, packet).length > 0);
  assert.deepEqual(noticed, [false, ...changed.map(() => true)]);
});

test("script: it finds malformed what the decoder does, and never fails itself", async () => {
  const broken = samples
    .flatMap(({ space, bytes }) =>
      Array.from({ length: MUTATIONS }, () => ({ space, bytes: mutate(choices, bytes) })),
    )
    .filter(({ space, bytes }) => space !== icmpMessages || bytes.length >= ICMP_HEADER);
  const dissected = await withScript(broken);
  assert.deepEqual(luaErrors(dissected), []);
  const wrong = broken.flatMap(({ space, bytes }, i) => {
    const items = scriptItems(dissected.packets[i] ?? []).map(itemName);
    const isMalformed = items.includes("mip4.malformed");
    const said = items.length === 0 ? "no message" : isMalformed ? "malformed" : "sound";
    const expected = judge(space, bytes);
    return said === expected ? [] : [`${toHex(bytes)}: ${expected}, ${said}`];
  });
  assert.deepEqual(wrong, []);
});
