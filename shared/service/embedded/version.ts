/**
 * The version that a program says. In a checkout it is read from the file; scripts/bundle.ts puts the
 * same export with its content in the place of this module.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/result.ts";
import { checkout } from "./checkout.ts";

/** The version in package.json. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(checkout(), "package.json"), "utf8"));
  assert(typeof manifest === "object" && manifest !== null && "version" in manifest, "no version");
  return String(manifest.version);
}
