/**
 * One TCP transfer of pseudo-random octets, with a SHA-256 at both ends; runs as a process in a
 * host. The receiver prints `TOTAL TIME` as data arrives (one line for 10 ms at most); both ends
 * print a JSON object at the end. SIGTERM makes the sender finish properly (FIN).
 */

import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { nowMs, readJob, type TcpEnd, type TcpJob } from "./job.ts";

const PROGRESS_MS = 10;
const CHUNK = 16 * 1024;
/** With a rate, this much may be sent at once after a pause: no burst is made of a stall. */
const BURST_MS = 50;

const job = readJob<TcpJob>();
const hash = createHash("sha256");
let bytes = 0;
let startedAt = 0;
let endedAt = 0;
let stopping = false;
process.on("SIGTERM", () => {
  stopping = true;
});

function finish(error?: string): void {
  const end: TcpEnd = { bytes, sha256: hash.digest("hex"), startedAt, endedAt, error };
  process.stdout.write(`${JSON.stringify(end)}\n`, () => process.exit(0));
}

function count(data: Uint8Array): void {
  const now = nowMs();
  if (bytes === 0) startedAt = now;
  bytes += data.length;
  endedAt = now;
  hash.update(data);
}

function receive(socket: Socket): void {
  let told = 0;
  socket.on("data", (data) => {
    count(data as Buffer);
    if (endedAt - told < PROGRESS_MS) return;
    told = endedAt;
    process.stdout.write(`${bytes} ${endedAt}\n`);
  });
  socket.on("end", () => {
    socket.end();
    finish();
  });
  socket.on("error", (error) => finish(error.message));
}

async function send(socket: Socket): Promise<void> {
  const generator = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK);
  let credit = 0;
  let before = nowMs();
  socket.on("error", (error) => finish(error.message));
  socket.resume();
  while (!stopping && bytes < (job.bytes ?? Number.POSITIVE_INFINITY)) {
    if (job.rate !== undefined) {
      const now = nowMs();
      credit = Math.min(credit + ((now - before) * job.rate) / 1000, (BURST_MS * job.rate) / 1000);
      before = now;
      if (credit < CHUNK) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        credit = Math.max(credit, 0);
        continue;
      }
      credit -= CHUNK;
    }
    const left = (job.bytes ?? Number.POSITIVE_INFINITY) - bytes;
    const data = generator.update(left < CHUNK ? zeros.subarray(0, left) : zeros);
    count(data);
    if (!socket.write(data)) await once(socket, "drain");
  }
  socket.end();
  await once(socket, "close"); // the peer has closed too: everything was acknowledged
  finish();
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  if (job.mode === "receive") receive(socket);
  else void send(socket).catch((error: unknown) => finish(String(error)));
}

if (job.role === "listen") {
  const server = createServer((socket) => {
    server.close();
    serve(socket);
  });
  server.listen(job.port, job.address, () => process.stdout.write("ready\n"));
} else {
  const local = job.source === undefined ? {} : { localAddress: job.source };
  const socket = createConnection({ host: job.address, port: job.port, ...local }, () => {
    process.stdout.write("ready\n");
    serve(socket);
  });
  socket.once("error", (error) => finish(error.message));
}
