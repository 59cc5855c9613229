/**
 * `make test-kernel`: the rules of tunnels by every driver, in a virtual machine whose kernel has the
 * modules of its own tunnel devices; by these also every form of tunnel, and what `auto` takes there.
 * `RUNS=kernel:rules-netns,tun:rules-netns` chooses among them.
 */

import { runInMachine } from "./machine.ts";

const MODULES = ["tun", "veth", "ipip", "ip_gre", "nf_tables", "sch_ingress", "cls_bpf"];
const RUNS =
  process.env.RUNS ??
  "kernel:rules-netns,ebpf:rules-netns,tun:rules-netns,kernel:tunnel-forms-netns,kernel:auto-netns";
/** Each starts some processes of Node, in software emulation. */
const TIMEOUT_MS = 1_800_000;

const lines = RUNS.split(",").map((run) => {
  const [driver, file] = run.split(":");
  const path = `build/test/forwarding/${file}.test.js`;
  // Where programs cannot be loaded, `auto` takes the kernel's devices.
  const namespaces = file === "auto-netns" && driver !== "ebpf" ? "-Urnm" : "-nm";
  return `echo; echo "${file} by ${driver}"
export MIP4_FORWARDING_NETNS=1 MIP4_FORWARDING_DRIVER=${driver}
unshare ${namespaces} --fork ${process.execPath} --enable-source-maps --test-reporter=spec ${path} || failed=1`;
});
const { status } = await runInMachine({
  modules: MODULES,
  script: `${lines.join("\n")}\nexit \${failed:-0}`,
  memory: 1024,
  timeoutMs: TIMEOUT_MS,
  onOutput: (text) => process.stdout.write(text),
});
process.exit(status);
