/**
 * A virtual machine with Debian's kernel, for what this machine's kernel lacks (module by module:
 * ipip, ip_gre, cls_bpf, mac80211_hwsim ...). It boots in seconds in software emulation, has this
 * machine's file system read-only with a layer in memory over it, and needs no root:
 *
 *     const { status, output } = await runInMachine({ modules: ["ipip"], script: "ip link show" });
 *
 * or, as the first line of a script that runs inside as a whole, on root's own namespaces:
 *
 *     await enterMachine({ modules: ["tun", "veth", "bridge", "ip_gre"], memory: 1024 });
 *
 * `enterLab()` and all of test/lab work inside, too. One machine at a time: it has one CPU, and is
 * about 10 times slower than this one. `/dev/kvm` is not used: one that is there need not work, and a
 * machine that hangs for that cannot be told from a slow one.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "../lab/root.ts";

export interface MachineOptions {
  /** Kernel modules to load: name, then parameters (`mac80211_hwsim radios=3`); with what they depend on. */
  readonly modules?: readonly string[];
  /** For `sh`, as root, in the project's folder. What it writes to `/machine` comes back in `files`. */
  readonly script: string;
  /** MiB; default 768. */
  readonly memory?: number;
  /** The machine is ended after this time; default 240 s. */
  readonly timeoutMs?: number;
  /** Called with what the script writes, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Parameters of the kernel's command line besides the harness's. */
  readonly kernel?: readonly string[];
  /**
   * `instructions`: the machine's time is a nanosecond for each instruction, and not faster than time
   * passes here: what it measures does not depend on how busy this one is.
   */
  readonly clock?: "instructions";
}

export interface MachineResult {
  /** Exit status of the script. */
  readonly status: number;
  /** What it wrote, standard output and standard error in their order. */
  readonly output: string;
  /** What the script left in `/machine`, and `console`: what the kernel said. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** True inside a machine. */
export const inMachine = (): boolean => process.env.MIP4_MACHINE === "1";

function qemuArguments(files: string, options: MachineOptions): string[] {
  const { memory = 768, kernel = [] } = options;
  const counts = options.clock === "instructions";
  const cache = join(PROJECT_ROOT, ".cache", "machine");
  const share = (tag: string, path: string, more: string) => [
    ...["-fsdev", `local,id=${tag},path=${path},security_model=none,multidevs=remap${more}`],
    ...["-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
  // Without newer vector instructions: these are what software emulation is slowest at.
  const processor = ["Nehalem", "-accel", "tcg"];
  const words = ["console=ttyS0", "quiet", "panic=-1", "random.trust_cpu=on", "mitigations=off"];
  return [
    // A machine without HPET or PM timer cannot calibrate its TSC when this one is busy.
    ...["-M", "q35", "-cpu", ...processor],
    ...[
      "-smp",
      "1",
      "-m",
      `${memory}`,
      "-nodefaults",
      "-no-user-config",
      "-nographic",
      "-no-reboot",
    ],
    ...["-kernel", join(cache, "vmlinuz"), "-initrd", join(cache, "initramfs")],
    ...["-append", [...words, ...kernel, `project=${PROJECT_ROOT}`].join(" ")],
    ...["-serial", `file:${join(files, "console")}`],
    ...["-chardev", "stdio,id=output,signal=off", "-device", "virtio-serial-pci"],
    ...["-device", "virtserialport,chardev=output,nr=1"],
    ...share("host", "/", ",readonly=on"),
    ...share("files", files, ""),
    ...(counts ? ["-icount", "shift=0,sleep=on"] : []),
  ];
}

/** QEMU from start to end: what the script wrote. */
function boot(files: string, options: MachineOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    // It ends with this process, whatever ends that.
    const words = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...qemuArguments(files, options)];
    const qemu = spawn("setpriv", words, {
      stdio: "pipe", // an input that has ended would close the port for output, too
    });
    let output = "";
    let errors = "";
    const timeoutMs = options.timeoutMs ?? 240_000;
    const late = setTimeout(() => {
      errors += `the machine did not end within ${timeoutMs / 1000} s`;
      qemu.kill("SIGKILL");
    }, timeoutMs);
    qemu.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      options.onOutput?.(text);
    });
    qemu.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    qemu.on("error", reject);
    qemu.on("close", () => {
      clearTimeout(late);
      if (existsSync(join(files, "status"))) return resolve(output);
      const consoleText = readFileSync(join(files, "console"), "utf8").slice(-2000);
      reject(new Error([errors.trim(), output.slice(-2000), consoleText].join("\n")));
    });
  });
}

/** Boots a machine, runs the script, ends the machine. Throws when the script did not come to its end. */
export async function runInMachine(options: MachineOptions): Promise<MachineResult> {
  const prepared = spawnSync(join(PROJECT_ROOT, "scripts", "machine.sh"), {
    encoding: "utf8",
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (prepared.status !== 0) throw new Error(prepared.stderr.trim());
  const folder = mkdtempSync(join(tmpdir(), "mip4-machine-"));
  const path = `${dirname(process.execPath)}:${process.env.PATH}:/usr/sbin:/sbin`;
  writeFileSync(join(folder, "path"), path);
  writeFileSync(
    join(folder, "modules"),
    (options.modules ?? []).map((name) => `${name}\n`).join(""),
  );
  writeFileSync(join(folder, "script"), options.script);
  try {
    const output = await boot(folder, options);
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const files = new Map(names.map(({ name }) => [name, readFileSync(join(folder, name))]));
    return { status: Number(files.get("status")), output, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns inside a machine only. Outside it runs this script again inside, with the same words,
 * passes its output on and ends with its exit status.
 */
export async function enterMachine(options: Omit<MachineOptions, "script"> = {}): Promise<void> {
  if (inMachine()) return;
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const script = `exec ${words.map(quoted).join(" ")}`;
  const onOutput = (text: string) => process.stdout.write(text);
  try {
    process.exit((await runInMachine({ onOutput, ...options, script })).status);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
