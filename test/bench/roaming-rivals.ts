/**
 * What people would take instead, on the same network: wireguard-go, whose node sends from wherever it
 * is, and strongSwan with MOBIKE (RFC 4555) and IPsec in user space. Both at their best: address and
 * routes of the new link are there the moment it is, by a hook that costs nothing, without DHCP. Not
 * sooner: ARP on a link that is not up yet is lost and tried again after a second.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../lab/host.ts";
import { IpBatch } from "../lab/ip-batch.ts";
import { ADDRESS, buildMobileNet, type MobileNet, type Place } from "../lab/mobile-net.ts";
import { waitFor } from "../lab/wait.ts";
import { missing } from "./rivals.ts";
import { type Contender, GAP_MS, ONE_WAY_MS, type Roamer } from "./roamers.ts";

const PATIENCE = { timeoutMs: 20_000 };
const CHARON = "/usr/lib/ipsec/charon";

/** What the node has on each link, as DHCP would have given it. */
const LEASES: Readonly<Partial<Record<Place, { address: string; router: string }>>> = {
  foreign1: { address: "192.0.2.10/26", router: ADDRESS.fa1 },
  foreign2: { address: "192.0.2.70/26", router: ADDRESS.fa2 },
};

/** The tunnel between the node and the home agent's machine is up when this returns. */
type Tunnel = (net: MobileNet) => Promise<{ readonly moved: () => Promise<void>; close(): void }>;

async function openRival(tunnel: Tunnel): Promise<Roamer> {
  const net = await buildMobileNet({ start: "foreign1", homeLine: { delayMs: ONE_WAY_MS } });
  const node = new IpBatch(net.mn.enter);
  const ups: (() => void)[] = [];
  net.mn.spawn(["ip", "-o", "monitor", "link"]).onLine(({ text }) => {
    if (/wlan0.* state UP /.test(text)) ups.shift()?.();
  });
  const attach = (to: Place) => {
    const { address, router } = LEASES[to] ?? { address: "", router: "" };
    return node.run([
      "addr flush dev wlan0",
      `addr add ${address} dev wlan0`,
      `route replace ${ADDRESS.homeAgent} via ${router} dev wlan0`,
    ]);
  };
  try {
    await attach("foreign1");
    const { moved, close } = await tunnel(net);
    await waitFor("the tunnel", () => net.cn.ping(ADDRESS.home), PATIENCE);
    return {
      net,
      handOver: async (to) => {
        const up = new Promise<void>((resolve) => ups.push(resolve));
        const move = await net.move(to, { gapMs: GAP_MS });
        await up;
        await attach(to);
        await moved();
        return move;
      },
      close: async () => {
        node.process.killGroup();
        await net.lab.close();
        close();
      },
    };
  } catch (error) {
    node.process.killGroup();
    await net.lab.close();
    throw error;
  }
}

/** Says the peer's endpoint once more: the address that the node sent from has gone. */
function wireguardHook(peer: string): Promise<void> {
  const key = Buffer.from(peer, "base64").toString("hex");
  const order = `set=1\npublic_key=${key}\nendpoint=${ADDRESS.homeAgent}:51820\n\n`;
  return new Promise((resolve, reject) => {
    const socket = connect("/run/wireguard/wg-mn.sock", () => socket.write(order));
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

const wireguard: Tunnel = async ({ mn, ha, lab }) => {
  const keys: string[] = [];
  for (const host of [mn, ha]) {
    host.spawn(["wireguard-go", "-f", `wg-${host.name}`]);
    const isThere = () => host.ip("-o", "link").includes(`wg-${host.name}:`);
    await waitFor(`wireguard-go at ${host.name}`, isThere, PATIENCE);
    const secret = host.runSync(["wg", "genkey"]);
    writeFileSync(join(lab.directory, `${host.name}.key`), secret, { mode: 0o600 });
    keys.push(host.runSync(["wg", "pubkey"], secret).trim());
  }
  const [node = "", home = ""] = keys;
  const set = (host: Host, ...peer: readonly string[]) => {
    const own = ["listen-port", "51820", "private-key", join(lab.directory, `${host.name}.key`)];
    host.runSync(["wg", "set", `wg-${host.name}`, ...own, "peer", ...peer]);
    host.ip("link", "set", `wg-${host.name}`, "mtu", "1420", "up");
  };
  set(ha, node, "allowed-ips", `${ADDRESS.home}/32`);
  set(mn, home, "endpoint", `${ADDRESS.homeAgent}:51820`, "allowed-ips", "0.0.0.0/0");
  ha.ip("route", "add", ADDRESS.home, "dev", "wg-ha");
  mn.ip("addr", "add", `${ADDRESS.home}/32`, "dev", "wg-mn");
  mn.ip("route", "add", "default", "dev", "wg-mn", "src", ADDRESS.home);
  // The other end learns of the node from its first packet.
  await mn.ping(ADDRESS.correspondent, { count: 3 });
  return { moved: () => wireguardHook(home), close: () => undefined };
};

const FAR = "203.0.113.0/24";
const FAR_OWN = "203.0.113.2/32";
const PLUGINS =
  "random nonce aes sha1 sha2 hmac kdf openssl kernel-libipsec kernel-netlink socket-default vici";

const mobike: Tunnel = async ({ mn, ha }) => {
  const folder = mkdtempSync(join(tmpdir(), "mip4-mobike-"));
  const uri = (host: Host) => `unix://${folder}/${host.name}.vici`;
  const start = (host: Host, addresses: string, far: string, near: string) => {
    const settings = `charon {
  load = ${PLUGINS}
  plugins { vici { socket = ${uri(host)} } }
}`;
    const other = host === mn ? "ha" : "mn";
    const connections = `connections { home {
  version = 2
  mobike = yes
  encap = yes
  proposals = aes128-sha256-ecp256
  ${addresses}
  local { auth = psk
    id = ${host.name} }
  remote { auth = psk
    id = ${other} }
  children { all {
    local_ts = ${near}
    remote_ts = ${far}
    esp_proposals = aes128-sha256
  } }
} }
secrets { ike { secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" } }
`;
    const files = ["conf", "swanctl"].map((kind) => join(folder, `${host.name}.${kind}`));
    writeFileSync(files[0] ?? "", settings);
    writeFileSync(files[1] ?? "", connections, { mode: 0o600 });
    // Two of them with one /run would take each other for an earlier one.
    const alone = ["unshare", "-m", "sh", "-c", `mount -t tmpfs run /run && exec ${CHARON}`];
    host.spawn(alone, { name: `charon of ${host.name}`, env: { STRONGSWAN_CONF: files[0] ?? "" } });
    const load = ["swanctl", "--load-all", "--file", files[1] ?? "", "--uri", uri(host)];
    return waitFor(`charon at ${host.name}`, () => host.runSync(load) !== "", PATIENCE);
  };
  mn.ip("addr", "add", `${ADDRESS.home}/32`, "dev", "lo");
  // Its routes want an address of this machine among those that are protected.
  ha.ip("addr", "add", FAR_OWN, "dev", "lo");
  await start(ha, `local_addrs = ${ADDRESS.homeAgent}`, `${ADDRESS.home}/32`, FAR);
  await start(mn, `remote_addrs = ${ADDRESS.homeAgent}`, FAR, `${ADDRESS.home}/32`);
  mn.runSync(["swanctl", "--initiate", "--child", "all", "--uri", uri(mn)]);
  ha.ip("route", "replace", ADDRESS.home, "dev", "ipsec0");
  mn.ip("route", "replace", FAR, "dev", "ipsec0", "src", ADDRESS.home);
  // It sees by itself that its address has changed.
  const moved = () => Promise.resolve();
  return { moved, close: () => rmSync(folder, { recursive: true, force: true }) };
};

export const RIVALS: readonly Contender[] = [
  {
    name: "wireguard-go, roaming",
    missing: missing(["wireguard-go", "wg"], "wireguard-go wireguard-tools"),
    open: () => openRival(wireguard),
  },
  {
    name: "strongSwan, MOBIKE",
    missing: missing(
      [CHARON, "swanctl"],
      "strongswan-charon strongswan-swanctl libcharon-extra-plugins",
    ),
    open: () => openRival(mobike),
  },
];
