/** docs/internals/mobile-node-states.md, from the transitions that the core may make. */

import { type MnState, TRANSITIONS } from "../../mn/core/state.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

const INTRODUCTION = `The state is computed from whom the node is attached to, whether it has a registration and through
whom, and how the last attempt went (\`mn/core/state.ts\`). The diagram shows
which state may follow which, the table what it takes; staying is always possible.`;

interface Edge {
  readonly from: string;
  readonly to: MnState;
  readonly trigger: string;
}

function edges(): Edge[] {
  return Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([trigger, targets]) =>
      targets.map((to) => ({ from, to, trigger })),
    ),
  );
}

export function statesPage(): string {
  const arrows = new Map<string, string[]>();
  for (const { from, to, trigger } of edges()) {
    const arrow = `${from} --> ${to}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), trigger]);
  }
  const diagram = [...arrows.keys()].map((arrow) => `    ${arrow}`);
  const rows = [...arrows].map(([arrow, triggers]) => [
    ...arrow.split(" --> ").map(code),
    triggers.join(", "),
  ]);
  return page(
    "# States of a mobile node",
    GENERATED,
    INTRODUCTION,
    ["```mermaid", "stateDiagram-v2", "    [*] --> searching", ...diagram, "```"].join("\n"),
    markdownTable(["From", "To", "By"], rows),
  );
}
