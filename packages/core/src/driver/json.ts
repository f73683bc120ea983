/** Anything that survives `JSON.parse(JSON.stringify(value))`: offers, tickets and records are made of it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}
