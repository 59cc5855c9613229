/** Rules over more than one key that the programs share. */

import { ipv4 } from "../../base/address.ts";
import { assert } from "../../base/result.ts";
import type { RouterAddressRule } from "../../protocol/advertising-config.ts";
import type { PeerAssociation, SecurityContext } from "../../security/association.ts";
import type { ConfigFault } from "../program.ts";

/** RFC 1256 §4.1: MinAdvertisementInterval <= MaxAdvertisementInterval <= AdvertisementLifetime. */
export function checkAdvertisement(advertisement: {
  readonly max_interval: number;
  readonly min_interval: number;
  readonly lifetime: number;
  readonly address: readonly { readonly address: string }[];
}): ConfigFault[] {
  const { max_interval, min_interval, lifetime, address } = advertisement;
  const faults = checkUnique("advertisement.address", address, (row) => row.address, "address");
  if (min_interval > max_interval) {
    const message = `${min_interval} is more than max_interval, must be at most ${max_interval}`;
    faults.push({ key: "advertisement.min_interval", message });
  }
  if (lifetime < max_interval) {
    const message = `${lifetime} is less than max_interval, must be at least ${max_interval}`;
    faults.push({ key: "advertisement.lifetime", message });
  }
  return faults;
}

/** File form to core form: how single router addresses are advertised. */
export function routerAddressRules(
  rows: readonly {
    readonly address: string;
    readonly advertise: boolean;
    readonly preference: number;
  }[],
): RouterAddressRule[] {
  return rows.map((row) => ({ ...row, address: ipv4(row.address) }));
}

/** No two rows of an array are about the same thing. */
export function checkUnique<Row>(
  array: string,
  rows: readonly Row[],
  identity: (row: Row) => string,
  key: string,
): ConfigFault[] {
  const first = new Map<string, number>();
  return rows.flatMap((row, index) => {
    const id = identity(row);
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, index);
      return [];
    }
    const message = `${id} is already in ${array}[${earlier}], must be there only once`;
    return [{ key: `${array}[${index}].${key}`, message }];
  });
}

/** File form of a security context. */
interface FileContext {
  readonly spi: number;
  readonly key?: string | undefined;
  readonly algorithm: SecurityContext["algorithm"];
  readonly replay: SecurityContext["replay"];
}

/** File form to core form; the loader has made sure that there is a key. */
export function toContext(file: FileContext): SecurityContext {
  assert(file.key !== undefined, "a security association without its key");
  const key = Uint8Array.from(file.key.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
  return { spi: file.spi, algorithm: file.algorithm, key, replay: file.replay };
}

export function toPeer(file: FileContext, peer: string): PeerAssociation {
  return { ...toContext(file), peer: ipv4(peer) };
}
