/**
 * What people would take instead: wireguard-go and OpenVPN without cipher, between the same two machines
 * and in the place of the tunnel. Debian has both; where one is not installed, its row says what installs it.
 */

import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Host } from "../lab/host.ts";
import type { LabProcess } from "../lab/process.ts";
import { waitFor } from "../lab/wait.ts";
import { CARE_OF, HOME, HOME_AGENT, type TunnelNet } from "./tunnel-net.ts";

export type Rival = "wireguard-go" | "openvpn";

const PROGRAMS: Readonly<Record<Rival, readonly string[]>> = {
  "wireguard-go": ["wireguard-go", "wg"],
  openvpn: ["openvpn"],
};
const PACKAGES: Readonly<Record<Rival, string>> = {
  "wireguard-go": "wireguard-go wireguard-tools",
  openvpn: "openvpn",
};

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** The line that installs what is missing of these programs; `undefined`: nothing is. */
export function missing(programs: readonly string[], packages: string): string | undefined {
  if (programs.every(isInstalled)) return undefined;
  return `not installed: apt-get install --no-install-recommends ${packages}`;
}

export function missingRivals(rival: Rival): string | undefined {
  return missing(PROGRAMS[rival], PACKAGES[rival]);
}

/** OpenVPN takes its time. */
const PATIENCE = { timeoutMs: 20_000 };

/** One name for each, since wireguard-go has its control socket by that name, and all share one /run. */
function deviceOf(host: Host): string {
  return `rival-${host.name}`;
}

export async function openRival(
  net: TunnelNet,
  rival: Rival,
  pin: readonly string[],
): Promise<LabProcess[]> {
  const ends = rival === "openvpn" ? openVpn(net, pin) : openWireguard(net, pin);
  const isThere = (host: Host): boolean => {
    const dead = ends.find(({ status }) => status !== undefined);
    if (dead !== undefined) throw new Error(`${rival} has ended: ${dead.output()}`);
    return host.runSync(["ip", "-o", "link"]).includes(`${deviceOf(host)}:`);
  };
  for (const host of [net.a, net.b]) {
    await waitFor(`${rival} at ${host.name}`, () => isThere(host), PATIENCE);
  }
  if (rival === "wireguard-go") configureWireguard(net);
  for (const host of [net.a, net.b]) {
    await waitFor(
      `${rival} at ${host.name} is up`,
      () => {
        return host.runSync(["ip", "-o", "link", "show", "up"]).includes(`${deviceOf(host)}:`);
      },
      PATIENCE,
    );
  }
  net.a.ip("route", "add", HOME, "dev", deviceOf(net.a));
  net.b.ip("route", "add", "default", "dev", deviceOf(net.b), "table", "434");
  net.b.ip("rule", "add", "priority", "4340", "iif", "lan0", "lookup", "434");
  return ends;
}

/** The devices go with their processes. */
export function closeRival({ b }: TunnelNet): void {
  b.ip("rule", "delete", "priority", "4340");
}

function openWireguard({ a, b }: TunnelNet, pin: readonly string[]): LabProcess[] {
  return [a, b].map((host) => host.spawn([...pin, "wireguard-go", "-f", deviceOf(host)]));
}

/** As everybody has it: UDP, MTU 1420, keys of its own for each end. */
function configureWireguard({ a, b, lab }: TunnelNet): void {
  const fileOf = (host: Host): string => join(lab.directory, `${host.name}.key`);
  const publicKeys = [a, b].map((host) => {
    const secret = host.runSync(["wg", "genkey"]);
    writeFileSync(fileOf(host), secret, { mode: 0o600 });
    return host.runSync(["wg", "pubkey"], secret).trim();
  });
  const peers = [
    [a, publicKeys[1] ?? "", CARE_OF],
    [b, publicKeys[0] ?? "", HOME_AGENT],
  ] as const;
  for (const [host, key, address] of peers) {
    const own = ["listen-port", "51820", "private-key", fileOf(host)];
    const peer = ["peer", key, "endpoint", `${address}:51820`, "allowed-ips", "0.0.0.0/0"];
    host.runSync(["wg", "set", deviceOf(host), ...own, ...peer]);
    host.ip("link", "set", deviceOf(host), "mtu", "1420", "up");
  }
}

/** Without cipher and authentication, as nobody should have it: what its data path costs alone. */
function openVpn(net: TunnelNet, pin: readonly string[]): LabProcess[] {
  const common = ["--dev-type", "tun", "--proto", "udp", "--port", "1194"];
  const plain = ["--cipher", "none", "--auth", "none"];
  const key = join(net.lab.directory, "static.key");
  net.a.runSync(["openvpn", "--genkey", "secret", key]);
  const argv = (host: Host, remote: string, own: string, other: string) => [
    ...pin,
    "openvpn",
    ...["--dev", deviceOf(host), ...common],
    ...plain,
    ...["--secret", key, "--remote", remote, "--ifconfig", own, other, "--verb", "1"],
    ...["--data-ciphers", "none", "--txqueuelen", "1000", "--sndbuf", "0", "--rcvbuf", "0"],
  ];
  return [
    net.a.spawn(argv(net.a, CARE_OF, "10.99.0.1", "10.99.0.2")),
    net.b.spawn(argv(net.b, HOME_AGENT, "10.99.0.2", "10.99.0.1")),
  ];
}
