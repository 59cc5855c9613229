/** Everything that is fuzzed. */

import { control, icmp } from "../wire/protocols.ts";
import { captureTarget } from "./capture-target.ts";
import { HEADERS, headerTarget } from "./header-target.ts";
import { messageTarget } from "./message-target.ts";
import type { Target } from "./target.ts";

export const TARGETS: readonly Target[] = [
  messageTarget(control),
  messageTarget(icmp),
  captureTarget,
  ...HEADERS.map(headerTarget),
];
