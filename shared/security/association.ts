/** Mobility Security Associations (RFC 5944 §1.6, §5.1): data only. */

import type { Ipv4 } from "../base/address.ts";

export type Algorithm = "hmac-md5" | "keyed-md5" | "hmac-sha1" | "hmac-sha256";
export type ReplayMethod = "timestamp" | "nonce";

/** One security context: an SPI selects the algorithm, the key and the replay method. */
export interface SecurityContext {
  /** 256..2^32-1; 0..255 are reserved (RFC 5944 §1.6). */
  readonly spi: number;
  readonly algorithm: Algorithm;
  /** Arbitrary octets, NUL included (RFC 5944 §5.1). */
  readonly key: Uint8Array;
  readonly replay: ReplayMethod;
}

/** A context shared with the peer at this address. */
export interface PeerAssociation extends SecurityContext {
  readonly peer: Ipv4;
}
