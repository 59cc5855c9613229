/** Directories and configurations for the tests of the service layer. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { faRules } from "../../fa/config-rules.ts";
import { haRules } from "../../ha/config-rules.ts";
import { mnRules } from "../../mn/config-rules.ts";
import { parsePrefix } from "../../shared/base/address.ts";
import { assert } from "../../shared/base/result.ts";
import { type LoadedConfig, loadConfig } from "../../shared/service/config/load.ts";
import type { CommonConfig, ConfigRules, HostFacts } from "../../shared/service/program.ts";

export { faRules, haRules, mnRules };

/** An empty directory that goes with the test. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "mip4-test-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A machine whose default route goes out by `wan0`. */
export function host(wanAddresses: readonly string[] = ["192.0.2.1/24"]): HostFacts {
  const prefixes = wanAddresses.map(parsePrefix).filter((prefix) => prefix !== undefined);
  return { addresses: new Map([["wan0", prefixes]]), defaultInterface: "wan0" };
}

export interface Attempt<FileConfig, CoreConfig> {
  readonly loaded: LoadedConfig<FileConfig, CoreConfig> | undefined;
  /** Without the directory in front. */
  readonly faults: readonly string[];
}

/** Loads a text as `c.toml`. */
export function load<FileConfig extends CommonConfig, CoreConfig>(
  context: TestContext,
  rules: ConfigRules<FileConfig, CoreConfig>,
  text: string,
  options: { readonly host?: HostFacts; readonly board?: string; readonly directory?: string } = {},
): Attempt<FileConfig, CoreConfig> {
  const directory = options.directory ?? temporaryDirectory(context);
  const configFile = join(directory, "c.toml");
  writeFileSync(configFile, text);
  const facts = options.host ?? host();
  const result = loadConfig(rules, { configFile, board: options.board }, facts);
  if (result.ok) return { loaded: result.value, faults: [] };
  return {
    loaded: undefined,
    faults: result.error.map((line) => line.replace(`${directory}/`, "")),
  };
}

/** Loads a text that must be right. */
export function loadGood<FileConfig extends CommonConfig, CoreConfig>(
  context: TestContext,
  rules: ConfigRules<FileConfig, CoreConfig>,
  text: string,
  options: Parameters<typeof load>[3] = {},
): LoadedConfig<FileConfig, CoreConfig> {
  const { loaded, faults } = load(context, rules, text, options);
  assert(loaded !== undefined, faults.join("\n"));
  return loaded;
}

export const MINIMAL_FA = '[[interface]]\nname = "lan0"\ncare_of_address = "192.0.2.1"\n';
export const MINIMAL_MN = `home_address = "10.1.0.7"
home_agent = "198.51.100.1"
[[interface]]
name = "wlan0"
[[security_association]]
with = "home-agent"
spi = 256
key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
`;
export const MINIMAL_HA = `address = "198.51.100.1"
[[home_network]]
prefix = "10.1.0.0/24"
`;
