/** A report whose fields are put together when somebody reads them: of most renewals nobody does. */

import type { JsonObject } from "../base/result.ts";
import type { Report } from "./core.ts";

export class LateReport implements Report {
  readonly type = "report";
  readonly level: Report["level"];
  readonly event: string;
  readonly #fields: () => JsonObject;

  /** `fields` is asked in the same turn, and again each time that somebody reads them. */
  constructor(level: Report["level"], event: string, fields: () => JsonObject) {
    this.level = level;
    this.event = event;
    this.#fields = fields;
  }

  get fields(): JsonObject {
    return this.#fields();
  }
}
