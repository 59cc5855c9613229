/**
 * `make package`: packages of the bundles in dist/, for OpenWrt (dist/openwrt, with a feed for its
 * SDK) and Debian (dist/debian). Run in the project's root after `make build`.
 *
 *   node build/scripts/package.js [--out DIR]
 */

import { statSync } from "node:fs";
import { join } from "node:path";
import { version } from "../shared/service/embedded/version.ts";
import { debianPackages } from "./package/deb.ts";
import { openwrtPackages } from "./package/ipk.ts";

const out = process.argv[2] === "--out" ? (process.argv[3] ?? "dist") : "dist";
const openwrt = openwrtPackages(join(out, "openwrt"));
const debian = debianPackages(join(out, "debian"), version());
for (const file of [...openwrt, ...debian]) {
  console.log(`${file}  ${statSync(file).size} octets`);
}
