/** The states of a mobile node and the transitions that may happen. */

/** As `status --json` names them. */
export type MnState =
  | "searching"
  | "home"
  | "registering"
  | "registered"
  | "handover"
  | "deregistered"
  | "failed";

/** What can happen, as far as it matters to the state. */
export type Trigger =
  | "link-up"
  | "link-down"
  | "foreign-advertisement"
  | "home-advertisement"
  | "acceptance"
  | "denial"
  | "time"
  | "register"
  | "deregister"
  | "shutdown";

export interface StateInputs {
  readonly wanted: boolean;
  readonly attachment: "home" | "foreign-agent" | "co-located" | undefined;
  /** There is a registration that has not run out. */
  readonly bound: boolean;
  /** That registration is for where the node is attached. */
  readonly boundHere: boolean;
  /** The last attempt here was denied or nobody answers. */
  readonly failing: boolean;
}

/** The state follows from the parts, so that it cannot disagree with them. */
export function stateOf(inputs: StateInputs): MnState {
  if (inputs.attachment === "home") return inputs.bound ? "handover" : "home";
  if (!inputs.wanted) return inputs.bound ? "registered" : "deregistered";
  if (inputs.attachment === undefined) return "searching";
  if (inputs.boundHere) return "registered";
  if (inputs.failing) return "failed";
  return inputs.bound ? "handover" : "registering";
}

type Row = Readonly<Record<Trigger, readonly MnState[]>>;

/**
 * Where each trigger may lead from each state; staying is always allowed. `link-up` is another
 * address of an interface, too. Some rows look odd and
 * are not: another interface may take over when one is lost; a late acceptance through the agent
 * before makes a registration that holds, which turns `registering` into `handover` and, after a
 * `deregister`, `deregistered` into `registered` until it is taken back; an interface whose
 * link-layer address changes has come up on another link.
 */
export const TRANSITIONS: Readonly<Record<MnState, Row>> = {
  searching: {
    "link-up": ["registering", "registered", "handover"],
    "link-down": [],
    "foreign-advertisement": ["registering", "registered", "handover"],
    "home-advertisement": ["registering", "handover", "home"],
    acceptance: [],
    denial: [],
    time: ["registering", "handover"],
    register: [],
    deregister: ["registered", "deregistered"],
    shutdown: ["registered", "deregistered"],
  },
  registering: {
    "link-up": ["searching", "failed"],
    "link-down": ["searching", "failed"],
    "foreign-advertisement": ["searching", "failed"],
    "home-advertisement": ["home"],
    acceptance: ["registered", "handover"],
    denial: ["failed"],
    time: ["searching", "failed"],
    register: [],
    deregister: ["deregistered"],
    shutdown: ["deregistered"],
  },
  registered: {
    "link-up": ["searching", "handover"],
    "link-down": ["searching", "handover"],
    "foreign-advertisement": ["searching", "handover", "failed"],
    "home-advertisement": ["handover"],
    acceptance: ["registering", "handover", "deregistered"],
    denial: ["handover"],
    time: ["searching", "registering", "handover", "deregistered"],
    register: ["searching", "handover"],
    deregister: [],
    shutdown: [],
  },
  handover: {
    "link-up": ["searching", "registered"],
    "link-down": ["searching", "registered", "failed"],
    "foreign-advertisement": ["searching", "registered"],
    "home-advertisement": ["searching", "registered", "failed"],
    acceptance: ["registering", "registered", "home"],
    denial: ["registered", "failed"],
    time: ["searching", "registering", "registered", "home", "deregistered"],
    register: [],
    deregister: ["registered"],
    shutdown: ["registered"],
  },
  failed: {
    "link-up": ["searching", "registering", "registered", "handover"],
    "link-down": ["searching", "registering"],
    "foreign-advertisement": ["searching", "registering", "registered", "handover"],
    "home-advertisement": ["registering", "handover", "home"],
    acceptance: ["registering", "registered", "handover"],
    denial: [],
    time: ["searching", "registering", "registered", "handover"],
    register: ["registering", "handover"],
    deregister: ["registered", "deregistered"],
    shutdown: ["registered", "deregistered"],
  },
  home: {
    "link-up": ["searching", "registering", "failed", "deregistered"],
    "link-down": ["searching", "registering", "failed", "deregistered"],
    "foreign-advertisement": ["searching", "registering", "failed", "deregistered"],
    "home-advertisement": ["searching", "registering", "failed", "deregistered"],
    acceptance: ["registered", "handover"],
    denial: [],
    time: ["searching", "registering", "failed", "deregistered"],
    register: [],
    deregister: [],
    shutdown: [],
  },
  deregistered: {
    "link-up": [],
    "link-down": [],
    "foreign-advertisement": [],
    "home-advertisement": ["home"],
    acceptance: ["registered"],
    denial: [],
    time: [],
    register: ["searching", "registering"],
    deregister: [],
    shutdown: [],
  },
};
