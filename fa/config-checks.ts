/** What the foreign agent's configuration needs beyond its schema: the machine, and other keys. */

import { formatIpv4, type Ipv4, isUsableUnicast } from "../shared/base/address.ts";
import { err, ok, type Result } from "../shared/base/result.ts";
import { checkAdvertisement, checkUnique } from "../shared/service/config/checks.ts";
import type { ConfigFault, HostFacts } from "../shared/service/program.ts";
import type { FaConfig } from "./config.ts";
import { checkFastHandover } from "./config-fast-handover.ts";

/** A care-of address is the agent's own and reachable from everywhere (RFC 5944 §1.1). */
function isGlobal(address: Ipv4): boolean {
  const isLinkLocal = address >>> 16 === 0xa9fe;
  return isUsableUnicast(address) && !isLinkLocal;
}

/** The care-of address of a link that names none: the one by which the machine reaches the world. */
export function completeFa(
  config: FaConfig,
  host: HostFacts,
): Result<FaConfig, readonly ConfigFault[]> {
  const uplink = host.defaultInterface;
  const found = uplink === undefined ? [] : (host.addresses.get(uplink) ?? []);
  const fallback = found.find((prefix) => isGlobal(prefix.address))?.address;
  const faults: ConfigFault[] = [];
  const links = config.interface.map((each, index) => {
    if (each.care_of_address !== undefined) return each;
    if (fallback !== undefined) return { ...each, care_of_address: formatIpv4(fallback) };
    const why =
      uplink === undefined
        ? "no interface holds a default route"
        : `${uplink}, which holds the default route, has no global address`;
    const message = `missing, and ${why}, must be the address of this agent that tunnels end at`;
    faults.push({ key: `interface[${index}].care_of_address`, message });
    return each;
  });
  return faults.length > 0 ? err(faults) : ok({ ...config, interface: links });
}

export function crossCheckFa(config: FaConfig): ConfigFault[] {
  const faults: ConfigFault[] = [
    ...checkAdvertisement(config.advertisement),
    ...checkUnique("interface", config.interface, (row) => row.name, "name"),
    ...checkUnique(
      "security_association",
      config.security_association,
      (row) =>
        `${row.with} ${row.with === "mobile-node" ? (row.home_address ?? row.nai) : row.address} spi ${row.spi}`,
      "spi",
    ),
  ];
  return [
    ...faults,
    ...checkReverse(config),
    ...checkGreKeys(config),
    ...checkPeers(config),
    ...checkFastHandover(config),
  ];
}

/** What insists on reverse tunnels must offer them. */
function checkReverse({ advertisement, registration }: FaConfig): ConfigFault[] {
  if (registration.reverse_tunnel === "require" && !advertisement.reverse_tunneling) {
    const message = 'false while registration.reverse_tunnel is "require", must be true';
    return [{ key: "advertisement.reverse_tunneling", message }];
  }
  const refused = !advertisement.reverse_tunneling || registration.reverse_tunnel === "refuse";
  if (advertisement.udp_tunneling && refused && !registration.triangular_behind_nat) {
    const message =
      "true while reverse tunnels are refused, must be false, or registration.triangular_behind_nat true";
    return [{ key: "advertisement.udp_tunneling", message }];
  }
  return [];
}

function checkGreKeys({ advertisement, registration }: FaConfig): ConfigFault[] {
  const { gre_keys } = registration;
  if (gre_keys === "never" || advertisement.encapsulations.includes("gre")) return [];
  const message = `"${gre_keys}" while advertisement.encapsulations is without "gre", must be "never"`;
  return [{ key: "registration.gre_keys", message }];
}

/** A mobile node is named in one of two ways. */
function checkPeers({ security_association }: FaConfig): ConfigFault[] {
  return security_association.flatMap((row, index) => {
    if (row.with !== "mobile-node") return [];
    const both = row.home_address !== undefined && row.nai !== undefined;
    const neither = row.home_address === undefined && row.nai === undefined;
    if (!both && !neither) return [];
    const message = both
      ? "given beside nai, must be one of the two"
      : "missing, must be the node's home address, or nai must be given";
    return [{ key: `security_association[${index}].home_address`, message }];
  });
}
