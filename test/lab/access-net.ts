/** Access networks without Mobile IP, for nodes with a care-of address of their own. */

import type { Host } from "./host.ts";
import type { Segment } from "./link.ts";
import type { MobileNet } from "./mobile-net.ts";

/** A link behind an ordinary router: `198.18.N.0/24`, router `.1`. */
export interface AccessNet {
  readonly link: Segment;
  readonly router: string;
  readonly routerHost: Host;
  /** An address of it, as its DHCP server would give it; with prefix length. */
  readonly address: (host: number) => string;
  /** Between its router and the rest: cut here, nobody on the link sees a change. */
  readonly cut: (isCut: boolean) => void;
}

export function addAccess({ lab, inet }: MobileNet, number: number): AccessNet {
  const link = lab.segment(`access${number}`);
  const uplink = lab.segment(`access-up${number}`);
  const router = lab.host(`gw${number}`, { router: true });
  inet.connect(`gw${number}`, uplink, { address: `100.65.${number}.1/30` });
  const port = router.connect("up0", uplink, { address: `100.65.${number}.2/30` });
  router.connect("lan0", link, { address: `198.18.${number}.1/24` });
  router.ip("route", "add", "default", "via", `100.65.${number}.1`);
  inet.ip("route", "add", `198.18.${number}.0/24`, "via", `100.65.${number}.2`);
  return {
    link,
    router: `198.18.${number}.1`,
    routerHost: router,
    address: (host) => `198.18.${number}.${host}/24`,
    // Without its carrier the router would answer `unreachable`.
    cut: (isCut) =>
      lab.ip(lab.switchName, [
        "link",
        "set",
        port.far,
        isCut ? "nomaster" : "master",
        ...(isCut ? [] : [uplink.name]),
      ]),
  };
}

/** What the system's DHCP client does with a lease. */
export function takeLease(
  { mn }: MobileNet,
  device: string,
  net: AccessNet,
  host: number,
  metric = 100,
): void {
  mn.ip("addr", "add", net.address(host), "brd", "+", "dev", device);
  mn.ip("route", "replace", "default", "via", net.router, "dev", device, "metric", `${metric}`);
}

/** And when it is over. */
export function dropLease({ mn }: MobileNet, device: string): void {
  mn.ip("addr", "flush", "dev", device, "scope", "global");
}
