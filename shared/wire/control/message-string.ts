/** Words for people and names of services: Message String and Service Selection. */

import { shortExtension, simpleExtension } from "../extension-table.ts";
import { octets, text } from "../variable-field.ts";

const MESSAGE_STRING = { type: 145, extension: "message-string-extension" } as const;

/** Message String Extension from the home agent. RFC 4917 §3. */
const fromHomeAgent = shortExtension({
  ...MESSAGE_STRING,
  subtype: 1,
  name: "home-agent",
  rfc: "RFC 4917 §3",
  fields: { text: text(1) },
});

/** Message String Extension from the foreign agent. RFC 4917 §3. */
const fromForeignAgent = shortExtension({
  ...MESSAGE_STRING,
  subtype: 2,
  name: "foreign-agent",
  rfc: "RFC 4917 §3",
  fields: { text: text(1) },
});

/** Message String Extension of any other sub-type. RFC 4917 §3. */
const messageString = shortExtension({
  type: 145,
  name: "message-string-extension",
  rfc: "RFC 4917 §3",
  fields: { data: octets() },
});

/** Service Selection Extension: 1 to 255 octets of UTF-8 that name a service. RFC 5446 §3. */
const serviceSelection = simpleExtension({
  type: 151,
  name: "service-selection-extension",
  rfc: "RFC 5446 §3",
  fields: { identifier: text(1) },
});

/** Extensions 145 and 151. RFC 4917 §3, RFC 5446 §3. */
export const messageStringTables = [
  fromHomeAgent,
  fromForeignAgent,
  messageString,
  serviceSelection,
] as const;
