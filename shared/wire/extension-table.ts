/**
 * What an extension is: a row of the registry, the form of its header, and the figure of its data
 * (RFC 5944 §1.8 to §1.11). One function a form makes the table.
 */

import type { ValueOf } from "./field.ts";
import {
  constant,
  type DerivedField,
  type Field,
  filledIn,
  type Layout,
  u8,
  u16,
} from "./field.ts";

/**
 * How the header of an extension is laid out.
 * `padding`: one octet, no length (RFC 5944 §2.1.3). `simple`: type, 8-bit length (§1.9).
 * `short`: type, 8-bit length that includes the sub-type behind it (§1.11). `long`: type, sub-type,
 * 16-bit length (§1.10). `option`: type, 8-bit length in units of 8 octets that counts the header
 * too (RFC 4988 §6). `remainder`: no header, all that is left.
 */
export type ExtensionForm = "padding" | "simple" | "short" | "long" | "option" | "remainder";

/** One extension, or one sub-type or vendor's use of an extension. */
export interface ExtensionTable<N extends string = string, L extends Layout = Layout> {
  readonly type: number;
  /** Unique among all tables of the space; the value's `name`. */
  readonly name: N;
  readonly form: ExtensionForm;
  readonly rfc: string;
  /** The whole extension, from its type on. */
  readonly fields: L;
  /** The extension that this is a sub-type or a vendor's use of: what the JSON form calls it. */
  readonly extension?: string;
  /** Accepted only with this value in the length field: a form printed by mistake. */
  readonly onlyLength?: number;
  /** Octets at the end that the length field leaves out: the other kind of misprint. */
  readonly beyondLength?: number;
  /** When the octets do not fit, the next table of the same type has them. */
  readonly mayFail?: true;
}

/** A decoded extension: its name tells the type of the rest. */
export type ExtensionValue<T> =
  T extends ExtensionTable<infer N, infer L> ? { readonly name: N } & ValueOf<L> : never;

/** What the author of a table gives; `fields` is what follows the header. */
interface Given<N extends string, L extends Layout>
  extends Omit<ExtensionTable<N, L>, "form" | "fields"> {
  readonly fields: L;
}

type Simple<L> = { type: DerivedField; length: DerivedField } & L;
type WithSubtype<S, L> = Simple<{ subtype: S extends number ? DerivedField : Field<number> } & L>;

const typeOf = (type: number): DerivedField => constant(u8, type);
const subtypeOf = (subtype: number | undefined) =>
  subtype === undefined ? u8 : constant(u8, subtype);

/** Type alone: one octet (RFC 5944 §1.8, §2.1.3). */
export function paddingExtension<const N extends string>(
  given: Omit<Given<N, Layout>, "fields">,
): ExtensionTable<N, { type: DerivedField }> {
  return { ...given, form: "padding", fields: { type: typeOf(given.type) } };
}

/** Type, length, data (RFC 5944 §1.9). */
export function simpleExtension<const N extends string, L extends Layout>(
  given: Given<N, L>,
): ExtensionTable<N, Simple<L>> {
  const fields = { type: typeOf(given.type), length: filledIn(u8), ...given.fields };
  return { ...given, form: "simple", fields };
}

/** Type, length, sub-type, data (RFC 5944 §1.11). Without `subtype` the table takes any. */
export function shortExtension<
  const N extends string,
  L extends Layout,
  S extends number | undefined = undefined,
>(given: Given<N, L> & { readonly subtype?: S }): ExtensionTable<N, WithSubtype<S, L>> {
  const { subtype, ...rest } = given;
  const header = { type: typeOf(given.type), length: filledIn(u8), subtype: subtypeOf(subtype) };
  return { ...rest, form: "short", fields: { ...header, ...given.fields } as WithSubtype<S, L> };
}

/** Type, sub-type, 16-bit length, data (RFC 5944 §1.10). Without `subtype` it takes any. */
export function longExtension<
  const N extends string,
  L extends Layout,
  S extends number | undefined = undefined,
>(given: Given<N, L> & { readonly subtype?: S }): ExtensionTable<N, WithSubtype<S, L>> {
  const { subtype, ...rest } = given;
  const header = { type: typeOf(given.type), subtype: subtypeOf(subtype), length: filledIn(u16) };
  return { ...rest, form: "long", fields: { ...header, ...given.fields } as WithSubtype<S, L> };
}

/** The long form with a reserved octet in the sub-type's place (RFC 3115 §2.1). */
export function criticalVendorExtension<const N extends string, L extends Layout>(
  given: Given<N, L>,
): ExtensionTable<N, Simple<{ reserved: Field<number> } & L>> {
  const header = { type: typeOf(given.type), reserved: u8, length: filledIn(u16) };
  return { ...given, form: "long", fields: { ...header, ...given.fields } };
}

/** Type, length in units of 8 octets, data (RFC 4988 §6). */
export function optionExtension<const N extends string, L extends Layout>(
  given: Given<N, L>,
): ExtensionTable<N, Simple<L>> {
  const fields = { type: typeOf(given.type), length: filledIn(u8), ...given.fields };
  return { ...given, form: "option", fields };
}
