/** Meanings of numbers, gathered while the fields are written; tables that agree are one. */

import type { NumberNames } from "../../shared/wire/field.ts";
import { luaNumberNames, luaString } from "./lua.ts";

export class Meanings {
  readonly #owner: string;
  /** The Lua text of a table of meanings, and the name that it has. */
  readonly #known = new Map<string, string>();
  readonly lines: string[] = [];

  constructor(owner: string) {
    this.#owner = owner;
  }

  /** How Lua calls these meanings; `user` names the field that needs them. */
  reference(names: NumberNames, user: string): string {
    const text = luaNumberNames(names);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const name = `${this.#owner}_meanings[${luaString(user)}]`;
    this.#known.set(text, name);
    this.lines.push(`${name} = ${text}`);
    return name;
  }
}
