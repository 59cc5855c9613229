/** `mip4-ha add`: a new mobile node, for both sides. */

import { writeFileSync } from "node:fs";
import {
  CONFIG_OPTION,
  type CommandSpec,
  configFile,
  EXIT,
  type Invocation,
} from "../shared/service/cli/commands.ts";
import { ALGORITHM_OPTION, newKey } from "../shared/service/cli/node-options.ts";
import { readHostFacts } from "../shared/service/config/host-facts.ts";
import { readConfig } from "../shared/service/config/read.ts";
import type { Program } from "../shared/service/program.ts";
import type { HaConfig } from "./config.ts";

export function addCommand<CoreConfig>(program: Program<HaConfig, CoreConfig>): CommandSpec {
  return {
    name: "add",
    arguments: ["name"],
    summary:
      "make a key for a new node, a home address or a NAI, and print both sides' configuration",
    options: [
      CONFIG_OPTION,
      {
        name: "address",
        value: "address",
        summary: "of a node named by its NAI; without it a dynamic one",
      },
      { name: "interface", value: "name", summary: "the node's link (default: wlan0)" },
      ALGORITHM_OPTION,
      {
        name: "node",
        value: "file",
        summary:
          "write the node's configuration to this new file, mode 0600, and print the home agent's part alone",
      },
    ],
    exits: {
      [EXIT.ok]: "done",
      [EXIT.failed]:
        "the configuration has faults, the node cannot be added, or the file cannot be written",
    },
    action: (invocation) => add(program, invocation),
  };
}

async function add<CoreConfig>(
  program: Program<HaConfig, CoreConfig>,
  invocation: Invocation,
): Promise<number> {
  const { output } = invocation;
  const secret = newKey(invocation);
  const options = { configFile: configFile(invocation), board: undefined };
  const loaded = await readConfig(program, options, readHostFacts());
  if (!loaded.ok) {
    for (const line of loaded.error) output.err(line);
    return EXIT.failed;
  }
  const [name = ""] = invocation.arguments;
  const { provision } = await import("./provision.ts");
  const stanzas = provision(loaded.value.config, {
    name,
    homeAddress: invocation.text("address"),
    interface: invocation.text("interface") ?? "wlan0",
    ...secret,
  });
  if (!stanzas.ok) {
    output.err(`${program.name}: ${stanzas.error}`);
    return EXIT.failed;
  }
  const { homeAgent, mobileNode } = stanzas.value;
  const file = invocation.text("node");
  if (file === undefined) {
    output.out(
      `# for ${options.configFile}\n${homeAgent}\n# the node's mn.toml\n${mobileNode}`.trimEnd(),
    );
    return EXIT.ok;
  }
  try {
    writeFileSync(file, mobileNode, { mode: 0o600, flag: "wx" });
  } catch (error) {
    output.err(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failed;
  }
  output.out(homeAgent.trimEnd());
  return EXIT.ok;
}
