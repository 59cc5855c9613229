/** The headings of the wire page, and links to them. */

import type { ExtensionSpace } from "../../shared/wire/extension.ts";
import type { ExtensionTable } from "../../shared/wire/extension-table.ts";
import type { MessageTable } from "../../shared/wire/message.ts";

/** A number space of extensions as the page shows it. */
export interface Section {
  readonly title: string;
  /** What one of them is called. */
  readonly what: string;
  readonly space: ExtensionSpace;
}

export function messageHeading({ name, type, rfc }: MessageTable): string {
  return `${name}, type ${type} (${rfc})`;
}

export function extensionHeading(
  { name, type, rfc }: ExtensionTable,
  { what }: Pick<Section, "what">,
): string {
  return `${what} ${type}: ${name} (${rfc})`;
}

/** As GitHub makes it of a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9_ -]/g, "")
    .replaceAll(" ", "-");
}

export function link(text: string, heading: string): string {
  return `[${text}](#${anchor(heading)})`;
}
