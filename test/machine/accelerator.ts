/**
 * `make test-ebpf`: the accelerator in both modes on Debian's kernel, which has no tcx links, so that filters
 * of a clsact qdisc hold its programs; and against that kernel's own tunnel devices at the other end. What a
 * packet costs beside these: tunnel-cost.ts.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { release } from "node:os";
import { ipv4 } from "../../shared/base/address.ts";
import type { ForwardingItem, TunnelForm } from "../../shared/forwarding/state.ts";
import { createTunDriver } from "../../shared/forwarding/tun/create.ts";
import type { TunDriver } from "../../shared/forwarding/tun/tun-driver.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { enterMachine } from "./machine.ts";

const MODES = ["stack", "fast"] as const;
type Mode = (typeof MODES)[number];

await enterMachine({
  modules: ["tun", "veth", "sch_ingress", "cls_bpf", "ipip", "ip_gre"],
  timeoutMs: 290_000,
});

const sh = (command: string): string => execFileSync("sh", ["-c", command], { encoding: "utf8" });
const far = (command: string): string => sh(`ip netns exec far ${command}`);
const FORMS: readonly (readonly [TunnelForm, string])[] = [
  [{ encapsulation: "ipip" }, "type ipip"],
  [{ encapsulation: "gre" }, "type gre"],
  [{ encapsulation: "gre", greKeyIn: 5, greKeyOut: 7 }, "type gre ikey 7 okey 5"],
];
const ENDS = { homeAgent: ipv4("198.51.100.1"), careOfAddress: ipv4("198.51.100.2") };

sh("ip netns add far && ip link add net0 type veth peer name net1 netns far");
sh("ip addr add 198.51.100.1/24 dev net0 && ip link set net0 up && ip addr add 10.9.0.2/32 dev lo");
far("ip addr add 198.51.100.2/24 dev net1");
far("ip link set net1 up");
far("ip addr add 10.1.0.7/32 dev lo");

async function start(mode: Mode): Promise<TunDriver> {
  const driver = createTunDriver({
    io: choosePacketIo("helper").io,
    config: {
      role: "ha",
      driver: "ebpf",
      ebpfMode: mode,
      routeTable: 436,
      rulePriority: 4360,
      mtu: 0,
      df: "copy",
      mssClamp: true,
    },
    sysctlFile: undefined,
    events: { report: () => {}, bound: () => {}, path: () => {} },
  });
  await driver.start();
  const { attached_by, pinned, ebpf_mode } = driver.status();
  console.log(`Linux ${release()}: ${ebpf_mode}, attached by ${attached_by}, pinned: ${pinned}`);
  assert.deepEqual([attached_by, ebpf_mode], ["clsact", mode]);
  return driver;
}

function bindingOf(form: TunnelForm): ForwardingItem {
  const node = { homeAddress: ipv4("10.1.0.7"), reverse: true, homeInterface: undefined };
  return { kind: "binding", ...ENDS, ...node, ...form };
}

/** Against the kernel's own devices at the other end. */
async function meetDevices(mode: Mode): Promise<void> {
  const driver = await start(mode);
  for (const [form, device] of FORMS) {
    far(`ip link add tunnel ${device} local 198.51.100.2 remote 198.51.100.1 ttl 64`);
    far("ip link set tunnel up");
    far("ip route add 10.9.0.2 dev tunnel src 10.1.0.7");
    await driver.apply(new Map([["binding", bindingOf(form)]]));
    // This process does not read the anchor meanwhile: the kernel answers alone, or nobody does.
    const words = ["-n", "-q", "-c", "5", "-i", "0.2", "-I", "10.9.0.2", "10.1.0.7"];
    const { stdout } = spawnSync("ping", words, { encoding: "utf8" });
    assert.match(stdout, / 0% packet loss/);
    const [row] = driver.tunnels();
    assert.deepEqual([row?.driver, row?.packets_out, row?.packets_in], ["ebpf", 5, 5]);
    console.log(`${device}: 5 of 5 there and back, by the kernel alone`);
    far("ip link del tunnel");
  }
  await driver.stop();
  assert.equal(sh("tc filter show dev net0 ingress"), "");
  console.log("stopped; no filter is left");
}

for (const mode of MODES) await meetDevices(mode);
process.exit(0);
