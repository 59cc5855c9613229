/**
 * Registration Requests of co-located nodes, one after another at a steady rate; runs as a process
 * in a host. It prints `sent HOME OCTETS` and, of each reply, `answered HOME CODE IDENTIFICATION`.
 * Given octets, it sends those once and no others.
 */

import { createSocket } from "node:dgram";
import { formatIpv4, ipv4 } from "../../../shared/base/address.ts";
import type { WallTime } from "../../../shared/base/time.ts";
import { appendAuthentication } from "../../../shared/security/authenticator.ts";
import { ntpTimestamp } from "../../../shared/security/replay.ts";
import { decodeControl, encodeControl, RequestFlag } from "../../../shared/wire/control.ts";
import { type RequestsJob, readJob } from "./job.ts";

const job = readJob<RequestsJob>();
const socket = createSocket("udp4");
const association = {
  spi: job.spi,
  algorithm: "hmac-md5",
  key: Buffer.from(job.key, "hex"),
  replay: "timestamp",
} as const;

function requestOf(homeAddress: string): Uint8Array {
  const request = encodeControl({
    name: "registration-request",
    flags: RequestFlag.D,
    lifetime: 300,
    homeAddress: ipv4(homeAddress),
    homeAgent: ipv4(job.homeAgent),
    careOfAddress: ipv4(job.careOfAddress),
    identification: ntpTimestamp(Date.now() as WallTime),
    extensions: [],
  });
  return appendAuthentication(request, "mobile-home-authentication-extension", association);
}

socket.on("message", (octets) => {
  const decoded = decodeControl(octets);
  if (!decoded.ok || decoded.value.message.name !== "registration-reply") return;
  const { homeAddress, code, identification } = decoded.value.message;
  process.stdout.write(`answered ${formatIpv4(homeAddress)} ${code} ${identification}\n`);
});
socket.on("error", () => undefined);
process.on("SIGTERM", () => process.exit(0));
socket.bind(0, job.careOfAddress, () => {
  if (job.octets !== undefined) {
    socket.send(Buffer.from(job.octets, "hex"), 434, job.homeAgent);
    return;
  }
  let turn = 0;
  setInterval(() => {
    const home = job.homeAddresses[turn++ % job.homeAddresses.length] ?? "";
    const octets = requestOf(home);
    process.stdout.write(`sent ${home} ${Buffer.from(octets).toString("hex")}\n`);
    socket.send(octets, 434, job.homeAgent);
  }, 1000 / job.rate);
});
