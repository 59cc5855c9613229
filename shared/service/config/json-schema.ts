/** A configuration's schema as JSON Schema: of the file, where most keys may be left out. */

import * as z from "zod";

export function jsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: "input" });
}
