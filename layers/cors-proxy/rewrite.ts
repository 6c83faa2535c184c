/**
 * Links in registries' answers, rewritten host by host so that the page's next request comes back to
 * the proxy: Location of uploads and the realm of challenges. A host that is not on the list keeps its
 * own name: the proxy would refuse it anyway.
 */
import { proxiedUrl } from "../base/proxy-url.ts";
import type { AllowList } from "./allow-list.ts";

export interface RewriteContext {
  readonly allowList: AllowList;
  /** Absolute URL of the proxy as the page sees it. */
  readonly proxyUrl: string;
  /** The URL whose answer holds the link. */
  readonly url: URL;
}

export function rewriteLocation(location: string, context: RewriteContext): string {
  let target: URL;
  try {
    target = new URL(location, context.url);
  } catch {
    return location; // Not a URL: the client will say so.
  }
  if (context.allowList.find(target) === undefined) return location;
  // Without scheme and host, so that a TLS server in front of the proxy need not be known.
  const proxied = new URL(proxiedUrl(context.proxyUrl, target));
  return proxied.pathname + proxied.search;
}

/** Every `realm="…"` of a WWW-Authenticate header that is a URL. */
export function rewriteRealms(header: string, context: RewriteContext): string {
  return header.replace(/realm="([^"\\]*)"/gi, (whole, realm: string) => {
    if (!/^https?:\/\//i.test(realm)) return whole;
    // Clients other than ours expect an absolute URL here.
    return `realm="${new URL(rewriteLocation(realm, context), context.proxyUrl).href}"`;
  });
}
