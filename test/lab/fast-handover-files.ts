/** What the programs of the mobile network are told so that they do fast handovers (RFC 4988). */

import { ADDRESS, MAC } from "./mobile-net.ts";
import type { FileOptions } from "./program-files.ts";
import type { TomlTable } from "./toml.ts";

const KEYS = {
  node: "00112233445566778899aabbccddee01",
  routers: "00112233445566778899aabbccddee02",
  home: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
} as const;

/** The access points bear the link-layer addresses of the agents behind them. */
export const ACCESS_POINT = { fa1: MAC.fa1, fa2: MAC.fa2 } as const;

const neighbor = (fa: "fa1" | "fa2") => ({
  access_point: ACCESS_POINT[fa],
  router: ADDRESS[fa],
  router_mac: MAC[fa],
  prefix_length: 26,
});

function agent(other: "fa1" | "fa2", more: TomlTable): TomlTable {
  return {
    fast_handover: { enabled: true, neighbor: [neighbor("fa1"), neighbor("fa2")], ...more },
    security_association: [
      { with: "mobile-node", home_address: ADDRESS.home, spi: 3000, key: KEYS.node },
      { with: "foreign-agent", address: ADDRESS[other], spi: 4000, key: KEYS.routers },
    ],
  };
}

const nodeWith = (fa: "fa1" | "fa2") => {
  return { with: "foreign-agent", address: ADDRESS[fa], spi: 3000, key: KEYS.node };
};

/** For `startSession`. `agents` is laid over both agents' table. */
export function fastHandoverFiles(agents: TomlTable = {}): NonNullable<FileOptions["overrides"]> {
  return {
    fa1: agent("fa2", agents),
    fa2: agent("fa1", agents),
    mn: {
      fast_handover: { enabled: true },
      security_association: [
        { with: "home-agent", spi: 256, key: KEYS.home },
        nodeWith("fa1"),
        nodeWith("fa2"),
      ],
    },
  };
}
