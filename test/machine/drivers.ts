/**
 * `make test-kernel`: the cases that every driver of the data path must pass, with the kernel's own
 * tunnel devices, in a virtual machine whose kernel has the modules; `DRIVER=tun` runs them there
 * with that driver.
 */

import { runInMachine } from "./machine.ts";

const MODULES = ["tun", "veth", "ipip", "ip_gre", "nf_tables"];
const DRIVER = process.env.DRIVER ?? "kernel";
const FILES = process.env.FILES?.split(",") ?? ["tunnel-forms-netns"];
/** A minute of it is the start of three programs in software emulation. */
const TIMEOUT_MS = 900_000;

const lines = [
  `export MIP4_FORWARDING_NETNS=1 MIP4_FORWARDING_DRIVER=${DRIVER}`,
  ...FILES.map((file) => {
    const path = `build/test/forwarding/${file}.test.js`;
    return `unshare -nm --fork ${process.execPath} --enable-source-maps --test-reporter=spec ${path} || failed=1`;
  }),
  `exit \${failed:-0}`,
];
const { status } = await runInMachine({
  modules: MODULES,
  script: lines.join("\n"),
  memory: 1024,
  timeoutMs: TIMEOUT_MS,
  onOutput: (text) => process.stdout.write(text),
});
process.exit(status);
