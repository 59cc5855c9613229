/**
 * Run by privileges.test.ts: PR_GET_DUMPABLE before and after; or, told what to give up by a JSON text, what
 * the process is then.
 */

import { readdirSync, readFileSync } from "node:fs";
import { loadNative } from "../../shared/linux/native-loader.ts";
import { hideMemory } from "../../shared/linux/privileges.ts";
import { confine } from "../../shared/service/runtime/confine.ts";

const PR_GET_DUMPABLE = 3;
const dumpable = (): number => loadNative().prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

/** What each thread has: permitted, effective and inheritable; once, what several have. */
function capabilities(): string[] {
  const found = readdirSync("/proc/self/task").flatMap((task) => [
    ...readFileSync(`/proc/self/task/${task}/status`, "utf8").matchAll(
      /^Cap(Prm|Eff|Inh):\s*(\w+)$/gm,
    ),
  ]);
  return [...new Set(found.map(([, set, bits]) => `${set} ${bits}`))].sort();
}

function answer(): string {
  const [, , privileges] = process.argv;
  if (privileges === undefined) {
    const before = dumpable();
    hideMemory();
    return `${before} ${dumpable()}`;
  }
  const parts = { control: { socket: "/run/mip4/x.sock" }, dataplane: { driver: "tun" } } as const;
  confine({ ...parts, privileges: JSON.parse(privileges) }, "/var/lib/mip4/x.journal");
  const { pid, execArgv, argv, env } = process;
  return JSON.stringify({
    pid,
    execArgv,
    words: argv.slice(2),
    mark: env.MARK,
    dumpable: dumpable(),
    capabilities: capabilities(),
  });
}

process.stdout.write(`${answer()}\n`);
