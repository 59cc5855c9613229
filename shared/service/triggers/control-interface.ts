/**
 * The control interface of hostapd and wpa_supplicant: a datagram is a command and has one answer;
 * after `ATTACH` events come, too, with their priority in angle brackets. It is kept up: when its
 * owner ends or is silent it is opened again, as soon as there is one.
 */

import type { LocalSocket } from "../../linux/packet-io.ts";
import { explainError } from "../runtime/explain.ts";
import type { Clock } from "../runtime/parts.ts";

/** How long an answer may take. */
const ANSWER_MS = 2000;
/** How often a silent owner is asked whether it is there. */
const PING_MS = 5000;
const REOPEN_MS = 1000;
/** Commands that wait for their answers; there are a few in all. */
const WAITING_MAX = 16;

export interface ControlInterfaceOptions {
  readonly path: string;
  readonly open: (path: string) => LocalSocket;
  readonly clock: Clock;
  readonly onEvent: (event: string) => void;
  /** `undefined`: all is well; else what is wrong, for a person. */
  readonly onState: (problem: string | undefined) => void;
}

/** The text of an event; `undefined`: it is the answer to a command. */
export function eventOf(message: string): string | undefined {
  return /^(?:IFNAME=\S+ )?<\d>(.*)$/s.exec(message)?.[1]?.trim();
}

export class ControlInterface {
  readonly #options: ControlInterfaceOptions;
  #socket: LocalSocket | undefined;
  /** In the order of the commands, as the answers come. */
  #waiting: ((answer: string | undefined) => void)[] = [];
  #cancelTimer = (): void => {};
  #isClosed = false;

  constructor(options: ControlInterfaceOptions) {
    this.#options = options;
    this.#open();
  }

  /** `undefined`: there was no answer. */
  request(command: string): Promise<string | undefined> {
    const socket = this.#socket;
    if (socket === undefined || this.#waiting.length >= WAITING_MAX) {
      return Promise.resolve(undefined);
    }
    const error = socket.send(new TextEncoder().encode(command));
    if (error !== undefined) {
      this.#lost(`it does not take commands: ${error}`);
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const late = (): void => this.#lost("it does not answer");
      const cancelTimer = this.#options.clock.setTimer(ANSWER_MS, late);
      this.#waiting.push((answer) => {
        cancelTimer();
        resolve(answer);
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#shut();
  }

  #open(): void {
    const { path, open } = this.#options;
    try {
      this.#socket = open(path);
    } catch (error) {
      this.#lost(explainError(error));
      return;
    }
    this.#socket.onMessage((message) => this.#receive(message));
    void this.request("ATTACH").then((answer) => {
      if (answer === undefined) return;
      if (answer === "OK") this.#attached();
      else this.#lost(`it does not tell of events: ${answer}`);
    });
  }

  #attached(): void {
    this.#options.onState(undefined);
    this.#cancelTimer = this.#options.clock.setTimer(PING_MS, () => {
      void this.request("PING").then((answer) => {
        if (answer !== undefined && this.#socket !== undefined) this.#attached();
      });
    });
  }

  #receive(message: Uint8Array | undefined): void {
    if (message === undefined) {
      this.#lost("it has ended");
      return;
    }
    const text = new TextDecoder().decode(message).trimEnd();
    const event = eventOf(text);
    if (event === undefined) this.#waiting.shift()?.(text);
    else if (event.startsWith("CTRL-EVENT-TERMINATING")) this.#lost("it has ended");
    else this.#options.onEvent(event);
  }

  #lost(problem: string): void {
    if (this.#isClosed) return;
    this.#shut();
    this.#options.onState(problem);
    this.#cancelTimer = this.#options.clock.setTimer(REOPEN_MS, () => this.#open());
  }

  #shut(): void {
    this.#cancelTimer();
    this.#socket?.close();
    this.#socket = undefined;
    for (const settle of this.#waiting.splice(0)) settle(undefined);
  }
}
