/** Network Access Identifiers of mobile nodes: RFC 2794. */

import type { ControlExtension } from "../wire/control-extensions.ts";

/** The Mobile Node NAI of a message (RFC 2794 §2). */
export function naiIn(extensions: readonly ControlExtension[]): string | undefined {
  const extension = extensions.find(({ name }) => name === "mobile-node-nai-extension");
  return extension?.name === "mobile-node-nai-extension" ? extension.nai : undefined;
}

/** The realm of a NAI: what stands behind its last `@` (RFC 4282 §2.1); lower case. */
export function realmOf(nai: string | undefined): string | undefined {
  const at = nai?.lastIndexOf("@") ?? -1;
  return nai === undefined || at < 0 ? undefined : nai.slice(at + 1).toLowerCase();
}

/** One form for all spellings of a NAI: only its realm has no regard for case (RFC 4282 §2.3). */
export function canonicalNai(nai: string): string {
  const realm = realmOf(nai);
  return realm === undefined ? nai : `${nai.slice(0, nai.lastIndexOf("@"))}@${realm}`;
}
