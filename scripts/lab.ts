/** `make lab`: leaves the demo's network standing, with the programs at work, until Ctrl-C. */

import { enterLab, labPid } from "../test/lab/enter.ts";
import { ADDRESS, buildMobileNet, type MobileNet } from "../test/lab/mobile-net.ts";
import { DAEMONS, roleOf } from "../test/lab/program-files.ts";
import { type Programs, startPrograms } from "../test/lab/programs.ts";
import { PROJECT_ROOT } from "../test/lab/root.ts";

/** A command for another terminal of the same user that enters one host of this lab. */
function enterCommand(host: string): string {
  const outer = `nsenter -t ${labPid()} -U -m -p --preserve-credentials`;
  return `${outer} nsenter --net=/run/netns/${host} --wd=${PROJECT_ROOT} bash`;
}

function moveCommands(net: MobileNet): string[] {
  const outer = `nsenter -t ${labPid()} -U -m -p --preserve-credentials`;
  const { far } = net.port;
  return Object.entries(net.places).map(([place, segment]) => {
    const steps = ["down", `master ${segment.name}`, "up"].map(
      (what) => `ip -n ${net.lab.switchName} link set ${far} ${what}`,
    );
    return `to ${place.padEnd(9)} ${outer} sh -c '${steps.join("; ")}'`;
  });
}

function describe(net: MobileNet, programs: Programs): void {
  const purposes: Readonly<Record<string, string>> = {
    mn: `mobile node ${ADDRESS.home}, now on FA1's link`,
    fa1: `foreign agent ${ADDRESS.fa1}`,
    fa2: `foreign agent ${ADDRESS.fa2}`,
    ha: `home agent ${ADDRESS.homeAgent}`,
    cn: `correspondent ${ADDRESS.correspondent}`,
    peer: `a host at home, ${ADDRESS.peer}`,
    inet: "the router between them",
  };
  const lines = ["The network stands. Enter a host from another terminal:", ""];
  for (const [host, purpose] of Object.entries(purposes)) {
    lines.push(`  ${host}: ${purpose}`, `    ${enterCommand(host)}`);
  }
  lines.push("", "Inside, ask the programs:", "");
  for (const name of DAEMONS) {
    const { socket, log } = programs.daemons[name].files;
    lines.push(`  dist/mip4-${roleOf(name)} status --socket ${socket}    # log: ${log}`);
  }
  lines.push("", "Move the mobile node:", "");
  lines.push(...moveCommands(net).map((line) => `  ${line}`));
  lines.push("", "Ctrl-C ends the programs and takes everything away.");
  process.stdout.write(`${lines.join("\n")}\n`);
}

await enterLab({ tun: true });
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
const net = await buildMobileNet({ start: "foreign1", homeLine: { delayMs: 20 } });
const programs = await startPrograms(net);
describe(net, programs);
const alive = setInterval(() => undefined, 60_000); // nothing else keeps the process waiting
await interrupted;
clearInterval(alive);
process.stdout.write("\nending\n");
const statuses = await programs.stop();
await net.lab.close();
process.exit(Object.values(statuses).every((status) => status === 0) ? 0 : 1);
