/** Every table against octets that were written by hand from the figure of its RFC. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlMessages } from "../../../shared/wire/control.ts";
import type { AnyExtension, ExtensionSpace } from "../../../shared/wire/extension.ts";
import { fastHandoverOptions } from "../../../shared/wire/icmp/fast-handover-options.ts";
import { icmpMessages } from "../../../shared/wire/icmp.ts";
import { snakeCase } from "../../../shared/wire/layout.ts";
import { type MessageSpace, messageTable } from "../../../shared/wire/message.ts";
import { caseOf, tunnelHeaderNames } from "./carrier.ts";
import type { GoldenVector, Space } from "./vector.ts";
import { goldenVectors } from "./vectors.ts";

/** These two stand outside of the fields: one names the table, the other is a list of tables. */
const NO_FIELDS = ["name", "extensions"];

for (const vector of goldenVectors) {
  test(vector.title, () => {
    const { octets, value, decode, encode, json } = caseOf(vector);
    assert.deepEqual(decode(octets), value);
    assert.deepEqual(Buffer.from(encode()).toString("hex"), Buffer.from(octets).toString("hex"));

    const shown = json();
    assert.deepEqual(JSON.parse(JSON.stringify(shown)), shown);
    for (const key of Object.keys(vector.value)) {
      if (!NO_FIELDS.includes(key)) assert(snakeCase(key) in shown, `${key} is not in the JSON`);
    }
    if (vector.space !== "tunnel") {
      assert.equal(shown.type, Number.parseInt(vector.hex.trim().slice(0, 2), 16));
    }
    for (const [key, expected] of Object.entries(vector.json ?? {})) {
      assert.deepEqual(shown[key], expected, key);
    }
  });
}

test("a decoded value is a copy: what becomes of the octets, a Node Buffer's too, does not change it", () => {
  for (const vector of goldenVectors) {
    const { octets, value, decode } = caseOf(vector);
    for (const received of [octets.slice(), Buffer.from(octets)]) {
      const decoded = decode(received);
      assert.deepEqual([...received], [...octets], `${vector.title}: decoding wrote`);
      received.fill(0xee);
      assert.equal(plain(decoded), plain(value), vector.title);
    }
  }
});

/** Octets as numbers whichever array holds them, and 64 bits as text. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_key, each) => {
    if (typeof each === "bigint") return String(each);
    if (each instanceof Uint8Array) return [...each];
    // A Buffer has been to its own toJSON before it comes here.
    return each?.type === "Buffer" && Array.isArray(each.data) ? each.data : each;
  });
}

const messageSpaces: Readonly<Partial<Record<Space, MessageSpace>>> = {
  control: controlMessages,
  icmp: icmpMessages,
};

/** The number space of what stands behind a message, as vectors name it. */
function behind(space: Space, extensions: ExtensionSpace | undefined): string {
  return extensions === fastHandoverOptions ? "option" : `${space}-extension`;
}

function tablesOf(space: Space, messages: MessageSpace): string[] {
  return [...messages.byName.values()].flatMap(({ table: { name, extensions } }) => [
    `${space} ${name}`,
    ...[...(extensions?.byName.keys() ?? [])].map((each) => `${behind(space, extensions)} ${each}`),
  ]);
}

function tablesIn({ space, value }: GoldenVector): string[] {
  const messages = messageSpaces[space];
  const own = `${space} ${value.name}`;
  if (messages === undefined || !("extensions" in value)) return [own];
  const { extensions } = messageTable(messages, value).table;
  const carried: readonly AnyExtension[] = value.extensions;
  return [own, ...carried.map(({ name }) => `${behind(space, extensions)} ${name}`)];
}

test("every table of every number space has a golden vector", () => {
  const tables = [
    ...Object.entries(messageSpaces).flatMap(([space, each]) => tablesOf(space as Space, each)),
    ...tunnelHeaderNames.map((name) => `tunnel ${name}`),
  ];
  const covered = new Set(goldenVectors.flatMap(tablesIn));
  assert.deepEqual(
    [...new Set(tables)].filter((table) => !covered.has(table)),
    [],
  );
});

test("no two golden vectors have the same title", () => {
  const titles = goldenVectors.map(({ title }) => title);
  assert.deepEqual(titles, [...new Set(titles)]);
});
