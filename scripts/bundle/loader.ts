/**
 * How a program gets at its parts. The command line is there as it is; everything else is packed, and
 * unpacked and compiled when it is first needed: what a command does not need costs it nothing.
 *
 * This goes into the front of each program (scripts/bundle/program-file.ts).
 */

import { compileFunction } from "node:vm";
import { brotliDecompressSync } from "node:zlib";

type Require = (name: string) => unknown;
type Body = (require: Require, module: { exports: object }, exports: object) => void;

/** The parts of a program by the names that they have for each other. */
export interface Parts {
  readonly plain: Readonly<Record<string, Body>>;
  /** Compressed by Brotli, in base64; functions, whose text the engine skips until they are called. */
  readonly packed: Readonly<Record<string, () => string>>;
}

/** The `require` of the parts; what is none of them is `builtin`'s. */
export function partsOf(program: string, { plain, packed }: Parts, builtin: Require): Require {
  // Not held: the configuration's schema goes when the configuration has been read.
  const loaded = new Map<string, WeakRef<object>>();

  function unpack(name: string): Body | undefined {
    const text = packed[name]?.();
    if (text === undefined) return undefined;
    const source = brotliDecompressSync(Buffer.from(text, "base64")).toString("latin1");
    const filename = `${program}/${name.slice("./".length)}`;
    return compileFunction(source, ["require", "module", "exports"], { filename }) as Body;
  }

  return function require(name) {
    const known = loaded.get(name)?.deref();
    if (known !== undefined) return known;
    const body = plain[name] ?? unpack(name);
    if (body === undefined) return builtin(name);
    const module = { exports: {} };
    body(require, module, module.exports);
    loaded.set(name, new WeakRef(module.exports));
    return module.exports;
  };
}
