/** Vendor extensions: RFC 3115. No vendor's use of the critical one is built. */

import { type ControlExtension, controlExtensions } from "../wire/control-extensions.ts";

/** CVSE-TYPE-NUMBER (RFC 3115 §2.1). */
const CRITICAL = 38;

/** Of any vendor: the names of the tables of extension 38. */
const criticalNames: ReadonlySet<string> = new Set(
  controlExtensions.byType[CRITICAL]?.map(({ table }) => table.name),
);

/**
 * RFC 3115 §2.3: a message with a CVSE whose vendor or type is not supported is refused, wherever
 * it stands and whomever it was meant for; an agent on the way processes it too.
 */
export function hasUnsupportedVendorExtension(extensions: readonly ControlExtension[]): boolean {
  return extensions.some(({ name }) => criticalNames.has(name));
}
