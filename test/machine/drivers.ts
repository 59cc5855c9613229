/**
 * `make test-kernel`: the rules of tunnels by every driver, in a virtual machine whose kernel has the
 * modules of its own tunnel devices; by these also every form of tunnel, and what `auto` takes there.
 * `RUNS=kernel:rules-netns,tun:rules-netns` chooses among them.
 */

import { runInMachine } from "./machine.ts";

const MODULES = ["tun", "veth", "nf_tables", "sch_ingress", "cls_bpf"];
/** What most runs want from the start, and late-modules-netns.test.ts later on. */
const LATE = "modprobe -a ipip ip_gre";
const LOAD = "/tmp/load-modules";
const LATE_RUN = "late-modules-netns";
/** That one is the first, if it is there at all. */
const RUNS =
  process.env.RUNS ??
  [
    `auto:${LATE_RUN}`,
    ...["kernel", "ebpf", "ebpf-fast", "tun"].map((driver) => `${driver}:rules-netns`),
    ...["tunnel-forms", "overlap", "auto"].map((name) => `kernel:${name}-netns`),
  ].join(",");
/** Each starts some processes of Node, in software emulation. */
const TIMEOUT_MS = 3_600_000;

const lines = RUNS.split(",").map((run) => {
  const [driver, file] = run.split(":");
  const path = `build/test/forwarding/${file}.test.js`;
  // Where programs cannot be loaded, `auto` takes the kernel's devices.
  const isRestricted = file === LATE_RUN || (file === "auto-netns" && driver !== "ebpf");
  const namespaces = isRestricted ? "-Urnm" : "-nm";
  const late = `{ while [ ! -e ${LOAD} ]; do sleep 0.2; done; ${LATE}; : >${LOAD}.done; } &`;
  return `echo; echo "${file} by ${driver}"
${file === LATE_RUN ? late : LATE}
export MIP4_FORWARDING_NETNS=1 MIP4_FORWARDING_DRIVER=${driver}
unshare ${namespaces} --fork ${process.execPath} --enable-source-maps --test-reporter=spec ${path} || failed=1`;
});
const { status } = await runInMachine({
  modules: MODULES,
  script: `${lines.join("\n")}\nexit \${failed:-0}`,
  memory: 1024,
  timeoutMs: TIMEOUT_MS,
  // No limit of a test is too short for a machine that has little of this one.
  clock: "instructions",
  onOutput: (text) => process.stdout.write(text),
});
process.exit(status);
