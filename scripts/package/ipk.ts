/**
 * OpenWrt packages without OpenWrt's SDK: a feed that the SDK takes, and `.ipk` files out of it.
 *
 * An .ipk is a gzipped tar of `debian-binary`, `control.tar.gz` and `data.tar.gz` (opkg, as of
 * OpenWrt 24.10; from 25.12 on packages are made from the feed).
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../docs/programs.ts";
import { tarDirectory } from "./archive.ts";
import { formTables } from "./form.ts";
import { type OpenwrtPackage, readPackageMakefile } from "./makefile.ts";

const SOURCES = join("packaging", "openwrt");

/** Writes `feed/` and the packages into `out`; returns the files of the packages. */
export function openwrtPackages(out: string): string[] {
  const feed = join(out, "feed");
  rmSync(out, { recursive: true, force: true });
  cpSync(SOURCES, feed, { recursive: true });
  const packages = readdirSync(feed, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return packages.map(({ name }) => {
    addProgram(name, join(feed, name, "files"));
    return buildIpk(join(feed, name), out);
  });
}

/** What is not in the sources: the programs, and what other systems get too. */
function addProgram(name: string, files: string): void {
  if (name === "mip4-common") cpSync("packaging/common", files, { recursive: true });
  if (name === "luci-app-mip4") addForms(join(files, "www/luci-static/resources/mip4"));
  const bundle = join("dist", name);
  if (!/^mip4-(fa|mn|ha)$/.test(name)) return;
  mkdirSync(join(files, "usr/bin"), { recursive: true });
  cpSync(bundle, join(files, "usr/bin", name));
}

function addForms(folder: string): void {
  for (const program of programs) {
    const text = JSON.stringify(formTables(program));
    writeFileSync(join(folder, `${program.role}.json`), `${text}\n`);
  }
}

function buildIpk(directory: string, out: string): string {
  const makefiles = [join(directory, "..", "mip4.mk"), join(directory, "Makefile")];
  const about = readPackageMakefile(makefiles.map((file) => readFileSync(file, "utf8")).join("\n"));
  const work = join(out, `.${about.name}`);
  const control = join(work, "control");
  mkdirSync(control, { recursive: true });
  writeFileSync(join(control, "control"), controlText(about, sizeOf(join(directory, "files"))));
  if (about.conffiles.length > 0) {
    writeFileSync(join(control, "conffiles"), `${about.conffiles.join("\n")}\n`);
  }
  // OpenWrt's own functions enable services and run uci-defaults; a package's own part is `-pkg`.
  putScript(control, "postinst", "default_postinst");
  putScript(control, "prerm", "default_prerm");
  for (const [name, text] of Object.entries({ postinst: about.postinst, prerm: about.prerm })) {
    if (text !== "") writeFileSync(join(control, `${name}-pkg`), text, { mode: 0o755 });
  }
  tarDirectory(control, join(work, "control.tar.gz"), ["."]);
  tarDirectory(join(directory, "files"), join(work, "data.tar.gz"), ["."]);
  writeFileSync(join(work, "debian-binary"), "2.0\n");
  const file = join(out, `${about.name}_${about.version}_all.ipk`);
  tarDirectory(work, file, ["./debian-binary", "./data.tar.gz", "./control.tar.gz"]);
  rmSync(work, { recursive: true });
  return file;
}

/** As OpenWrt's build makes it: the functions are those of the system installed to. */
function putScript(control: string, name: string, call: string): void {
  const lines = [
    "#!/bin/sh",
    '[ "$IPKG_NO_SCRIPT" = "1" ] && exit 0',
    '[ -s "$IPKG_INSTROOT/lib/functions.sh" ] || exit 0',
    '. "$IPKG_INSTROOT/lib/functions.sh"',
    `${call} "$0" "$@"`,
  ];
  writeFileSync(join(control, name), `${lines.join("\n")}\n`, { mode: 0o755 });
}

function controlText(about: OpenwrtPackage, size: number): string {
  const lines = [
    ["Package", about.name],
    ["Version", about.version],
    ["Depends", ["libc", ...about.depends].join(", ")],
    ["Section", about.section],
    ["License", "Apache-2.0"],
    ["Architecture", "all"],
    ["Installed-Size", String(size)],
    ["Description", [about.title, about.description].filter(Boolean).join("\n ")],
  ];
  return `${lines.map(([key, value]) => `${key}: ${value}`).join("\n")}\n`;
}

/** Octets of all files. */
function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);
}
