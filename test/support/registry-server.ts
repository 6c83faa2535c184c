/**
 * Debian's docker-registry as a test server: open, with htpasswd, or with token authorization (a
 * small token server in this process signs RS256 JWTs that the registry trusts). Ports are the
 * system's choice; processes are ended by their own handle.
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createSign, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface RegistryServer {
  /** "127.0.0.1:PORT": the domain of references. */
  readonly domain: string;
  readonly origin: string;
  /** Host of the token server; empty without one. */
  readonly tokenDomain: string;
  /** Tokens issued so far, by scope; empty without token authorization. */
  readonly tokenRequests: readonly string[];
  stop(): Promise<void>;
}

export interface RegistryServerOptions {
  readonly auth?: "open" | "basic" | "token";
  /** Life of the tokens; the registry allows no less than 60 s of `expires_in` for old clients. */
  readonly tokenSeconds?: number;
  /** What the token response says; undefined tells the truth. */
  readonly claimedSeconds?: number;
  /** Sends CORS headers, as an operator would configure them. */
  readonly hasCors?: boolean;
}

export const USERNAME = "ann";
export const PASSWORD = "pass:wörd";
/** What the token server gives as refresh token to who asks for offline access. */
export const REFRESH_TOKEN = "refresh-me-please";

export function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

export const hasRegistry = hasProgram("docker-registry") && hasProgram("htpasswd") && hasProgram("openssl");

export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  const auth = options.auth ?? "open";
  const tokens = auth === "token" ? await startTokenServer(folder, options) : undefined;
  if (auth === "basic") {
    writeFileSync(join(folder, "htpasswd"), execFileSync("htpasswd", ["-Bbn", USERNAME, PASSWORD]));
  }
  writeFileSync(join(folder, "registry.yml"), configuration(folder, auth, options, tokens?.origin));
  const child = spawn("docker-registry", ["serve", join(folder, "registry.yml")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const domain = await listeningAddress(child);
  return {
    domain,
    origin: `http://${domain}`,
    tokenDomain: tokens === undefined ? "" : new URL(tokens.origin).host,
    tokenRequests: tokens?.requests ?? [],
    async stop(): Promise<void> {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      await tokens?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, auth: string, options: RegistryServerOptions, realm?: string): string {
  const lines = [
    "version: 0.1",
    "log: { level: info, accesslog: { disabled: true } }",
    "storage:",
    `  filesystem: { rootdirectory: ${folder}/data }`,
    "  delete: { enabled: true }",
    "http:",
    "  addr: 127.0.0.1:0",
  ];
  if (options.hasCors === true) {
    lines.push(
      "  headers:",
      "    Access-Control-Allow-Origin: ['*']",
      "    Access-Control-Allow-Methods: ['HEAD', 'GET', 'OPTIONS', 'POST', 'PUT', 'PATCH']",
      "    Access-Control-Allow-Headers: ['Authorization', 'Accept', 'Content-Type', 'Content-Range', 'Range']",
      "    Access-Control-Expose-Headers: ['Docker-Content-Digest', 'Content-Range', 'Location', 'Range', 'WWW-Authenticate']",
    );
  }
  if (auth === "basic") lines.push("auth:", `  htpasswd: { realm: test, path: ${folder}/htpasswd }`);
  if (realm !== undefined) {
    lines.push(
      "auth:",
      `  token: { realm: "${realm}/token", service: test-registry, issuer: test-issuer, rootcertbundle: ${folder}/cert.pem }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function listeningAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (piece: Buffer): void => {
      output += piece.toString();
      const match = /listening on (127\.0\.0\.1:\d+)/.exec(output);
      if (match?.[1] !== undefined) resolve(match[1]);
      output = output.slice(-4096);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`docker-registry ended with ${String(code)}: ${output}`)));
  });
}

interface TokenServer {
  readonly origin: string;
  readonly requests: string[];
  stop(): Promise<void>;
}

async function startTokenServer(folder: string, options: RegistryServerOptions): Promise<TokenServer> {
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=test-issuer",
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  const signer = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void answerTokenRequest(request, response, { ...options, signer, requests });
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface TokenContext extends RegistryServerOptions {
  readonly signer: { readonly key: string; readonly cert: string };
  readonly requests: string[];
}

async function answerTokenRequest(
  request: IncomingMessage,
  response: ServerResponse,
  context: TokenContext,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const url = new URL(request.url ?? "/", "http://token.invalid");
  const parameters =
    request.method === "POST" ? new URLSearchParams(Buffer.concat(pieces).toString()) : url.searchParams;
  const scopes = parameters.getAll("scope").flatMap((scope) => scope.split(" "));
  context.requests.push(`${request.method ?? ""} ${scopes.join(" ")}`);
  const basic = Buffer.from(
    (request.headers.authorization ?? "").replace(/^Basic /, ""),
    "base64",
  ).toString();
  const isKnown = basic === `${USERNAME}:${PASSWORD}` || parameters.get("refresh_token") === REFRESH_TOKEN;
  response.setHeader("content-type", "application/json");
  if (!isKnown && (request.headers.authorization !== undefined || request.method === "POST")) {
    response.writeHead(401).end(JSON.stringify({ details: "incorrect username or password" }));
    return;
  }
  const seconds = context.tokenSeconds ?? 300;
  const token = signToken(scopes, isKnown, seconds, context.signer);
  response.end(
    JSON.stringify({
      // Half of the world's token servers use the one name, half the other.
      ...(request.method === "POST" ? { access_token: token } : { token }),
      expires_in: context.claimedSeconds ?? seconds,
      ...(parameters.get("offline_token") === "true" && isKnown ? { refresh_token: REFRESH_TOKEN } : {}),
    }),
  );
}

/** Anonymous users may pull what is below `public/`; known ones everything but what is below `secret/`. */
function signToken(
  scopes: readonly string[],
  isKnown: boolean,
  seconds: number,
  signer: TokenContext["signer"],
): string {
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.flatMap((scope) => {
    const [type, name = "", actions = ""] = scope.split(":");
    if (type !== "repository" || name.startsWith("secret/")) return [];
    const granted = isKnown ? actions.split(",") : name.startsWith("public/") ? ["pull"] : [];
    return granted.length === 0 ? [] : [{ type, name, actions: granted }];
  });
  const der = signer.cert.replace(/-----[A-Z ]+-----|\s/g, "");
  const header = { typ: "JWT", alg: "RS256", x5c: [der] };
  const claims = {
    iss: "test-issuer",
    sub: isKnown ? USERNAME : "",
    aud: "test-registry",
    // The registry grants a leeway of 60 s on both ends.
    exp: now + seconds - 60,
    nbf: now - 60,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(signer.key, "base64url")}`;
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port"));
      else resolve(address.port);
    });
  });
}
