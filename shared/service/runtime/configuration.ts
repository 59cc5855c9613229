/** The configuration that is in force, and when it is another: its file or its machine has changed. */

import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "../../base/result.ts";
import type { CommonConfig, HostFacts, Runnable } from "../program.ts";
import type { Loaded, Parts } from "./parts.ts";

export class Configuration<Config extends CommonConfig, CoreConfig> {
  readonly #refuse: Runnable<Config, CoreConfig>["refuseReload"];
  readonly #parts: Parts<Config, CoreConfig>;
  #loaded: Loaded<Config, CoreConfig>;
  #fileStamp: string;
  #hostFacts: HostFacts;

  constructor(
    program: Runnable<Config, CoreConfig>,
    parts: Parts<Config, CoreConfig>,
    loaded: Loaded<Config, CoreConfig>,
  ) {
    this.#refuse = program.refuseReload;
    this.#parts = parts;
    this.#loaded = loaded;
    this.#fileStamp = parts.fileStamp();
    this.#hostFacts = parts.hostFacts();
  }

  get loaded(): Loaded<Config, CoreConfig> {
    return this.#loaded;
  }

  /**
   * What the configuration leaves to the machine (a default care-of address) may be another now.
   * A file that has been edited since waits for its SIGHUP.
   */
  get isOutdated(): boolean {
    const { hostFacts, fileStamp } = this.#parts;
    return !isDeepStrictEqual(hostFacts(), this.#hostFacts) && fileStamp() === this.#fileStamp;
  }

  /** Reads the file again for this machine as it is now; is what the core is told another? */
  async load(): Promise<Result<boolean, readonly string[]>> {
    const stamp = this.#parts.fileStamp();
    const facts = this.#parts.hostFacts();
    const result = await this.#parts.load(facts);
    if (!result.ok) return result;
    const { config, core, wiring } = this.#loaded;
    const refused = this.#refuse?.(config, result.value.config);
    if (refused !== undefined) return err([refused]);
    this.#loaded = result.value;
    this.#fileStamp = stamp;
    this.#hostFacts = facts;
    return ok(!isDeepStrictEqual([core, wiring], [result.value.core, result.value.wiring]));
  }
}

/** What is wrong while a file with faults waits to be mended; the log has all of them. */
export function notApplied([first, ...more]: readonly string[]): string {
  const others = more.length > 0 ? ` (and ${more.length} more)` : "";
  return `not applied, the old one stays: ${first}${others}`;
}
