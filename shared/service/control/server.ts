/** The daemon's side of the control socket: queries, commands that wait, and watchers. */

import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Counters } from "../../base/counters.ts";
import type { Json, JsonObject } from "../../base/result.ts";
import type { WallTime } from "../../base/time.ts";
import { isObject } from "../json.ts";
import { eventJson } from "../log.ts";
import { LineSplitter } from "./lines.ts";
import {
  CLIENTS_MAX,
  IDENTITY_QUERY,
  parseRequest,
  REQUEST_MAX,
  type Request,
  WATCH_BACKLOG_MAX,
} from "./protocol.ts";
import { clearSocketPath } from "./socket-file.ts";

const SOCKET_MODE = 0o660;

export interface CommandOutcome {
  readonly ok: boolean;
  readonly message: string;
  readonly result?: Json;
}

/** What the program answers; a name it does not know is `undefined`. */
export interface ControlHandler {
  query(name: string): Json | undefined;
  command(name: string, args: JsonObject): Promise<CommandOutcome>;
}

export interface ControlOptions {
  readonly program: string;
  readonly handler: ControlHandler;
  readonly counters: Counters;
}

/** Opens the socket, or throws one sentence for a person: in use, not allowed, no such place. */
export async function openControlServer(
  path: string,
  options: ControlOptions,
): Promise<ControlServer> {
  await clearSocketPath(path);
  const server = new ControlServer(options);
  await server.listen(path);
  return server;
}

/** The listening socket and everybody connected to it. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #watchers = new Set<Socket>();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#onConnection(socket));
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      // The socket file is made inside listen(): at no time may others connect.
      const umask = process.umask(0o777 & ~SOCKET_MODE);
      this.#server.listen(path, () => {
        this.#server.off("error", reject);
        // Out of descriptors: the connection is lost, the program is not.
        this.#server.on("error", () => this.#options.counters.add("control-accept-failed"));
        chmodSync(path, SOCKET_MODE);
        resolve();
      });
      process.umask(umask);
    });
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** To everybody who watches; who does not read is dropped, and never waited for. */
  publish(event: string, fields: JsonObject, wall: WallTime): void {
    if (!this.isWatched) return;
    const line = `${JSON.stringify(eventJson(event, fields, wall))}\n`;
    for (const socket of this.#watchers) {
      if (socket.writableLength + line.length > WATCH_BACKLOG_MAX) {
        this.#options.counters.add("control-watcher-dropped");
        socket.destroy();
        this.#watchers.delete(socket);
      } else {
        socket.write(line);
      }
    }
  }

  /** Closes every connection and removes the socket file. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#clients) socket.destroySoon();
    return closed;
  }

  #onConnection(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (this.#clients.size >= CLIENTS_MAX) {
      this.#options.counters.add("control-client-refused");
      refuse(socket, `more than ${CLIENTS_MAX} clients at a time`);
      return;
    }
    this.#clients.add(socket);
    socket.on("close", () => {
      this.#clients.delete(socket);
      this.#watchers.delete(socket);
    });
    const splitter = new LineSplitter(REQUEST_MAX);
    socket.on("data", (chunk: Buffer) => {
      const lines = splitter.push(chunk);
      if (lines === undefined) {
        this.#options.counters.add("control-request-too-long");
        refuse(socket, `a request longer than ${REQUEST_MAX} octets`);
        return;
      }
      // One question at a time: nothing else is read until it is answered.
      socket.pause();
      this.#answerAll(socket, lines).then(
        () => socket.resume(),
        (error: unknown) => socket.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  async #answerAll(socket: Socket, lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const request = parseRequest(line);
      if (request === undefined) {
        this.#options.counters.add("control-request-malformed");
        write(socket, { ok: false, message: "a request that is not understood" });
      } else if ("watch" in request) {
        write(socket, { ok: true });
        this.#watchers.add(socket);
      } else {
        write(socket, await this.#answer(request));
      }
    }
  }

  async #answer(request: Exclude<Request, { watch: true }>): Promise<JsonObject> {
    const { handler, program } = this.#options;
    if ("command" in request) {
      const outcome = handler.command(request.command, request.args);
      return { ...(await withTimeout(outcome, request.timeout, () => this.#lastError())) };
    }
    if (request.query === IDENTITY_QUERY)
      return { ok: true, result: { program, pid: process.pid } };
    const result = handler.query(request.query);
    if (result !== undefined) return { ok: true, result };
    return { ok: false, message: `${program} has no answer to "${request.query}"` };
  }

  /** What has kept the program from it, as far as it knows. */
  #lastError(): string {
    const status = this.#options.handler.query("status");
    const error = isObject(status) ? status.last_error : undefined;
    return typeof error === "string" ? `; last error: ${error}` : "";
  }
}

/** The outcome, or that there was none in time; what the command started goes on. */
async function withTimeout(
  outcome: Promise<CommandOutcome>,
  seconds: number,
  why: () => string,
): Promise<CommandOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CommandOutcome>((resolve) => {
    const tell = (): void =>
      resolve({ ok: false, message: `no outcome within ${seconds} s${why()}` });
    timer = setTimeout(tell, seconds * 1000);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}

function write(socket: Socket, answer: JsonObject): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
}

function refuse(socket: Socket, message: string): void {
  socket.end(`${JSON.stringify({ ok: false, message })}\n`);
  socket.removeAllListeners("data");
  socket.resume();
}
