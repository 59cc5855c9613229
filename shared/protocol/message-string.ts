/** Words that agents have for the user of a mobile node: RFC 4917. */

import type { ControlExtension } from "../wire/control-extensions.ts";
import { showText } from "../wire/show-text.ts";

export interface MessageString {
  readonly from: "home-agent" | "foreign-agent";
  /** Fit for a terminal. */
  readonly text: string;
}

export function messageStrings(extensions: readonly ControlExtension[]): MessageString[] {
  return extensions.flatMap((extension) => {
    if (extension.name !== "home-agent" && extension.name !== "foreign-agent") return [];
    return [{ from: extension.name, text: showText(extension.text) }];
  });
}
