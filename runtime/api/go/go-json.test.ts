import { describe, expect, it } from "vitest";
import { CONFIG, CREATE_REQUEST, HOST_CONFIG } from "./container-structs.ts";
import { decodeStruct, encodeStruct } from "./go-json.ts";

describe("Go's structs", () => {
  it("fill in defaults, and are written in Go's order without what it omits", () => {
    const config = decodeStruct(CONFIG, { Image: "x", Cmd: "one", labels: { a: "b" } });
    expect(config).toMatchObject({
      Image: "x",
      Cmd: ["one"],
      Labels: { a: "b" },
      Tty: false,
      StopTimeout: null,
    });
    expect(Object.keys(encodeStruct(CONFIG, config)).slice(0, 7)).toEqual([
      "Hostname",
      "Domainname",
      "User",
      "AttachStdin",
      "AttachStdout",
      "AttachStderr",
      "Tty",
    ]);
    expect(encodeStruct(CONFIG, config)).not.toHaveProperty("StopSignal");
  });

  it("come out as they went in", () => {
    const host = decodeStruct(HOST_CONFIG, {
      Memory: 1,
      RestartPolicy: { Name: "always" },
      PortBindings: { "80/tcp": [{ HostPort: "1" }] },
    });
    expect(decodeStruct(HOST_CONFIG, encodeStruct(HOST_CONFIG, host))).toEqual(host);
  });

  it.each([
    [{ Tty: "yes" }, "cannot unmarshal string into Go struct field CreateRequest.Tty of type bool"],
    [{ Env: "A=1" }, "cannot unmarshal string into Go struct field CreateRequest.Env of type []string"],
    [
      { HostConfig: { Memory: 1.5 } },
      "cannot unmarshal number 1.5 into Go struct field CreateRequest.HostConfig.Memory of type int64",
    ],
    [
      { HostConfig: [] },
      "cannot unmarshal array into Go struct field CreateRequest.HostConfig of type HostConfig",
    ],
    [
      { Labels: { a: 1 } },
      "cannot unmarshal number into Go struct field CreateRequest.Labels.a of type string",
    ],
  ])("refuse wrong types: %j", (value, message) => {
    expect(() => decodeStruct(CREATE_REQUEST, value)).toThrow(`invalid JSON: json: ${message}`);
  });
});
