/**
 * The esbuild plugin that puts the native helpers into a bundle: `plugins: [embedNative()]`.
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

/** Embeds what `directory` holds when the bundle is made; the project's root is the default base. */
export function embedNative(directory = join("build", "native")): Plugin {
  return {
    name: "embed-native",
    setup(build) {
      build.onLoad({ filter: /[/\\]linux[/\\]helper-image\.[jt]s$/ }, () => ({
        contents: embeddedImages(directory),
        loader: "js",
      }));
    },
  };
}
