/** Every configuration that a page shows is one that a program takes, what it leaves out put under it. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faRules } from "../../fa/config-rules.ts";
import { haRules } from "../../ha/config-rules.ts";
import { mnRules } from "../../mn/config-rules.ts";
import { toFaults } from "../../shared/service/config/issues.ts";
import { formatFault, merge, toPlain } from "../../shared/service/config/located.ts";
import { parseToml } from "../../shared/service/config/toml.ts";
import type { CommonConfig, ConfigRules } from "../../shared/service/program.ts";

const KEY = 'key = "00112233445566778899aabbccddeeff"';

/** A node's other associations come beside it. */
const WITH_HOME = `\n[[security_association]]\nwith = "home-agent"\nspi = 256\n${KEY}\n`;

/** The least that each program must be told. */
const LEAST = {
  fa: '[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n',
  mn: 'home_address = "10.1.0.7"\nhome_agent = "198.51.100.1"\n[[interface]]\nname = "wlan0"\n',
  ha: `address = "198.51.100.1"\n[[home_network]]\nprefix = "10.1.0.0/24"\n[[mobile_node]]\nhome_address = "10.1.0.7"\nspi = 256\n${KEY}\n`,
} as const;

type Role = keyof typeof LEAST;
const ROLES: readonly Role[] = ["fa", "mn", "ha"];

const pages = ["README.md", "fa/README.md", "mn/README.md", "ha/README.md"].concat(
  readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);

/** Blocks of TOML, with whose they are if their first line names the file (`# /etc/mip4/fa.toml`). */
function configurations(page: string): { text: string; line: number; roles: readonly Role[] }[] {
  const whole = readFileSync(page, "utf8");
  return [...whole.matchAll(/```toml\n([\s\S]*?)```/g)].map(({ 1: text = "", index }) => {
    const named = /^# .*\b(fa|mn|ha)\.toml/.exec(text)?.[1];
    const line = whole.slice(0, index).split("\n").length;
    return { text, line, roles: ROLES.filter((role) => named === undefined || role === named) };
  });
}

function faultsBy<Config extends CommonConfig, Core>(
  { role, schema, crossCheck }: ConfigRules<Config, Core>,
  text: string,
): string[] {
  const lacksHome = role === "mn" && !text.includes('with = "home-agent"');
  const own = parseToml(
    role,
    text.replaceAll(/^key_file = .*/gm, KEY) + (lacksHome ? WITH_HOME : ""),
  );
  const least = parseToml(role, LEAST[role]);
  assert.ok(least.ok);
  if (!own.ok) return [formatFault(own.error)];
  const root = merge(least.value, own.value);
  const parsed = schema.safeParse(toPlain(root), { reportInput: true });
  if (!parsed.success) return toFaults(parsed.error, schema, root).map(formatFault);
  return crossCheck(parsed.data).map(({ key, message }) => `${role}: ${key}: ${message}`);
}

function faultsFor(role: Role, text: string): string[] {
  if (role === "fa") return faultsBy(faRules, text);
  return role === "mn" ? faultsBy(mnRules, text) : faultsBy(haRules, text);
}

test("docs: every configuration that is shown is taken by the program that it is for, or by one of them", () => {
  const found = pages.flatMap((page) => configurations(page).map((one) => ({ page, ...one })));
  assert.ok(found.length >= 10, `only ${found.length} configurations`);
  const faults = found.flatMap(({ page, line, text, roles }) => {
    const each = roles.map((role) => faultsFor(role, text));
    return each.some(({ length }) => length === 0)
      ? []
      : [`${page}:${line}: ${each.flat().join("; ")}`];
  });
  assert.deepEqual(faults, []);
});
