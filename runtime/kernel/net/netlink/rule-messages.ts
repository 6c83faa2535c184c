/** RTM_GETRULE: the routing policy everybody starts with: local, main, default (fib_nl_fill_rule). */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import {
  Fra,
  RT_TABLE_DEFAULT,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  Rtm,
  RTPROT_KERNEL,
} from "../../abi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../abi/socket.ts";
import { struct, u32, u8 } from "./message.ts";
import type { RouteRequest } from "./rtnetlink.ts";
import type { Reply } from "./serve.ts";

interface Rule {
  readonly family: number;
  readonly priority: number;
  readonly table: number;
}

const RULES: readonly Rule[] = [
  { family: AF_INET, priority: 0, table: RT_TABLE_LOCAL },
  { family: AF_INET, priority: 32_766, table: RT_TABLE_MAIN },
  { family: AF_INET, priority: 32_767, table: RT_TABLE_DEFAULT },
  { family: AF_INET6, priority: 0, table: RT_TABLE_LOCAL },
  { family: AF_INET6, priority: 32_766, table: RT_TABLE_MAIN },
];
const FR_ACT_TO_TBL = 1;
/** Nothing is suppressed. */
const NO_PREFIX = 0xffff_ffff;

export function dumpRules({ family }: RouteRequest): readonly Reply[] {
  return RULES.filter((rule) => family === AF_UNSPEC || rule.family === family).map(ruleReply);
}

function ruleReply({ family, priority, table }: Rule): Reply {
  // struct fib_rule_hdr: family, lengths of prefixes, tos, table, reserved, action, flags.
  const header = struct([1, family], [1, 0], [1, 0], [1, 0], [1, table], [2, 0], [1, FR_ACT_TO_TBL], [4, 0]);
  const parts = [
    u32(Fra.TABLE, table),
    u32(Fra.SUPPRESS_PREFIXLEN, NO_PREFIX),
    u8(Fra.PROTOCOL, RTPROT_KERNEL),
    ...(priority === 0 ? [] : [u32(Fra.PRIORITY, priority)]),
  ];
  return { type: Rtm.NEWRULE, payload: concatBytes([header, ...parts]) };
}
