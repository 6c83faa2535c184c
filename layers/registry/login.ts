/**
 * `docker login`: asks the registry's base URL who may enter, proves it with the credentials, and
 * returns the refresh token where the token server issues one. Wording as moby's loginV2.
 */
import { SlipwayError, fail } from "../base/errors.ts";
import type { Authorizer } from "./authorizer.ts";
import { secretsOf } from "./authorizer.ts";
import { domainOfServer, registryOrigin } from "./hosts.ts";
import type { Credentials } from "./registry.ts";
import { redactSecrets, statusText } from "./registry-errors.ts";
import { NO_BASIC_CREDENTIALS } from "./session.ts";
import type { Answer, Transport } from "./transport.ts";
import { discard } from "./transport.ts";

export async function login(
  parts: { readonly transport: Transport; readonly authorizer: Authorizer },
  server: string,
  credentials: Credentials,
): Promise<{ status: string; identityToken: string }> {
  const { authorizer, transport } = parts;
  const domain = domainOfServer(server);
  const url = new URL(`${registryOrigin(domain, transport.settings())}/v2/`);
  const enter = async (headers: Record<string, string>): Promise<Answer> => {
    const answer = await transport.send({ method: "GET", url, domain, headers });
    await discard(answer.response);
    return answer;
  };
  const ping = await enter({});
  if (ping.response.status !== 401) return finish(ping, url, "");
  authorizer.learn(domain, ping);
  let identityToken = "";
  let authorization: string | undefined;
  try {
    const token = await authorizer.loginToken(domain, credentials);
    identityToken = token?.refreshToken ?? "";
    authorization = token === undefined ? undefined : `Bearer ${token.value}`;
    authorization ??= await authorizer.header(domain, undefined, credentials, undefined);
  } catch (thrown) {
    const error = SlipwayError.from(thrown);
    const message = redactSecrets(error.message, secretsOf(credentials));
    throw fail(error.kind, `Get "${url.href}": ${message}`, { cause: thrown });
  }
  if (authorization === undefined) throw fail("unauthorized", `Get "${url.href}": ${NO_BASIC_CREDENTIALS}`);
  return finish(await enter({ authorization }), url, identityToken);
}

function finish(answer: Answer, url: URL, identityToken: string): { status: string; identityToken: string } {
  const { status } = answer.response;
  if (status === 200) return { status: "Login Succeeded", identityToken };
  throw fail(
    status === 401 ? "unauthorized" : "system",
    `login attempt to ${url.href} failed with status: ${statusText(status)}`,
  );
}
