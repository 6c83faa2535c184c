/** fmt.Sprintf for what templates print: %v %s %q %d %t %x %X %o %b %c %f %e %g %U, width, precision, flags. */
import { quote } from "./quoting.ts";
import { isMap, printValue, typeNameOf } from "./values.ts";

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])/g;

export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const take = (): unknown => args[next++];
  const text = format.replace(
    VERB,
    (
      whole,
      flags: string,
      widthText: string | undefined,
      precisionText: string | undefined,
      verb: string,
    ) => {
      if (verb === "%") return "%";
      const width = widthText === "*" ? Number(take()) : Number(widthText ?? 0);
      const hasPrecision = whole.includes(".");
      const precision = hasPrecision
        ? precisionText === "*"
          ? Number(take())
          : Number(precisionText ?? 0)
        : undefined;
      if (next >= args.length) return `%!${verb}(MISSING)`;
      return padTo(formatVerb(verb, take(), flags, precision), width, flags, verb);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((value) => `${typeNameOf(value)}=${printValue(value)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function padTo(text: string, width: number, flags: string, verb: string): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || "sqv".includes(verb)) return " ".repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function formatVerb(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const bad = `%!${verb}(${typeNameOf(value)}=${printValue(value)})`;
  switch (verb) {
    case "v":
      return printValue(value);
    case "s":
      if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return bad;
      return precision === undefined
        ? printValue(value)
        : Array.from(printValue(value)).slice(0, precision).join("");
    case "q":
      return Array.isArray(value)
        ? `[${value.map((item) => formatVerb("q", item, flags, precision)).join(" ")}]`
        : typeof value === "string"
          ? quote(value)
          : bad;
    case "t":
      return typeof value === "boolean" ? String(value) : bad;
    case "T":
      return typeNameOf(value);
    default:
      if (typeof value === "string" && "xX".includes(verb)) return hexText(value, verb);
      if (typeof value === "number" || typeof value === "bigint")
        return formatNumber(verb, value, flags, precision) ?? bad;
      return Array.isArray(value) || isMap(value) ? printValue(value) : bad;
  }
}

function hexText(text: string, verb: string): string {
  const bytes = [...new TextEncoder().encode(text)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return verb === "X" ? bytes.toUpperCase() : bytes;
}

function formatNumber(
  verb: string,
  value: number | bigint,
  flags: string,
  precision: number | undefined,
): string | undefined {
  const plus = flags.includes("+") && value >= 0 ? "+" : flags.includes(" ") && value >= 0 ? " " : "";
  const radix = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb];
  if (radix !== undefined) {
    if (typeof value === "number" && !Number.isInteger(value)) return undefined;
    const prefix = flags.includes("#") ? ({ x: "0x", X: "0X", o: "0", b: "0b" }[verb] ?? "") : "";
    const digits = plus + prefix + value.toString(radix);
    return verb === "X" ? digits.toUpperCase() : digits;
  }
  if (verb === "c") return String.fromCodePoint(Number(value));
  if (verb === "U") return `U+${Number(value).toString(16).toUpperCase().padStart(4, "0")}`;
  // Templates have no conversion, so whole JSON numbers serve as floats too.
  if (verb === "f" || verb === "F") return plus + Number(value).toFixed(precision ?? 6);
  if (verb === "e")
    return (
      plus +
      Number(value)
        .toExponential(precision ?? 6)
        .replace(/e([+-])(\d)$/, "e$10$2")
    );
  if (verb === "g")
    return (
      plus +
      (precision === undefined
        ? printValue(Number(value))
        : String(Number(Number(value).toPrecision(precision))))
    );
  return undefined;
}
