/** The three programs, in the order in which the pages have them. */

import { faProgram } from "../../fa/program.ts";
import { haProgram } from "../../ha/program.ts";
import { mnProgram } from "../../mn/program.ts";
import { commandsOf } from "../../shared/service/cli/main.ts";
import type { CommonConfig, Program } from "../../shared/service/program.ts";

/** What the pages need of a program, without its configuration's type. */
async function describe<F extends CommonConfig, C>(program: Program<F, C>) {
  const { name, role, summary } = program;
  const { schema, planned } = await program.rules();
  const { metrics } = await program.engine();
  const commands = commandsOf(program, () => Promise.resolve(0));
  return { name, role, summary, schema, planned, metrics, commands };
}

export type DescribedProgram = Awaited<ReturnType<typeof describe>>;

export const programs: readonly DescribedProgram[] = await Promise.all([
  describe(faProgram),
  describe(mnProgram),
  describe(haProgram),
]);
