/**
 * Where the compiled BPF object comes from. In a checkout it is `build/native/bpfel.o` or `bpfeb.o`,
 * which scripts/build-native.sh makes with clang; in a bundle this whole module is replaced: the
 * esbuild plugin of scripts/embed-native.ts puts the same export in its place, with what is needed
 * of both files inside, gzipped.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { imageDirectory } from "../helper-image.ts";
import { type BpfObject, readBpfObject } from "./object.ts";

/** For this byte order; `undefined`: clang was not there when it was built. */
export function bpfObject(order: "LE" | "BE"): BpfObject | undefined {
  const directory = imageDirectory();
  if (directory === undefined) return undefined;
  const path = join(directory, order === "LE" ? "bpfel.o" : "bpfeb.o");
  return existsSync(path) ? readBpfObject(readFileSync(path)) : undefined;
}
