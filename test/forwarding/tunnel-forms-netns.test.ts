/** Tunnels of every form on the real kernel, with the drivers of both agents in namespaces. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { DriverConfig } from "../../shared/forwarding/driver.ts";
import type { ForwardingItem, TunnelForm } from "../../shared/forwarding/state.ts";
import { dataplaneInside, driverInside, inside, isInside } from "./inside.ts";
import { attempt, buildWorld, DriverProcess, type Host, macOf, sh } from "./netns-world.ts";
import { FORMS, formText, mirrored } from "./packets.ts";

const HOME = ipv4("10.1.0.7");
const ENDS = { homeAgent: ipv4("198.51.100.1"), careOfAddress: ipv4("203.0.113.2") };
const DATAPLANE = dataplaneInside();
const CONFIG: Readonly<Record<"ha" | "fa" | "mn", DriverConfig>> = {
  fa: { role: "fa", routeTable: 434, rulePriority: 4340, ...DATAPLANE },
  mn: { role: "mn", routeTable: 435, rulePriority: 4350, ...DATAPLANE },
  ha: { role: "ha", routeTable: 436, rulePriority: 4360, ...DATAPLANE },
};
/** The protocol of the outer header. */
const PROTOCOLS = { ipip: 4, minimal: 55, gre: 47 } as const;

function ping(from: Host, to: string, options = ""): { code: number | null; output: string } {
  return attempt(from, `ping -n -c 2 -i 0.2 -W 1 ${options} ${to}`);
}

if (!isInside()) {
  test("tunnels of every form in namespaces", inside(import.meta.url));
} else {
  const drivers = new Map<Host, DriverProcess>();
  const send = (host: Host, name: "show" | "stop" | "start") => {
    const process = drivers.get(host);
    assert.ok(process !== undefined);
    return process.send({ name });
  };
  const apply = async (host: Host, key: string, item: ForwardingItem): Promise<void> => {
    const answer = await drivers.get(host)?.send({ name: "apply", items: [[key, item]] });
    assert.deepEqual(answer?.failures ?? [], []);
  };
  /** Both ends in this form; the foreign agent is not behind a NAT. */
  const agree = async (form: TunnelForm): Promise<void> => {
    const common = { homeAddress: HOME, ...ENDS, reverse: true };
    const udpPort = form.udpPort === undefined ? undefined : 434;
    const here = { ...form, udpPort };
    await apply("ha", "binding", { kind: "binding", ...common, ...here, homeInterface: "home0" });
    await apply("fa", "visitor", {
      kind: "visitor",
      ...common,
      ...mirrored(here),
      delivery: "direct",
      plane: 0,
      interface: "lan0",
      mac: macOf("mn", "wlan0") as Mac,
    });
  };
  /** Protocol numbers of what passes through the router in the middle while `during` runs. */
  const onTheWire = (during: () => void): number[] => {
    sh(
      "rt",
      "nft add table ip watch; nft add chain ip watch through '{ type filter hook forward priority 0; }'",
    );
    for (const protocol of [4, 17, 47, 55]) {
      sh("rt", `nft add rule ip watch through ip protocol ${protocol} counter`);
    }
    during();
    const rules = sh("rt", "nft list chain ip watch through");
    sh("rt", "nft delete table ip watch");
    // nft knows some of the numbers by name.
    const names: Readonly<Record<string, number>> = { ipencap: 4, udp: 17, gre: 47 };
    return [...rules.matchAll(/ip protocol (\S+) counter packets ([1-9]\d*)/g)].map(
      ([, name = ""]) => names[name] ?? Number(name),
    );
  };

  before(async () => {
    buildWorld();
    for (const host of ["ha", "fa", "mn"] as const) {
      drivers.set(host, new DriverProcess(host, CONFIG[host], "helper"));
      assert.deepEqual((await send(host, "start")).failures ?? [], []);
    }
    await drivers.get("ha")?.send({ name: "open-udp", target: "198.51.100.1" });
    await drivers.get("fa")?.send({ name: "open-udp", target: "203.0.113.2" });
    const router = { router: ipv4("192.168.7.1"), routerMac: macOf("fa", "lan0") as Mac };
    await drivers.get("mn")?.send({
      name: "apply",
      items: [
        ["home-address", { kind: "home-address", address: HOME }],
        ["visiting", { kind: "visiting", interface: "wlan0", homeAddress: HOME, ...router }],
      ],
    });
  });

  after(async () => {
    for (const process of drivers.values()) await process.kill();
  });

  for (const form of FORMS) {
    const text = formText(form);
    const udp = form.udpPort !== undefined;

    test(`${text}: there and back through the right protocol, small, long and in fragments [2003-3.1-12] [2784-3.1-01] [2784-3.1-02] [3519-4.8-01] [3519-4.8-02]`, async () => {
      await agree(form);
      const protocols = onTheWire(() => {
        const small = ping("cn", "10.1.0.7");
        assert.equal(small.code, 0, small.output);
        assert.match(small.output, /ttl=6[12]/);
      });
      assert.deepEqual(protocols, [udp ? 17 : PROTOCOLS[form.encapsulation]]);
      for (const size of [1400, 1440, 1472, 4000]) {
        const long = ping("cn", "10.1.0.7", `-M dont -s ${size}`);
        assert.equal(long.code, 0, `${size}: ${long.output}`);
        const up = ping("mn", "10.9.0.2", `-M dont -s ${size} -I 10.1.0.7`);
        assert.equal(up.code, 0, `${size}: ${up.output}`);
      }
      for (const host of ["ha", "fa"] as const) {
        const { tunnels, counters, events } = await send(host, "show");
        assert.deepEqual(counters, {}, host);
        // No packet has come up twice.
        assert.ok(events.every(({ event }) => event !== "datagram"));
        assert.equal(tunnels.length, 1);
        assert.equal(tunnels[0]?.encapsulation, form.encapsulation);
        assert.equal(tunnels[0]?.udp_port, udp ? 434 : undefined);
        const isByDevice = driverInside() === "kernel" && !udp && form.encapsulation !== "minimal";
        if (isByDevice) assert.equal(tunnels[0]?.driver, "kernel", JSON.stringify(tunnels));
        else assert.notEqual(tunnels[0]?.driver, "kernel", JSON.stringify(tunnels));
        assert.ok(Number(tunnels[0]?.packets_in) > 4 && Number(tunnels[0]?.packets_out) > 4);
      }
    });

    test(`${text}: what is too long with DF is refused with the MTU that the headers leave [2003-5.1-02]`, async () => {
      const gre = form.encapsulation === "gre" ? (form.greKeyIn === undefined ? 4 : 8) : 0;
      const mtu = 1480 - gre - (udp ? 12 : 0);
      sh("cn", "ip route flush cache");
      const refused = ping("cn", "10.1.0.7", "-s 1472 -M do");
      assert.match(refused.output, new RegExp(`mtu ?= ?${mtu}`));
      assert.equal(ping("cn", "10.1.0.7", `-s ${mtu - 28} -M do`).code, 0);
      sh("cn", "ip route flush cache");
    });
  }

  test("stop takes the tunnels down", async () => {
    for (const host of ["ha", "fa", "mn"] as const) {
      assert.deepEqual((await send(host, "stop")).failures ?? [], []);
    }
  });
}
