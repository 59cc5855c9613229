/** What the foreign agent's core and its sockets are told of the configuration file. */

import { ALL_ROUTERS, type Ipv4, ipv4, MOBILE_AGENTS } from "../shared/base/address.ts";
import type { AdvertisingConfig } from "../shared/protocol/advertising-config.ts";
import { routerAddressRules, toContext, toPeer } from "../shared/service/config/checks.ts";
import type { Resolved } from "../shared/service/program.ts";
import { ICMP_EXPERIMENTAL_MOBILITY } from "../shared/wire/icmp/fast-handover.ts";
import type { FaConfig } from "./config.ts";
import { accessRules } from "./config-access.ts";
import { resolveFastHandover } from "./config-fast-handover.ts";
import type { FaCoreConfig } from "./core/config.ts";

function careOfAddresses(link: FaConfig["interface"][number]): readonly Ipv4[] {
  const given = link.care_of_address ?? [];
  return (typeof given === "string" ? [given] : given).map(ipv4);
}

export function resolveFa(config: FaConfig): Resolved<FaCoreConfig> {
  const { advertisement, registration, limits } = config;
  // Without the capability every request for it is refused, and it is not advertised.
  const wanted = advertisement.reverse_tunneling ? registration.reverse_tunnel : "refuse";
  // RFC 3519 §4.5: a NAT of unknown behaviour is taken to translate every address.
  const insists = advertisement.udp_tunneling && !registration.triangular_behind_nat;
  const reverseTunnel = insists ? "require" : wanted;
  const links = config.interface.map(
    (link): AdvertisingConfig => ({
      interface: link.name,
      careOfAddresses: careOfAddresses(link),
      extraRouterAddresses: [],
      home: false,
      foreign: true,
      maxInterval: advertisement.max_interval,
      minInterval: advertisement.min_interval,
      lifetime: advertisement.lifetime,
      registrationLifetime: advertisement.registration_lifetime,
      registrationRequired: advertisement.registration_required,
      encapsulations: advertisement.encapsulations,
      reverseTunneling: reverseTunnel !== "refuse",
      udpTunneling: advertisement.udp_tunneling,
      revocation: advertisement.revocation,
      prefixLengths: advertisement.prefix_lengths,
      destination: ipv4(advertisement.destination),
      mobilityOnly: !advertisement.common_traffic,
      addressRules: routerAddressRules(advertisement.address),
      nai: advertisement.nai,
    }),
  );
  const addresses = [...new Set(links.flatMap((link) => link.careOfAddresses))];
  return {
    core: {
      links,
      registrationLifetime: advertisement.registration_lifetime,
      encapsulations: advertisement.encapsulations,
      reverseTunnel,
      privateNeedsReverseTunnel: registration.reverse_tunnel_for_private,
      encapsulatingDelivery: registration.encapsulating_delivery,
      greKeys: registration.gre_keys,
      udpTunneling: advertisement.udp_tunneling,
      udpKeepalive: registration.udp_keepalive,
      challengeWindow: advertisement.challenge ? advertisement.challenge_window : 0,
      pendingTimeout: registration.pending_timeout,
      maxVisitors: limits.visitors,
      maxPending: limits.pending,
      maxRequestRate: limits.requests_per_second,
      homeAgents: config.security_association.flatMap((row) =>
        row.with === "home-agent" ? [toPeer(row, row.address)] : [],
      ),
      mobileNodes: config.security_association.flatMap((row) =>
        row.with === "mobile-node" && row.home_address !== undefined
          ? [toPeer(row, row.home_address)]
          : [],
      ),
      mobileNodesByNai: config.security_association.flatMap((row) =>
        row.with === "mobile-node" && row.nai !== undefined
          ? [{ ...toContext(row), nai: row.nai }]
          : [],
      ),
      informRevoked: config.revocation.inform,
      messages: registration.messages,
      access: accessRules(config.access),
      fastHandover: resolveFastHandover(config),
      dynamicHomeAgents: config.dynamic_home_agent.map((row) => ({
        address: ipv4(row.address),
        realms: row.realms.map((name) => name.toLowerCase()),
      })),
    },
    wiring: {
      links: links.map((link) => ({
        interface: link.interface,
        // Registration requests, solicitations and those for proxy advertisements.
        filter: { udpPort: 434, icmpTypes: [10, ICMP_EXPERIMENTAL_MOBILITY] },
        groups: [MOBILE_AGENTS, ALL_ROUTERS],
      })),
      udpAddresses: addresses,
      icmpErrors: true,
      icmpTypes: [ICMP_EXPERIMENTAL_MOBILITY],
      tunnelAddresses: addresses,
    },
    journalPath: config.state.path,
  };
}
