/** `--network` and its companions as the API's endpoint settings (docker/cli: container/opts.go). */
import { fail } from "../../layers/base/errors.ts";
import type { EndpointSettings, NetworkingConfig } from "../api/schema/types.ts";
import type { Flags } from "./flags.ts";

/** The networks asked for, by either spelling. */
export function networkNames(flags: Flags): string[] {
  return [...flags.list("network"), ...flags.list("net")].map((value) => networkOption(value).name);
}

interface NetworkOption {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly ip: string;
  readonly ip6: string;
}

/** "net", or "name=net,alias=a,ip=1.2.3.4". */
function networkOption(value: string): NetworkOption {
  if (!value.includes("=")) return { name: value, aliases: [], ip: "", ip6: "" };
  const pairs = value.split(",").map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) throw fail("invalidParameter", `invalid field ${field}`);
    return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()] as const;
  });
  const all = (name: string): string[] => pairs.filter(([key]) => key === name).map(([, text]) => text);
  const [name] = all("name");
  if (name === undefined) throw fail("invalidParameter", "network name is not specified");
  return { name, aliases: all("alias"), ip: all("ip")[0] ?? "", ip6: all("ip6")[0] ?? "" };
}

export function networkingConfig(flags: Flags): NetworkingConfig {
  const options = [...flags.list("network"), ...flags.list("net")].map(networkOption);
  const aliases = [...flags.list("network-alias"), ...flags.list("net-alias")];
  const first = options[0] ?? { name: "default", aliases: [], ip: "", ip6: "" };
  const isUserDefined =
    !["default", "bridge", "host", "none"].includes(first.name) && !first.name.startsWith("container:");
  if (aliases.length > 0 && !isUserDefined) {
    throw fail(
      "invalidParameter",
      "network-scoped alias is supported only for containers in user defined networks",
    );
  }
  const settings = (option: NetworkOption, isFirst: boolean): EndpointSettings => {
    const ip = isFirst && flags.has("ip") ? flags.string("ip") : option.ip;
    const ip6 = isFirst && flags.has("ip6") ? flags.string("ip6") : option.ip6;
    const names = [...option.aliases, ...(isFirst ? aliases : [])];
    return {
      ...(names.length === 0 ? {} : { Aliases: names }),
      ...(isFirst && isUserDefined && flags.has("link") ? { Links: [...flags.list("link")] } : {}),
      ...(isFirst && flags.has("mac-address") ? { MacAddress: flags.string("mac-address") } : {}),
      ...(ip === "" && ip6 === ""
        ? {}
        : {
            IPAMConfig: {
              ...(ip === "" ? {} : { IPv4Address: ip }),
              ...(ip6 === "" ? {} : { IPv6Address: ip6 }),
            },
          }),
    };
  };
  if (options.length === 0) return { EndpointsConfig: { default: settings(first, true) } };
  return {
    EndpointsConfig: Object.fromEntries(
      options.map((option, index) => [option.name, settings(option, index === 0)]),
    ),
  };
}
