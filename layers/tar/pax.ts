/**
 * PAX extended headers: records "length key=value\n" that override fields of the next entry (or, in a
 * global header, of all that follow). Values are bytes: a name in them need not be UTF-8.
 *
 * A record with an empty value takes the key's meaning back, as POSIX says; of repeated keys the last
 * counts, except for the pairs of GNU's sparse format 0.0, which are kept in order beside the rest.
 */
import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import { decodeName } from "../fs/names.ts";
import { invalidHeader } from "./header.ts";

const NS_DIGITS = 9;
const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

export class PaxRecords {
  readonly values = new Map<string, Uint8Array>();
  /** GNU.sparse.offset and .numbytes of format 0.0, alternating. */
  readonly sparsePairs: number[] = [];

  text(key: string): string | undefined {
    const value = this.values.get(key);
    if (value === undefined || value.length === 0) return undefined;
    if (value.includes(0)) throw invalidHeader(`PAX record ${key} holds a NUL`);
    return decodeName(value);
  }

  integer(key: string): number | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parseInteger(text);
  }

  timeNs(key: string): bigint | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parseTimeNs(text);
  }
}

/** Adds the records in `body` to `records`. @throws SlipwayError `dataLoss` */
export function parsePax(body: Uint8Array, records: PaxRecords): PaxRecords {
  let position = 0;
  while (position < body.length) {
    const space = body.indexOf(SPACE, position);
    if (space < 0) throw invalidHeader("PAX record without a length");
    const length = parseInteger(ascii(body.subarray(position, space)));
    const end = position + length;
    if (length < 1 || end > body.length || end <= space + 1 || body[end - 1] !== NEWLINE) {
      throw invalidHeader("PAX record of a wrong length");
    }
    const equals = body.indexOf(EQUALS, space);
    if (equals < 0 || equals >= end) throw invalidHeader("PAX record without a value");
    const key = decodeName(body.subarray(space + 1, equals));
    if (key === "" || key.includes("\0")) throw invalidHeader("PAX record without a key");
    addRecord(records, key, body.subarray(equals + 1, end - 1));
    position = end;
  }
  return records;
}

function addRecord(records: PaxRecords, key: string, value: Uint8Array): void {
  if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
    const isOffset = records.sparsePairs.length % 2 === 0;
    if (isOffset !== (key === "GNU.sparse.offset")) throw invalidHeader("sparse map out of order");
    records.sparsePairs.push(parseInteger(ascii(value)));
  } else records.values.set(key, value);
}

/** Decimal, as PAX and GNU's sparse maps write numbers. */
export function parseInteger(text: string): number {
  const value = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalidHeader(`"${text.slice(0, 32)}" is not a number`);
  }
  return value;
}

/** "1700000000.123456789", with any number of digits, negative before 1970. */
export function parseTimeNs(text: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw invalidHeader(`"${text.slice(0, 32)}" is not a time`);
  const [, sign = "", seconds = "0", fraction = ""] = match;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, NS_DIGITS).padEnd(NS_DIGITS, "0"));
  return sign === "-" ? -ns : ns;
}

/** The shortest text that `parseTimeNs` reads as `timeNs`. */
export function formatTimeNs(timeNs: bigint): string {
  const sign = timeNs < 0n ? "-" : "";
  const absolute = timeNs < 0n ? -timeNs : timeNs;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(NS_DIGITS, "0").replace(/0+$/, "");
  return `${sign}${absolute / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
}

/** One record, whose length counts itself. */
export function formatRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([encodeUtf8(` ${key}=`), value, Uint8Array.of(NEWLINE)]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concatBytes([encodeUtf8(String(length)), rest]);
}

function ascii(bytes: Uint8Array): string {
  return bytes.length > 32 ? "too long" : String.fromCharCode(...bytes);
}
