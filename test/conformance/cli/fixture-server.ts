/**
 * An engine that answers fixed JSON: the common server of the two clients. It keeps what it was asked,
 * so that the requests can be compared too.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import {
  CHANGES,
  CONTAINERS,
  DISK_USAGE,
  EVENTS,
  HISTORY,
  IMAGES,
  INFO,
  INSPECT_CONTAINER,
  INSPECT_IMAGE,
  PULL,
  PUSH,
  STATS,
  TOP,
  VERSION,
} from "./fixture-data.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FixtureServer {
  readonly port: number;
  readonly asked: Asked[];
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const none: Answer = { status: 204, body: undefined };
const missing = (message: string): Answer => ({ status: 404, body: { message } });

function frame(stream: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const LOG = Buffer.concat([frame(1, "out line\n"), frame(2, "err line\n"), frame(1, "ünïcode\n")]);

function lines(objects: readonly unknown[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\r\n`).join("");
}

/** Names that begin with "no" do not exist; "broken" fails. */
function containerAnswer(
  method: string,
  id: string,
  verb: string,
  query: Record<string, string>,
): Answer | Buffer {
  if (id.startsWith("no")) return missing(`No such container: ${id}`);
  if (id === "broken") return { status: 500, body: { message: `cannot ${verb || "do it"}: it is broken` } };
  if (id === "running" && method === "DELETE") {
    return {
      status: 409,
      body: {
        message:
          'cannot remove container "/running": container is running: stop the container before removing or force remove',
      },
    };
  }
  switch (`${method} ${verb}`) {
    case "GET json":
      return ok({
        ...INSPECT_CONTAINER(id === "tty"),
        ...(query["size"] === "1" ? { SizeRw: 12, SizeRootFs: 345678 } : {}),
      });
    case "GET logs":
      return id === "tty" ? Buffer.from("tty line\r\n") : LOG;
    case "GET top":
      return ok(TOP);
    case "GET changes":
      return ok(id === "empty" ? null : CHANGES);
    case "GET stats":
      return ok(STATS(id));
    case "GET export":
      return Buffer.from("the bytes of a tar");
    case "HEAD archive":
    case "GET archive":
      return archiveAnswer(query["path"] ?? "");
    case "PUT archive":
      return ok(undefined);
    case "POST exec":
      return { status: 201, body: { Id: `exec-${id}` } };
    case "POST update":
      return ok({ Warnings: id === "warned" ? ["Your kernel does not", "support it"] : null });
    case "POST wait":
      return ok({ StatusCode: id.startsWith("exit3") ? 3 : 0 });
    case "POST start":
      return id.startsWith("badcmd")
        ? {
            status: 400,
            body: {
              message:
                'failed to create task for container: exec: "nope": executable file not found in $PATH: unknown',
            },
          }
        : none;
    default:
      return none;
  }
}

/** Directories end with "d", links with "l"; "/no" is nothing. */
function archiveAnswer(path: string): Answer {
  if (path.startsWith("/no")) return missing(`Could not find the file ${path} in container web`);
  const isLink = path.endsWith("l");
  const mode = path.endsWith("d") ? 0x8000_01ed : isLink ? 0x0800_01ff : 0o644;
  const stat = {
    name: path.slice(1),
    size: 5,
    mode,
    mtime: "2026-01-01T00:00:00Z",
    linkTarget: isLink ? "/target" : "",
  };
  return {
    status: 200,
    body: "not a tar, but bytes",
    headers: { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") },
  };
}

function imageAnswer(method: string, name: string, verb: string): Answer | string {
  if (name.endsWith("nothing"))
    return missing(`No such image: ${name.includes(":") ? name : `${name}:latest`}`);
  if (method === "DELETE")
    return ok([{ Untagged: "alpine:latest" }, { Untagged: "alpine@sha256:aa" }, { Deleted: "sha256:bb" }]);
  if (verb === "history") return ok(HISTORY());
  if (verb === "json") return ok(INSPECT_IMAGE);
  if (verb === "push") return lines(PUSH);
  return { status: 201, body: undefined };
}

function answer(asked: Asked): Answer | string | Buffer {
  const { method, path, query } = asked;
  const container = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path);
  switch (`${method} ${path}`) {
    case "GET /version":
      return ok(VERSION);
    case "GET /info":
      return ok(INFO);
    case "GET /containers/json":
      return ok(CONTAINERS());
    case "GET /images/json":
      return ok(IMAGES());
    case "GET /system/df":
      return ok(DISK_USAGE());
    case "GET /events":
      return lines(EVENTS);
    case "POST /containers/prune":
      return ok({ ContainersDeleted: ["aaa", "bbb"], SpaceReclaimed: 212 });
    case "POST /images/prune":
      return ok({
        ImagesDeleted: [{ Untagged: "old:1" }, { Deleted: "sha256:cc" }],
        SpaceReclaimed: 16_400_000,
      });
    case "POST /auth":
      return asked.body.includes("wrong")
        ? {
            status: 401,
            body: { message: 'Get "http://r/v2/": unauthorized: authentication required' },
          }
        : ok({ Status: "Login Succeeded", IdentityToken: "" });
    case "POST /images/create":
      return (query["fromImage"] ?? "").endsWith("/nothing")
        ? missing("pull access denied for nothing, repository does not exist or may require 'docker login'")
        : lines(PULL);
    case "POST /containers/create":
      return createAnswer(asked);
    case "POST /commit":
      return { status: 201, body: { Id: `sha256:${"c".repeat(64)}` } };
    default:
      break;
  }
  if (container !== null)
    return containerAnswer(method, decodeURIComponent(container[1] ?? ""), container[2] ?? "", query);
  const exec = /^\/exec\/([^/]+)\/(\w+)$/.exec(path);
  if (exec !== null) {
    const [, id = "", verb = ""] = exec;
    return verb === "json"
      ? ok({ ID: id, Running: false, ExitCode: id === "exec-exit3" ? 3 : 0 })
      : ok(undefined);
  }
  const image = /^\/images\/(.+?)(?:\/(json|history|push|tag))?$/.exec(path);
  if (image !== null) return imageAnswer(method, decodeURIComponent(image[1] ?? ""), image[2] ?? "");
  return missing(path.startsWith("/networks") ? "network x not found" : "page not found");
}

let hasPulled = false;

function createAnswer(asked: Asked): Answer {
  const request = JSON.parse(asked.body) as { Image: string };
  const name = request.Image.split(":")[0] ?? "";
  if (name === "missing") return missing("No such image: missing:latest");
  if (name === "pulled" && !hasPulled) {
    hasPulled = true;
    return missing("No such image: pulled:latest");
  }
  hasPulled = false;
  const warnings = name === "warned" ? ["You are warned."] : [];
  return { status: 201, body: { Id: name.padEnd(64, "0"), Warnings: warnings } };
}

export async function startFixtureServer(): Promise<FixtureServer> {
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://server");
      if (url.pathname === "/_ping") return ping(request, response);
      const one: Asked = {
        method: request.method ?? "GET",
        path: url.pathname.replace(/^\/v[\d.]+/, ""),
        query: Object.fromEntries(url.searchParams),
        body: Buffer.concat(pieces).toString(),
      };
      asked.push(one);
      const reply = answer(one);
      if (typeof reply === "string" || Buffer.isBuffer(reply)) return void response.writeHead(200).end(reply);
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body === undefined ? undefined : `${JSON.stringify(reply.body)}\n`);
    });
  });
  server.on("upgrade", (request, socket, head) => upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  return {
    port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function ping(request: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(200, {
    "Api-Version": "1.50",
    OSType: "linux",
    "Docker-Experimental": "false",
    Swarm: "inactive",
    "Builder-Version": "1",
  });
  response.end(request.method === "HEAD" ? undefined : "OK");
}

/** attach: says its lines, echoes stdin when there is any, and closes. */
function upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
  const url = request.url ?? "";
  if (url.includes("/broken")) {
    const body = '{"message":"cannot attach: it is broken"}';
    socket.end(
      `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    return;
  }
  socket.write(
    "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
  );
  socket.on("error", () => undefined); // The client may go first.
  // exec start has a body of its own before the connection.
  let bodyBytes = Number(request.headers["content-length"] ?? 0);
  const isExec = url.includes("/exec/");
  if (isExec ? !url.includes("exec-in/") : !url.includes("stdin=1")) {
    socket.resume();
    return void socket.end(LOG);
  }
  let text = "";
  const take = (piece: Buffer): void => {
    const own = Math.min(bodyBytes, piece.length);
    bodyBytes -= own;
    text += piece.subarray(own).toString();
  };
  take(head);
  socket.on("data", take);
  socket.on("end", () => socket.end(Buffer.concat([frame(1, text), frame(2, "eof\n")])));
}
