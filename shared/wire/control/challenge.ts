/** The foreign agent's challenge, given back. RFC 4721 §4. */

import { simpleExtension } from "../extension-table.ts";
import { octets } from "../variable-field.ts";

/** Mobile-Foreign Challenge Extension. RFC 4721 §4. The agent chooses how long a challenge is. */
export const mobileForeignChallenge = simpleExtension({
  type: 132,
  name: "mobile-foreign-challenge-extension",
  rfc: "RFC 4721 §4",
  fields: { challenge: octets(1) },
});
