/** Which driver carries tunnels here, and with `auto` what better ones lack: for `status` and the log. */

import type { DriverConfig, DriverEvents } from "../driver.ts";

/** A part of the driver that is about a better way than its own. */
interface Better {
  readonly isOn: boolean;
  /** Why it is not on, though it is wanted. */
  readonly lack: string | undefined;
}

export interface Choice {
  readonly driver: "ebpf" | "kernel" | "tun";
  /** With `auto`, by driver that would have been better: why it cannot be. */
  readonly unavailable?: Readonly<Record<string, string>>;
}

export function chosenDriver(
  { driver }: Pick<DriverConfig, "driver">,
  better: Readonly<Record<"ebpf" | "kernel", Better>>,
): Choice {
  const chosen = better.ebpf.isOn ? "ebpf" : better.kernel.isOn ? "kernel" : "tun";
  if (driver !== "auto") return { driver: chosen };
  const lacks = Object.entries(better).flatMap(([name, { lack }]) =>
    lack === undefined ? [] : [[name, lack] as const],
  );
  return { driver: chosen, unavailable: Object.fromEntries(lacks) };
}

/** One line, where there is something that `auto` has to do without. */
export function reportChoice(
  { driver, unavailable = {} }: Choice,
  report: DriverEvents["report"],
): void {
  const lacks = Object.entries(unavailable).map(([name, why]) => `${name}: ${why}`);
  if (lacks.length === 0) return;
  report("forwarding-note", { message: `tunnels go by ${driver}; ${lacks.join("; ")}` });
}
