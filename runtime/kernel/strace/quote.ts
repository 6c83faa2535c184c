/** Strings as strace quotes them: C escapes, octal no longer than needed, cut after 32 bytes. */

const STRING_MAX = 32;
const ESCAPES: Readonly<Record<number, string>> = {
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** All of `bytes`. */
export function quoteWhole(bytes: Uint8Array): string {
  let text = "";
  bytes.forEach((byte, index) => {
    const next = bytes[index + 1] ?? 0;
    const isDigitNext = next >= 0x30 && next <= 0x39;
    const known = ESCAPES[byte];
    if (known !== undefined) text += known;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(isDigitNext ? 3 : 1, "0")}`;
  });
  return `"${text}"`;
}

export function quote(bytes: Uint8Array, sizeBytes = bytes.length): string {
  return sizeBytes > STRING_MAX ? `${quoteWhole(bytes.subarray(0, STRING_MAX))}...` : quoteWhole(bytes);
}

export function quoteHex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, STRING_MAX)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
    .join("");
  return `"${shown}"${bytes.length > STRING_MAX ? "..." : ""}`;
}
