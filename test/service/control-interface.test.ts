/** The control interface of hostapd and wpa_supplicant, kept up over their ends and their silence. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { IoError, type LocalSocket } from "../../shared/linux/packet-io.ts";
import { ControlInterface } from "../../shared/service/triggers/control-interface.ts";
import { ToyClock } from "./toy-clock.ts";

const octets = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A daemon that can be told to end, to be silent, and to say something. */
class ToyDaemon {
  readonly commands: string[] = [];
  readonly clock = new ToyClock();
  readonly events: string[] = [];
  readonly states: (string | undefined)[] = [];
  answers: Record<string, string> = { ATTACH: "OK\n", PING: "PONG\n" };
  isThere = true;
  #tell: ((message: Uint8Array | undefined) => void) | undefined;

  readonly control = new ControlInterface({
    path: "/run/hostapd/wlan0",
    clock: this.clock,
    open: () => this.#open(),
    onEvent: (event) => this.events.push(event),
    onState: (problem) => this.states.push(problem),
  });

  say(message: string): void {
    this.#tell?.(octets(message));
  }

  #open(): LocalSocket {
    if (!this.isThere) throw new IoError("ENOENT", "/run/hostapd/wlan0");
    return {
      onMessage: (handler) => {
        this.#tell = handler;
      },
      send: (message) => {
        if (!this.isThere) return "ECONNREFUSED";
        const command = new TextDecoder().decode(message);
        this.commands.push(command);
        const answer = this.answers[command];
        if (answer !== undefined) queueMicrotask(() => this.say(answer));
        return undefined;
      },
      close: () => {
        this.#tell = undefined;
      },
    };
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function attached(): Promise<ToyDaemon> {
  const daemon = new ToyDaemon();
  await turn();
  assert.deepEqual([daemon.commands, daemon.states], [["ATTACH"], [undefined]]);
  return daemon;
}

test("events are told, answers are the answers to what was asked, each in its turn", async () => {
  const daemon = await attached();
  daemon.answers.STATUS = "state=ENABLED\n";
  const asked = daemon.control.request("STATUS");
  daemon.say("<3>AP-STA-CONNECTED 02:00:00:00:00:07");
  assert.equal(await asked, "state=ENABLED");
  assert.deepEqual(daemon.events, ["AP-STA-CONNECTED 02:00:00:00:00:07"]);
});

test("a daemon that ends is reported, and attached to again when it is back", async () => {
  const daemon = await attached();
  daemon.isThere = false;
  daemon.say("<3>CTRL-EVENT-TERMINATING ");
  assert.deepEqual(daemon.states, [undefined, "it has ended"]);
  await daemon.clock.advance(1000);
  assert.match(String(daemon.states.at(-1)), /ENOENT/);
  daemon.isThere = true;
  await daemon.clock.advance(1000);
  await turn();
  assert.equal(daemon.states.at(-1), undefined);
  assert.deepEqual(daemon.commands, ["ATTACH", "ATTACH"]);
});

test("a daemon that is killed is found out by asking it: it has not said goodbye", async () => {
  const daemon = await attached();
  daemon.isThere = false;
  await daemon.clock.advance(5000);
  assert.match(String(daemon.states.at(-1)), /ECONNREFUSED/);
});

test("silence is reported, and whoever waited is told that there is no answer", async () => {
  const daemon = await attached();
  const asked = daemon.control.request("SCAN");
  await daemon.clock.advance(2000);
  assert.equal(await asked, undefined);
  assert.equal(daemon.states.at(-1), "it does not answer");
  assert.equal(await daemon.control.request("SCAN"), undefined, "it is shut");
});

test("as long as it answers nothing is said, and after close nothing is asked", async () => {
  const daemon = await attached();
  for (let i = 0; i < 4; i++) {
    await daemon.clock.advance(5000);
    await turn();
  }
  assert.equal(daemon.commands.filter((command) => command === "PING").length, 4);
  assert.ok(daemon.states.every((state) => state === undefined));
  daemon.control.close();
  await daemon.clock.advance(60_000);
  assert.equal(daemon.commands.length, 5);
});

test("a refused ATTACH is a problem with its words", async () => {
  const daemon = await attached();
  daemon.answers.ATTACH = "FAIL\n";
  daemon.say("<3>CTRL-EVENT-TERMINATING ");
  await daemon.clock.advance(1000);
  await turn();
  assert.equal(daemon.states.at(-1), "it does not tell of events: FAIL");
});
