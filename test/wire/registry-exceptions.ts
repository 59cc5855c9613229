/** Where a table and the registry differ on purpose: the difference, and why. */

const ONE_NAME = "the registry has one name for four sub-types; the RFC's is unique in the space";
const PUBLISHED = "the vendor has published it; no RFC has it, and the registry is about RFCs";
const NO_DATA = "RFC 3957 §6.1, §6.3: sub-type 1 has no sub-type data; others may";

export const EXPECTED_DIFFERENCES: Readonly<Record<string, string>> = {
  "control extension 40/1: called mn-fa-aaa-keygen-request": ONE_NAME,
  "control extension 41/1: called mn-fa-aaa-keygen-reply": ONE_NAME,
  "control extension 42/1: called mn-ha-aaa-keygen-request": ONE_NAME,
  "control extension 43/1: called mn-ha-aaa-keygen-reply": ONE_NAME,
  "control extension 40/1: length 4 to 4, not 4 to 65535": NO_DATA,
  "control extension 42/1: length 4 to 4, not 4 to 65535": NO_DATA,
  "control extension 137: length 6 to 255, not 6 to 6":
    "RFC 3543 §3.2 foresees a longer one; what stands behind the known octets is kept and ignored",
  "control extension 154/2: length 3 to 65535, not 4 to 65535":
    "RFC 7629 §4.2 permits 1 to 8 identifiers; the layout can be read with none, and is judged later",
  "vendor's use of 38 5535/1025: 3gpp2-gre-key is not in the registry": PUBLISHED,
  "vendor's use of 134 5535/17: 3gpp2-dns-server-ip-address is not in the registry": PUBLISHED,
};
