/**
 * The esbuild plugin that puts the native helpers and BPF programs into a bundle:
 * `plugins: [embedNative()]`.
 *
 * It replaces shared/linux/helper-image.ts (which reads build/native of a checkout) by a module
 * with the same two exports that holds each helper gzipped in base64, about 7 KB a CPU, unpacked
 * only for the CPU it runs on. All helpers in build/native are embedded; none is an error, because
 * the bundle would be useless on a router.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "esbuild";
import { readBpfObject } from "../shared/linux/bpf/object.ts";

/** The replacing module's source; `directory` is build/native. */
export function embeddedImages(directory: string): string {
  const files = existsSync(directory)
    ? readdirSync(directory).filter((file) => file.endsWith(".node"))
    : [];
  if (files.length === 0) {
    throw new Error(`no native helper in ${directory}: run scripts/build-native.sh first`);
  }
  const images = files.sort().map((file) => {
    const packed = gzipSync(readFileSync(join(directory, file)), { level: 9 });
    return [file.slice(0, -".node".length), packed.toString("base64")];
  });
  return `import { gunzipSync } from "node:zlib";
const images = new Map(${JSON.stringify(images)});
export const helperArchitectures = () => [...images.keys()];
export function helperImage(architecture) {
  const image = images.get(architecture);
  return image === undefined ? undefined : gunzipSync(Buffer.from(image, "base64"));
}
`;
}

/** The same for shared/linux/bpf/object-image.ts: what a loader needs of the objects, read here. */
export function embeddedObjects(directory: string): string {
  const objects = ["LE", "BE"].flatMap((order) => {
    const path = join(directory, order === "LE" ? "bpfel.o" : "bpfeb.o");
    if (!existsSync(path)) return [];
    const { programs, maps } = readBpfObject(readFileSync(path));
    const packed = programs.map(({ instructions, ...program }) => ({
      ...program,
      instructions: Buffer.from(instructions).toString("base64"),
    }));
    return [[order, { programs: packed, maps }]];
  });
  const packed = gzipSync(JSON.stringify(Object.fromEntries(objects)), { level: 9 });
  return `import { gunzipSync } from "node:zlib";
export function bpfObject(order) {
  const object = JSON.parse(gunzipSync(Buffer.from("${packed.toString("base64")}", "base64")))[order];
  if (object === undefined) return undefined;
  const unpack = (program) =>
    ({ ...program, instructions: Uint8Array.from(Buffer.from(program.instructions, "base64")) });
  return { ...object, programs: object.programs.map(unpack) };
}
`;
}

/** Embeds what `directory` holds when the bundle is made; the project's root is the default base. */
export function embedNative(directory = join("build", "native")): Plugin {
  return {
    name: "embed-native",
    setup(build) {
      build.onLoad({ filter: /[/\\]linux[/\\]helper-image\.[jt]s$/ }, () => ({
        contents: embeddedImages(directory),
        loader: "js",
      }));
      build.onLoad({ filter: /[/\\]linux[/\\]bpf[/\\]object-image\.[jt]s$/ }, () => ({
        contents: embeddedObjects(directory),
        loader: "js",
      }));
    },
  };
}
