/** The licence texts of the packages that a program holds, as a comment. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

export function licenceComment(metafile: Metafile): string {
  const packages = Object.keys(metafile.inputs).flatMap((input) => {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  const byText = new Map<string, string[]>();
  for (const name of [...new Set(packages)].sort()) {
    const directory = join("node_modules", name);
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`no licence file in ${directory}`);
    const text = readFileSync(join(directory, file), "utf8").trim();
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  const texts = [...byText].map(([text, names]) => `${names.join(", ")}\n\n${text}`);
  const comment = ["mip4: Apache-2.0, see LICENSE", ...texts].join("\n\n----\n\n");
  return `/*! Licences\n\n${comment.replaceAll("*/", "* /")}\n*/\n`;
}
