/**
 * The boards that a program knows. In a checkout they are read from the files; scripts/bundle.ts puts
 * the same export with their content in the place of this module.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./checkout.ts";

/** board-configs/*.toml: name without the ending, and text. */
export function boardFiles(): readonly (readonly [name: string, text: string])[] {
  const directory = join(checkout(), "board-configs");
  return readdirSync(directory)
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .map((file) => [file.slice(0, -".toml".length), readFileSync(join(directory, file), "utf8")]);
}
