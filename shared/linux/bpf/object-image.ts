/** The compiled BPF programs, out of the files that scripts/build-native.sh has made with clang. */

import { nativeFile } from "../native-files.ts";
import { type BpfObject, readBpfObject } from "./object.ts";

/** For this byte order; `undefined`: clang was not there when it was built. */
export function bpfObject(order: "LE" | "BE"): BpfObject | undefined {
  const octets = nativeFile(order === "LE" ? "bpfel.o" : "bpfeb.o");
  return octets === undefined ? undefined : readBpfObject(octets);
}
