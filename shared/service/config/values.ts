/**
 * Schema parts for single values. Each says itself what is wrong and what is allowed, so a fault
 * needs no second table of messages.
 */

import * as z from "zod";
import {
  formatPrefix,
  type Ipv4,
  ipv4,
  isUsableUnicast,
  networkOf,
  type Prefix,
  parseIpv4,
  parsePrefix,
} from "../../base/address.ts";
import { assert } from "../../base/result.ts";

// A file is read once: compiling a parser for it costs more than it saves.
z.config({ jitless: true });

/** What zod passes to an error function, as far as it is used here. */
interface Issue {
  readonly input?: unknown;
}

/** A value as it was written, short enough for one line. */
function show(input: unknown): string {
  if (Array.isArray(input)) return "an array";
  if (typeof input === "object" && input !== null) return "a table";
  const text = JSON.stringify(input) ?? String(input);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `VALUE is not allowed, must be …`, or that the key is missing. */
export function mustBe(allowed: string): (issue: Issue) => string {
  return ({ input }) =>
    input === undefined
      ? `missing, must be ${allowed}`
      : `${show(input)} is not allowed, must be ${allowed}`;
}

/** The same for a secret, which is never shown. */
function secretMustBe(allowed: string): (issue: Issue) => string {
  return () => `not usable as it is written, must be ${allowed}`;
}

export function integer(low: number, high: number, what = "a whole number", note = "") {
  const error = mustBe(`${what} from ${low} to ${high}${note}`);
  return z.int({ error }).min(low, { error }).max(high, { error });
}

/** Seconds, fractions allowed. */
export function seconds(low: number, high: number) {
  const error = mustBe(`seconds from ${low} to ${high}`);
  return z.number({ error }).min(low, { error }).max(high, { error });
}

/** Of something in the file system: `what` says of what. */
export function absolutePath(what: string) {
  return text(what, 4096)
    .regex(/^\//, { error: mustBe(what) })
    .meta({ title: "absolute path" });
}

export function flag() {
  return z.boolean({ error: mustBe("true or false") });
}

export function text(what: string, maxLength = 255) {
  const error = mustBe(what);
  return z.string({ error }).min(1, { error }).max(maxLength, { error });
}

/** Text of so many octets at most. */
export function utf8(what: string, most: number) {
  const error = mustBe(`${what} of 1 to ${most} octets`);
  const fits = (value: string): boolean => new TextEncoder().encode(value).length <= most;
  return z.string({ error }).min(1, { error }).refine(fits, { error });
}

/**
 * One of some words. `later` are words of the interface contract whose capability is not built
 * yet: they are refused with their own sentence rather than accepted without effect.
 */
export function choice<const Word extends string>(
  words: readonly Word[],
  later: Readonly<Record<string, string>> = {},
) {
  const allowed = words.map((word) => `"${word}"`).join(" or ");
  const usual = mustBe(allowed);
  const error = (issue: Issue): string => {
    const why = typeof issue.input === "string" ? later[issue.input] : undefined;
    return why === undefined ? usual(issue) : `"${issue.input}": ${why}, must be ${allowed}`;
  };
  return z.enum(words, { error });
}

/** An address that one node can have. `later`: words that will be allowed besides, and why not yet. */
export function address(later: Readonly<Record<string, string>> = {}) {
  const usual = mustBe("the IPv4 address of one node, like 192.0.2.1");
  const error = (issue: Issue): string => {
    const why = typeof issue.input === "string" ? later[issue.input] : undefined;
    return why === undefined ? usual(issue) : `"${issue.input}": ${why}, must be an IPv4 address`;
  };
  const check = (text: string): boolean => {
    const value = parseIpv4(text);
    return value !== undefined && isUsableUnicast(value);
  };
  return z.ipv4({ error }).refine(check, { error }).meta({ title: "IPv4 address" });
}

/** RFC 1123 §2.1: labels of letters, digits and hyphens; the last one is no number. */
export function dnsName() {
  const error = mustBe("a DNS name like ha.example.net");
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  const name = new RegExp(
    `^(?=.{1,254}$)(?:${label}\\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\\.?$`,
    "i",
  );
  return z.string({ error }).regex(name, { error }).meta({ title: "DNS name" });
}

/** A network: no host bits. */
export function network() {
  const allowed = "a network like 10.1.0.0/24";
  const error = (issue: Issue): string => {
    const prefix = typeof issue.input === "string" ? parsePrefix(issue.input) : undefined;
    if (prefix === undefined || prefix.length === 0) return mustBe(allowed)(issue);
    return `"${issue.input}" has host bits set, must be the network: "${formatPrefix(networkOf(prefix))}"`;
  };
  const check = (text: string): boolean => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && prefix.length > 0 && formatPrefix(networkOf(prefix)) === text;
  };
  return z.string({ error }).refine(check, { error }).meta({ title: "prefix in CIDR form" });
}

/** A network, or one address. */
export function prefixOrAddress() {
  return z.union([address(), network()], {
    error: (issue) => mustBe("an address or a network like 10.1.0.0/24")({ input: issue.input }),
  });
}

/** A link-layer address. */
export function mac() {
  const error = mustBe("a link-layer address like 02:00:00:00:00:01");
  return z
    .string({ error })
    .regex(/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/, { error })
    .meta({ title: "link-layer address" });
}

/** The prefix of a row that has been checked. */
export function prefixOf(row: { readonly prefix: string }): Prefix {
  const prefix = parsePrefix(row.prefix);
  assert(prefix !== undefined, "the schema lets no other text pass");
  return prefix;
}

/** `10.1.0.100-10.1.0.199`; 65,536 addresses are the most. */
export function addressRange() {
  const error = mustBe("a range of addresses like 10.1.0.100-10.1.0.199, 65536 at most");
  const check = (text: string): boolean => {
    const ends = text.split("-").map(parseIpv4);
    const [first, last] = ends;
    if (ends.length !== 2 || first === undefined || last === undefined) return false;
    if (!isUsableUnicast(first) || !isUsableUnicast(last)) return false;
    return first <= last && last - first < 65_536;
  };
  return z.string({ error }).refine(check, { error }).meta({ title: "address range" });
}

/** First and last address of a range that has been checked. */
export function parseRange(text: string): { readonly first: Ipv4; readonly last: Ipv4 } {
  const [first = "", last = ""] = text.split("-");
  return { first: ipv4(first), last: ipv4(last) };
}

export function nai() {
  return text("a Network Access Identifier like bob@example.net, 1 to 255 characters");
}

/** UDP ports, 64 at most. */
export function ports() {
  const error = mustBe("an array of ports, at most 64");
  return z.array(integer(1, 65535, "a port"), { error }).max(64, { error });
}

/** What the kernel takes as an interface name. */
export function interfaceName() {
  const error = mustBe("an interface name of 1 to 15 characters without spaces, slashes or colons");
  return z
    .string({ error })
    .regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/, { error })
    .meta({ title: "interface name" });
}

/** A key: octets in hex. RFC 5944 §5.1: 128 bits or more, any binary value. */
export function hexKey() {
  const error = secretMustBe("hex digits, two an octet, 1 to 256 octets");
  return z
    .string({ error })
    .regex(/^(?:[0-9a-fA-F]{2}){1,256}$/, { error })
    .meta({ title: "hex digits, 1 to 256 octets" });
}

/** A table whose unknown keys are faults. */
export function table<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: mustBe("a table") });
}

/** `[[name]]`, at least `min` of them. */
export function tables<Item extends z.ZodType>(item: Item, min = 0) {
  const allowed = min === 0 ? "an array of tables" : `an array of tables, at least ${min}`;
  const error = mustBe(allowed);
  return z.array(item, { error }).min(min, { error });
}
