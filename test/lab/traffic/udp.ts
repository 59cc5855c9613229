/**
 * Numbered UDP packets at a steady rate; runs as a process in a host. Each packet carries its
 * sequence number and the monotonic time of sending, which every namespace of a kernel shares.
 * The sender prints `SEQUENCE TIME 0|1` (1: refused by the kernel), the receiver
 * `SEQUENCE SENT RECEIVED`.
 */

import { createSocket } from "node:dgram";
import { nowMs, readJob, type UdpJob } from "./job.ts";

const job = readJob<UdpJob>();
const socket = createSocket("udp4");

function receive(address: string, port: number): void {
  socket.on("message", (data) => {
    const at = nowMs();
    if (data.length < 12) return;
    process.stdout.write(`${data.readUInt32BE(0)} ${data.readDoubleBE(4)} ${at}\n`);
  });
  socket.bind(port, address, () => process.stdout.write("ready\n"));
  process.on("SIGTERM", () => process.exit(0));
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
    socket.send(data, job.port, job.address, (error) => {
      process.stdout.write(`${number} ${at} ${error ? 1 : 0}\n`);
    });
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
  });
}

if (job.role === "send") send(job);
else receive(job.address, job.port);
