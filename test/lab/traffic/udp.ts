/**
 * Numbered UDP packets at a steady rate; runs as a process in a host. Each packet carries its
 * sequence number and the monotonic time of sending, which every namespace of a kernel shares.
 * The sender prints `SEQUENCE TIME 0|1` (1: refused by the kernel), the receiver
 * `SEQUENCE SENT RECEIVED`, each at once or all at the end.
 */

import { createSocket } from "node:dgram";
import { nowMs, readJob, type UdpJob } from "./job.ts";

const job = readJob<UdpJob>();
const socket = createSocket("udp4");

/** Of each line three figures, in room that was there before: no garbage is made while packets flow. */
const KEPT_MAX = 1_000_000;
const kept = new Float64Array(job.tellsLate ? 3 * KEPT_MAX : 0);
let keptCount = 0;

function tell(a: number, b: number, c: number): void {
  if (!job.tellsLate) process.stdout.write(`${a} ${b} ${c}\n`);
  else if (keptCount < KEPT_MAX) kept.set([a, b, c], 3 * keptCount++);
}

function tellKept(then: () => void): void {
  const lines: string[] = [];
  for (let i = 0; i < 3 * keptCount; i += 3) lines.push(kept.subarray(i, i + 3).join(" "));
  process.stdout.write(lines.map((line) => `${line}\n`).join(""), then);
}

function receive(address: string, port: number): void {
  socket.on("message", (data) => {
    const at = nowMs();
    if (data.length < 12) return;
    tell(data.readUInt32BE(0), data.readDoubleBE(4), at);
  });
  socket.bind(port, address, () => process.stdout.write("ready\n"));
  process.on("SIGTERM", () => tellKept(() => process.exit(0)));
}

function send(job: UdpJob & { role: "send" }): void {
  const interval = 1000 / job.rate;
  let sequence = 0;
  let start = 0;
  let timer: NodeJS.Timeout | undefined;
  const one = (number: number): void => {
    const at = nowMs();
    const data = Buffer.alloc(job.size);
    data.writeUInt32BE(number, 0);
    data.writeDoubleBE(at, 4);
    socket.send(data, job.port, job.address, (error) => tell(number, at, error ? 1 : 0));
  };
  const tick = (): void => {
    // Catches up after a late timer, so that the rate is kept on a busy machine.
    while (start + sequence * interval <= nowMs()) one(sequence++);
    timer = setTimeout(tick, Math.max(0, start + sequence * interval - nowMs()));
  };
  socket.on("error", () => undefined);
  socket.bind(0, job.source, () => {
    process.stdout.write("ready\n");
    start = nowMs();
    tick();
  });
  process.on("SIGTERM", () => {
    clearTimeout(timer);
    socket.close();
    tellKept(() => undefined);
  });
}

if (job.role === "send") send(job);
else receive(job.address, job.port);
