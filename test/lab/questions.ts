/** What a test asks a program that runs: by its control socket, without a process for each question. */

import { ask } from "../../shared/service/control/client.ts";

/** How long a program may take to answer from memory. */
const QUERY_MS = 5000;

/** What `status`, `bindings` and the like print with `--json`; `name` is for the error. */
export async function query<T>(name: string, socket: string, question: string): Promise<T> {
  const answer = await ask(socket, { query: question }, QUERY_MS);
  if (!answer.ok) throw new Error(`${name} ${question}: ${answer.error.message}`);
  if (!answer.value.ok) throw new Error(`${name} ${question}: ${answer.value.message}`);
  return answer.value.result as T;
}

/** Is it as `status` wants it for its exit code 0? */
export async function isReady(name: string, socket: string): Promise<boolean> {
  return (await query<{ ready: boolean }>(name, socket, "status")).ready;
}
