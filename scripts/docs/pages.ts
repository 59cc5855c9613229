/** Every page that is made from the code: path from the project's top, and text. */

import { gatherCitations } from "../conformance/citations.ts";
import { printMarkdown } from "../conformance/print.ts";
import { assess } from "../conformance/report.ts";
import { loadExceptions, loadRequirements } from "../conformance/tables.ts";
import { dissectorScript } from "../wireshark/dissector.ts";
import { boardPages } from "./boards.ts";
import { commandsPage } from "./commands.ts";
import { configurationPage } from "./configuration.ts";
import { metricsPage } from "./metrics.ts";
import { statesPage } from "./states.ts";
import { wirePage } from "./wire.ts";

/** From the sources alone, never from a run: the same tree gives the same page. */
function conformancePage(): string {
  const citations = gatherCitations(".");
  return printMarkdown(assess(loadRequirements("."), loadExceptions("."), citations, undefined));
}

export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/reference/configuration.md", configurationPage()],
    ["docs/reference/commands.md", commandsPage()],
    ["docs/reference/metrics.md", metricsPage()],
    ["docs/reference/wire.md", wirePage()],
    ["docs/reference/conformance.md", conformancePage()],
    ...boardPages(),
    ["docs/internals/mobile-node-states.md", statesPage()],
    ["packaging/wireshark/mip4.lua", dissectorScript()],
  ]);
}
