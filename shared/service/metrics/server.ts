/** The Prometheus exporter: HTTP, `GET /metrics` and nothing else. */

import type { Server } from "node:http";
import { formatIpv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { Listen } from "./listen.ts";

/** Connections at a time; a scraper needs one. */
const CONNECTIONS_MAX = 16;
/** Who has not said within this what it wants is cut off. */
const PATIENCE_MS = 5000;

export interface MetricsServer {
  readonly port: number;
  close(): void;
}

/** Opens it, or rejects with the kernel's error. */
export async function openMetricsServer(
  { address, port }: Listen,
  options: { readonly text: () => string; readonly counters: Counters },
): Promise<MetricsServer> {
  // Only a program that exports pays for loading it.
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (path !== "/metrics" || !isRead) {
      options.counters.add("metrics-request-refused");
      response.writeHead(path === "/metrics" ? 405 : 404, { connection: "close" });
      response.end();
      return;
    }
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    response.end(request.method === "HEAD" ? undefined : options.text());
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = PATIENCE_MS;
  server.requestTimeout = PATIENCE_MS;
  server.keepAliveTimeout = PATIENCE_MS;
  server.on("clientError", (_error, socket) => socket.destroy());
  await listening(server, port, formatIpv4(address));
  server.on("error", () => options.counters.add("metrics-accept-failed"));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
