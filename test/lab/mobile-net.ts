/**
 * The network of the demo and of most lab tests:
 *
 *                       cn 203.0.113.10
 *                        |
 *   fa1 ---------- inet (router) ---------- fa2
 *    | lan0 192.0.2.1   |                    | lan0 192.0.2.65
 *    |                  | (delay)            |
 *   foreign1            ha 198.51.100.1     foreign2
 *                       | home0 10.1.0.1
 *                      home: peer 10.1.0.20
 *
 *   mn 10.1.0.7: its one interface, wlan0, is on `home`, `foreign1` or `foreign2`.
 *
 * Without Mobile IP the home prefix leads to the home agent's link and nowhere else.
 */

import type { Host } from "./host.ts";
import { Lab } from "./lab.ts";
import type { Move, MoveOptions, Port, Segment } from "./link.ts";
import type { DelayLine, LineSettings } from "./wire.ts";

export const ADDRESS = {
  home: "10.1.0.7",
  homeAgent: "198.51.100.1",
  homeLink: "10.1.0.1",
  peer: "10.1.0.20",
  correspondent: "203.0.113.10",
  fa1: "192.0.2.1",
  fa2: "192.0.2.65",
} as const;

export const MAC = {
  mn: "02:00:00:00:00:07",
  ha: "02:00:00:00:00:01",
  peer: "02:00:00:00:00:20",
  fa1: "02:00:00:00:01:01",
  fa2: "02:00:00:00:02:01",
} as const;

export type Place = "home" | "foreign1" | "foreign2";

export interface MobileNetOptions {
  /** Where the mobile node is at first. */
  readonly start?: Place;
  /** Delay and loss between the router and the home agent, one way each; a = the router's side. */
  readonly homeLine?: LineSettings;
}

export interface MobileNet {
  readonly lab: Lab;
  readonly cn: Host;
  readonly inet: Host;
  readonly ha: Host;
  readonly fa1: Host;
  readonly fa2: Host;
  readonly mn: Host;
  /** An ordinary host on the home link. */
  readonly peer: Host;
  readonly places: Readonly<Record<Place, Segment>>;
  /** The mobile node's far end. */
  readonly port: Port;
  readonly homeLine: DelayLine | undefined;
  move(to: Place, options?: MoveOptions): Promise<Move>;
}

function foreignAgentHost(lab: Lab, inet: Host, number: 1 | 2, link: Segment): Host {
  const host = lab.host(`fa${number}`, { router: true });
  const uplink = lab.segment(`uplink${number}`);
  const uplinkPrefix = `100.64.${number}`;
  const mac = number === 1 ? MAC.fa1 : MAC.fa2;
  const address = number === 1 ? ADDRESS.fa1 : ADDRESS.fa2;
  inet.connect(`fa${number}`, uplink, { address: `${uplinkPrefix}.1/30` });
  host.connect("up0", uplink, { address: `${uplinkPrefix}.2/30` });
  host.connect("lan0", link, { address: `${address}/26`, mac });
  host.ip("route", "add", "default", "via", `${uplinkPrefix}.1`);
  inet.ip("route", "add", `192.0.2.${(number - 1) * 64}/26`, "via", `${uplinkPrefix}.2`);
  return host;
}

/** Builds the network; nothing runs in it yet. */
export async function buildMobileNet(options: MobileNetOptions = {}): Promise<MobileNet> {
  const lab = new Lab();
  const places = {
    home: lab.segment("home"),
    foreign1: lab.segment("foreign1"),
    foreign2: lab.segment("foreign2"),
  };
  const inet = lab.host("inet", { router: true });
  const core = lab.segment("core");
  const cn = lab.host("cn");
  inet.connect("cn", core, { address: "203.0.113.1/24" });
  cn.connect("eth0", core, { address: `${ADDRESS.correspondent}/24` });
  cn.ip("route", "add", "default", "via", "203.0.113.1");

  const ha = lab.host("ha", { router: true });
  const homeSide = lab.segment("ha-uplink");
  const routerSide = options.homeLine === undefined ? homeSide : lab.segment("ha-line");
  inet.connect("ha", routerSide, { address: "198.51.100.254/24" });
  ha.connect("up0", homeSide, { address: `${ADDRESS.homeAgent}/24` });
  ha.connect("home0", places.home, { address: `${ADDRESS.homeLink}/24`, mac: MAC.ha });
  ha.ip("route", "add", "default", "via", "198.51.100.254");
  inet.ip("route", "add", "10.1.0.0/24", "via", ADDRESS.homeAgent);
  const homeLine =
    options.homeLine === undefined
      ? undefined
      : await lab.delayLine(routerSide, homeSide, options.homeLine);

  const peer = lab.host("peer");
  peer.connect("eth0", places.home, { address: `${ADDRESS.peer}/24`, mac: MAC.peer });
  peer.ip("route", "add", "default", "via", ADDRESS.homeLink);

  const fa1 = foreignAgentHost(lab, inet, 1, places.foreign1);
  const fa2 = foreignAgentHost(lab, inet, 2, places.foreign2);

  const mn = lab.host("mn");
  const place = places[options.start ?? "home"];
  const port = mn.connect("wlan0", place, { address: `${ADDRESS.home}/24`, mac: MAC.mn });
  mn.ip("route", "add", "default", "via", ADDRESS.homeLink);
  const move = (to: Place, how?: MoveOptions): Promise<Move> => port.move(places[to], how);
  return { lab, cn, inet, ha, fa1, fa2, mn, peer, places, port, homeLine, move };
}
