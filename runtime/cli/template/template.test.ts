import { expect, test } from "vitest";
import { executeTemplate } from "./evaluate.ts";
import { FUNCTION_NAMES } from "./functions.ts";
import { parseTemplate } from "./parser.ts";
import { GoStruct } from "./values.ts";

const DATA = {
  Name: "web",
  Count: 3,
  Tags: ["a", "b"],
  Labels: { z: "1", a: "2" },
  Deep: { Er: { Est: true } },
  None: null,
  Empty: [],
  Struct: new GoStruct("T", { A: 1, Hello: (name: unknown) => `hello ${String(name)}` }),
};

function run(text: string, isMissingKeyError = false): string {
  return executeTemplate(parseTemplate(text, FUNCTION_NAMES), DATA, { isMissingKeyError });
}

test.each([
  ["{{.Name}}", "web"],
  ["{{ .Deep.Er.Est }}", "true"],
  ["{{.Tags}} {{.Labels}} {{.None}} {{.Missing}}", "[a b] map[a:2 z:1] <no value> <no value>"],
  [
    "{{json .}}",
    '{"Count":3,"Deep":{"Er":{"Est":true}},"Empty":[],"Labels":{"a":"2","z":"1"},"Name":"web","None":null,"Struct":{"A":1},"Tags":["a","b"]}',
  ],
  ["{{range .Tags}}<{{.}}>{{end}}", "<a><b>"],
  ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=2;z=1;"],
  ["{{range $i, $t := .Tags}}{{if $i}},{{end}}{{$t}}{{else}}none{{end}}", "a,b"],
  ["{{range .Empty}}x{{else}}none{{end}}", "none"],
  ['{{range .Tags}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', "a"],
  ['{{range .Tags}}{{if eq . "a"}}{{continue}}{{end}}{{.}}{{end}}', "b"],
  ["{{if and .Name (gt .Count 2)}}yes{{else}}no{{end}}", "yes"],
  ["{{if not .Name}}1{{else if eq .Count 3}}2{{else}}3{{end}}", "2"],
  ["{{with .Deep.Er}}{{.Est}}{{$.Name}}{{else}}x{{end}}", "trueweb"],
  ["{{$x := 1}}{{range .Tags}}{{$x = 2}}{{end}}{{$x}}", "2"],
  ['{{define "t"}}[{{.}}]{{end}}{{template "t" .Name}}', "[web]"],
  ['{{block "b" .Count}}<{{.}}>{{end}}', "<3>"],
  ["a  {{- .Name -}}  b", "awebb"],
  ["{{/* note */}}x{{- /* trim */ -}} y", "xy"],
  ['{{index .Tags 1}}{{index .Labels "a"}}{{index .Labels "nope"}}', "b2"],
  [
    '{{len .Tags}} {{slice .Name 1 2}} {{printf "%5.1f|%-4s|%04d|%q" 1.26 "x" 7 "q"}}',
    '2 e   1.3|x   |0007|"q"',
  ],
  [
    '{{join .Tags "-"}} {{split "a:b" ":"}} {{upper .Name}} {{title "a b"}} {{pad "x" 1 2}}| {{truncate "hello" 2}}',
    "a-b [a b] WEB A B  x  | he",
  ],
  ['{{.Name | printf "%s-%s" "x" | upper}}', "X-WEB"],
  ['{{print 1 2 "a" 3}}{{println "x" 1}}', "1 2a3x 1\n"],
  [
    '{{eq .Count 1 2 3}} {{ne .Name "a"}} {{lt 1 2}} {{ge "b" "a"}} {{or "" .Name}}',
    "true true true true web",
  ],
  ['{{.Struct.Hello "you"}} {{.Struct}}', "hello you {1}"],
  ["{{(index .Tags 0)}} {{`raw`}} {{'a'}} {{0x1F}}", "a raw 97 31"],
])("%s", (text, expected) => {
  expect(run(text)).toBe(expected);
});

test.each([
  ["{{", "template: :1: unclosed action"],
  ["{{.Name", "template: :1: unclosed action"],
  ["{{nope .}}", 'template: :1: function "nope" not defined'],
  ["{{$x}}", 'template: :1: undefined variable "$x"'],
  ["{{if .Name}}", "template: :1: unexpected EOF"],
  ["{{end}}", "template: :1: unexpected {{end}}"],
  ["{{}}", "template: :1: missing value for command"],
  ['{{"abc}}', "template: :1: unterminated quoted string"],
  ["{{/* x }}", "template: :1: unclosed comment"],
  ["{{(1}}", "template: :1: unclosed left paren"],
  [
    "{{.Deep.Nope}}",
    'template: :1:7: executing "" at <.Deep.Nope>: map has no entry for key "Nope"',
  ],
  [
    "{{.Name.X}}",
    'template: :1:7: executing "" at <.Name.X>: can\'t evaluate field X in type string',
  ],
  [
    "{{.Struct.Z}}",
    'template: :1:9: executing "" at <.Struct.Z>: can\'t evaluate field Z in type T',
  ],
  [
    "{{index .Tags 9}}",
    'template: :1:2: executing "" at <index .Tags 9>: error calling index: index out of range: 9',
  ],
  [
    "{{range .Name}}{{end}}",
    'template: :1:8: executing "" at <.Name>: range can\'t iterate over web',
  ],
  ["{{break}}", "template: :1: {{break}} outside {{range}}"],
])("%s fails as in Go", (text, expected) => {
  expect(() => run(text, true)).toThrow(expected);
});
