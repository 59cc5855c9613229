/**
 * How a program gets at its parts, which stand in its own file behind the code (program-file.ts). The
 * command line is there as it is; everything else is compressed, and unpacked and compiled when it is
 * first needed: what a command does not need costs it nothing.
 */

import { compileFunction } from "node:vm";

type Require = (name: string) => unknown;
type Body = (require: Require, module: { exports: object }, exports: object) => void;

/** `plain`: CommonJS; `packed`: the same, compressed by Brotli; `octets`: no code, compressed likewise. */
export type Form = "plain" | "packed" | "octets";

/** A part's form, and where it begins and ends: octets before the end of the file. */
export type Place = readonly [form: Form, begin: number, end: number];

/** Where the parts of a program are, by the names that they have for each other. */
export type Places = Readonly<Record<string, Place>>;

/** The `require` of the parts; what is none of them is `builtin`'s. */
export function partsOf(program: string, file: Buffer, places: Places, builtin: Require): Require {
  // Not held: the configuration's schema goes when the configuration has been read.
  const loaded = new Map<string, WeakRef<object>>();

  function contentOf([form, begin, end]: Place): Buffer {
    // A view, so that an upgrade of the file changes nothing for a program that runs.
    const content = file.subarray(file.length - begin, file.length - end);
    if (form === "plain") return content;
    // Not before it is needed: the module takes longer to load than the command line.
    const { brotliDecompressSync } = builtin("node:zlib") as typeof import("node:zlib");
    return brotliDecompressSync(content);
  }

  return function require(name) {
    const known = loaded.get(name)?.deref();
    if (known !== undefined) return known;
    const place = places[name];
    if (place === undefined) return builtin(name);
    const content = contentOf(place);
    if (place[0] === "octets") return content;
    const filename = `${program}/${name.slice("./".length)}`;
    const parameters = ["require", "module", "exports"];
    const body = compileFunction(content.toString("latin1"), parameters, { filename }) as Body;
    const module = { exports: {} };
    body(require, module, module.exports);
    loaded.set(name, new WeakRef(module.exports));
    return module.exports;
  };
}
