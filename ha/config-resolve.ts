/** What the home agent's core and sockets are told of its configuration. */

import { ALL_ROUTERS, ipv4, MOBILE_AGENTS } from "../shared/base/address.ts";
import type { AdvertisingConfig } from "../shared/protocol/advertising-config.ts";
import { routerAddressRules, toContext, toPeer } from "../shared/service/config/checks.ts";
import { parseRange, prefixOf } from "../shared/service/config/values.ts";
import type { Resolved } from "../shared/service/program.ts";
import type { HaConfig } from "./config.ts";
import { nameOf } from "./config-checks.ts";
import { toPools } from "./config-networks.ts";
import { sharingOf } from "./config-store.ts";
import type { HaCoreConfig, MobileNodeConfig } from "./core/config.ts";

/** Rows of one node are its several security contexts; its NAI may stand in any of them. */
function mobileNodes(config: HaConfig): MobileNodeConfig[] {
  const nodes = new Map<string, MobileNodeConfig>();
  for (const row of config.mobile_node) {
    const name = nameOf(row);
    const known = nodes.get(name);
    nodes.set(name, {
      homeAddress: row.home_address === "dynamic" ? undefined : ipv4(row.home_address),
      nai: known?.nai ?? row.nai,
      limits: {
        ...known?.limits,
        ...(row.max_lifetime === undefined ? {} : { maxLifetime: row.max_lifetime }),
        ...(row.encapsulations === undefined ? {} : { encapsulations: row.encapsulations }),
        ...(row.reverse_tunnel === undefined ? {} : { reverseTunnel: row.reverse_tunnel }),
      },
      careOfNetworks: [
        ...(known?.careOfNetworks ?? []),
        ...row.care_of_networks.map((prefix) => prefixOf({ prefix })),
      ],
      associations: [...(known?.associations ?? []), toContext(row)],
      networks: [...(known?.networks ?? []), ...row.networks.map((prefix) => prefixOf({ prefix }))],
      dynamicNetworks: Math.max(known?.dynamicNetworks ?? 0, row.dynamic_networks),
    });
  }
  return [...nodes.values()];
}

const optional = (text: string | undefined) => (text === undefined ? undefined : ipv4(text));

export function resolveHa(config: HaConfig): Resolved<HaCoreConfig> {
  const own = ipv4(config.address);
  const { advertisement, registration } = config;
  const homeNetworks = config.home_network.map((row) => ({
    prefix: prefixOf(row),
    interface: row.interface,
  }));
  const homeLinks = homeNetworks.flatMap((row) => row.interface ?? []);
  const links = homeLinks.map(
    (name): AdvertisingConfig => ({
      interface: name,
      careOfAddresses: [],
      // So that its nodes know it whatever its address on this link is.
      extraRouterAddresses: [own],
      home: true,
      foreign: false,
      maxInterval: advertisement.max_interval,
      minInterval: advertisement.min_interval,
      lifetime: advertisement.lifetime,
      registrationLifetime: registration.max_lifetime,
      registrationRequired: false,
      encapsulations: registration.encapsulations,
      reverseTunneling: registration.reverse_tunnel !== "refuse",
      udpTunneling: false,
      revocation: false,
      prefixLengths: advertisement.prefix_lengths,
      destination: ipv4(advertisement.destination),
      // It forwards whatever reaches it (ip_forward is on), so a node back home may use it.
      mobilityOnly: false,
      addressRules: routerAddressRules(advertisement.address),
    }),
  );
  const sharing = sharingOf(config.store);
  const shared = sharing?.addresses ?? [];
  const sharedOnly = new Set(
    shared.map((row) => row.interface).filter((name) => !homeLinks.includes(name)),
  );
  return {
    core: {
      address: own,
      sharing,
      homeNetworks,
      mobileNodes: mobileNodes(config),
      networkPools: toPools(config),
      addressPools: config.address_pool.map((row) => parseRange(row.range)),
      redirection:
        config.redirection.home_agent === undefined
          ? undefined
          : {
              homeAgent: ipv4(config.redirection.home_agent),
              above: config.redirection.above,
            },
      maxLifetime: registration.max_lifetime,
      encapsulations: registration.encapsulations,
      reverseTunnel: registration.reverse_tunnel,
      replayWindow: registration.replay_window,
      replacedGrace: registration.replaced_grace,
      broadcasts: config.broadcast.enabled ? config.broadcast.udp_ports : undefined,
      multicast: config.multicast.enabled,
      identity: config.identity,
      denialMessage: registration.denial_message,
      hostConfiguration: {
        defaultGateway: optional(config.host_configuration.default_gateway),
        dnsServers: config.host_configuration.dns_servers.map(ipv4),
        dnsSuffix: config.host_configuration.dns_suffix,
        url: config.host_configuration.url,
      },
      maxBindings: config.limits.bindings,
      natTraversal: {
        enabled: config.nat_traversal.enabled,
        force: config.nat_traversal.force,
        keepalive: config.nat_traversal.keepalive,
        maxLifetime: config.nat_traversal.max_lifetime,
      },
      informRevoked: config.revocation.inform,
      foreignAgents: config.security_association.map((row) => toPeer(row, row.address)),
      links,
    },
    wiring: {
      links: [
        ...homeLinks.map((name) => ({
          interface: name,
          // Registration at home, and solicitations (ICMP type 10).
          filter: { udpPort: 434, icmpTypes: [10], arp: false },
          groups: [MOBILE_AGENTS, ALL_ROUTERS],
        })),
        // Only to announce there who has the address now.
        ...[...sharedOnly].map((name) => ({ interface: name, filter: {}, groups: [] })),
      ],
      udpAddresses: [own],
      comingAddresses: shared.map(({ prefix }) => prefix.address),
      icmpErrors: false,
      tunnelAddresses: [own],
    },
    journalPath: config.store.path,
  };
}
