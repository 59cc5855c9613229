/** The client side of the control socket: one question and its answer, or a stream of events. */

import { connect, type Socket } from "node:net";
import { err, type JsonObject, ok, type Result } from "../../base/result.ts";
import { LineSplitter } from "./lines.ts";
import { ANSWER_MAX, type Answer, parseAnswer, type Request } from "./protocol.ts";

/** Why there is no answer. */
export type ControlError =
  /** Nobody listens at this path. */
  | { readonly code: "not-running"; readonly message: string }
  /** The socket is there, but not for this user. */
  | { readonly code: "forbidden"; readonly message: string }
  | { readonly code: "no-answer"; readonly message: string };

function explain(path: string, error: Error): ControlError {
  const code = "code" in error ? String(error.code) : error.message;
  if (code === "ENOENT" || code === "ECONNREFUSED") {
    return { code: "not-running", message: `not running (nothing listens at ${path})` };
  }
  if (code === "EACCES" || code === "EPERM") {
    return {
      code: "forbidden",
      message: `${path}: permission denied; run as root or as its group`,
    };
  }
  // It has gone without reading what was asked.
  if (code === "ECONNRESET" || code === "EPIPE") {
    return { code: "no-answer", message: "the program has ended" };
  }
  return { code: "no-answer", message: `${path}: ${code}` };
}

/** Asks one question. Every way to fail is a value. */
export function ask(
  path: string,
  request: Request,
  timeoutMs: number,
): Promise<Result<Answer, ControlError>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (result: Result<Answer, ControlError>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const fail = (message: string): void => finish(err({ code: "no-answer", message }));
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    onLines(socket, (line) => finish(readAnswer(line)), fail);
    socket.on("error", (error) => finish(err(explain(path, error))));
    socket.on("close", () => fail("the program closed the connection"));
  });
}

/** Follows the events; resolves when the stream ends or `signal` says enough. */
export function watch(
  path: string,
  onEvent: (event: JsonObject) => void,
  signal?: AbortSignal,
): Promise<Result<void, ControlError>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let isAccepted = false;
    const finish = (result: Result<void, ControlError>): void => {
      socket.destroy();
      resolve(result);
    };
    const fail = (message: string): void => finish(err({ code: "no-answer", message }));
    signal?.addEventListener("abort", () => finish(ok(undefined)), { once: true });
    socket.on("connect", () => socket.write(`${JSON.stringify({ watch: true })}\n`));
    const onLine = (line: string): void => {
      if (isAccepted) {
        onEvent(JSON.parse(line) as JsonObject);
        return;
      }
      const answer = readAnswer(line);
      if (!answer.ok) finish(answer);
      else if (!answer.value.ok) fail(answer.value.message ?? "refused");
      isAccepted = true;
    };
    onLines(socket, onLine, fail);
    socket.on("error", (error) => finish(err(explain(path, error))));
    socket.on("close", () => fail("the program has ended"));
  });
}

function onLines(
  socket: Socket,
  onLine: (line: string) => void,
  fail: (message: string) => void,
): void {
  const splitter = new LineSplitter(ANSWER_MAX);
  socket.on("data", (chunk: Buffer) => {
    const lines = splitter.push(chunk);
    if (lines === undefined) fail("an answer longer than this client takes");
    try {
      for (const line of lines ?? []) onLine(line);
    } catch {
      fail("an answer that is not JSON");
    }
  });
}

function readAnswer(line: string): Result<Answer, ControlError> {
  const answer = parseAnswer(line);
  if (answer !== undefined) return ok(answer);
  return err({ code: "no-answer", message: "an answer that is not understood" });
}
