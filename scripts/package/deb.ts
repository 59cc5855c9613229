/** Debian packages: the programs with systemd units, manual pages and completions. */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type DescribedProgram, programs } from "../docs/programs.ts";
import { buildTime } from "./archive.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "./completion.ts";
import { commandPage, configPage } from "./man.ts";

const SOURCES = join("packaging", "debian");
const MAINTAINER = "The mip4 project <mip4@localhost>";

/** Writes the packages into `out`; returns their files. */
export function debianPackages(out: string, version: string): string[] {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const common = build(
    out,
    version,
    "mip4-common",
    "Mobile IPv4, what all programs need",
    [],
    () => {
      // Here, too: mip4-health.
    },
  );
  const each = programs.map((program) => {
    const depends = ["nodejs (>= 20.19)", `mip4-common (= ${version})`];
    const recommends = program.role === "fa" ? "Recommends: nftables\n" : "";
    return build(
      out,
      version,
      program.name,
      program.summary,
      depends,
      (root) => addProgram(root, program, version),
      recommends,
    );
  });
  return [common, ...each];
}

function build(
  out: string,
  version: string,
  name: string,
  summary: string,
  depends: readonly string[],
  fill: (root: string) => void = () => {},
  more = "",
): string {
  const root = join(out, `.${name}`);
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  if (name === "mip4-common") cpSync("packaging/common", root, { recursive: true });
  const own = join(SOURCES, name);
  if (existsSync(own)) cpSync(own, root, { recursive: true });
  fill(root);
  put(
    root,
    `usr/share/doc/${name}/copyright`,
    "mip4: Apache-2.0, see /usr/share/common-licenses/Apache-2.0\nPackages that the programs hold: their licences are at the end of each program.\n",
  );
  const needs = depends.length === 0 ? "" : `Depends: ${depends.join(", ")}\n`;
  put(
    root,
    "DEBIAN/control",
    `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: ${MAINTAINER}\nSection: net\nPriority: optional\n${needs}${more}Description: ${summary}\n Mobile IPv4 (RFC 5944): a host keeps its address while it moves from network to network.\n`,
  );
  if (name !== "mip4-common") addServiceScripts(root, name);
  const file = join(out, `${name}_${version}_all.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: buildTime() },
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(root, { recursive: true });
  return file;
}

function addProgram(root: string, program: DescribedProgram, version: string): void {
  const { name } = program;
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  cpSync(join("dist", name), join(root, "usr/bin", name));
  const compressed = (text: string): Buffer => gzipSync(text, { level: 9 });
  put(root, `usr/share/man/man8/${name}.8.gz`, compressed(commandPage(program, version)));
  put(root, `usr/share/man/man5/${name}.toml.5.gz`, compressed(configPage(program, version)));
  put(root, `usr/share/bash-completion/completions/${name}`, bashCompletion(program));
  put(root, `usr/share/zsh/vendor-completions/_${name}`, zshCompletion(program));
  put(root, `usr/share/fish/vendor_completions.d/${name}.fish`, fishCompletion(program));
}

/** The service begins when somebody has written its configuration and enables it. */
function addServiceScripts(root: string, name: string): void {
  const unit = `${name}.service`;
  const running = "[ -d /run/systemd/system ] || exit 0\n";
  const scripts = {
    postinst: `mkdir -p -m 0755 /etc/mip4\n${running}systemctl daemon-reload\n[ "$1" = configure ] && [ -n "$2" ] && systemctl try-restart ${unit}\nexit 0\n`,
    prerm: `${running}[ "$1" = remove ] && systemctl disable --now ${unit} >/dev/null 2>&1\nexit 0\n`,
    postrm: `[ "$1" = purge ] && rm -f /var/lib/mip4/${name.slice("mip4-".length)}.journal*\nrmdir /etc/mip4 /var/lib/mip4 2>/dev/null\n${running}systemctl daemon-reload\nexit 0\n`,
  };
  for (const [script, text] of Object.entries(scripts)) {
    put(root, `DEBIAN/${script}`, `#!/bin/sh\n${text}`, 0o755);
  }
}

function put(root: string, path: string, text: string | Buffer, mode = 0o644): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}
