/**
 * How a URL of a registry is written as a URL of the CORS proxy: `<proxy>/<scheme>/<host>/<path>?<query>`.
 * Both ends use this one module: the distribution client to ask, the proxy to understand and to
 * rewrite what registries answer. Paths, not query parameters, so that relative links keep working.
 */

/** `target` as asked of the proxy at `base`, such as "https://page.example/proxy/". */
export function proxiedUrl(base: string, target: URL): string {
  const root = base.endsWith("/") ? base.slice(0, -1) : base;
  return `${root}/${target.protocol.slice(0, -1)}/${target.host}${target.pathname}${target.search}`;
}

/** The registry's URL behind `url`; undefined when `url` does not lie below `base` or names none. */
export function unproxiedUrl(base: string, url: URL): URL | undefined {
  const root = new URL(base.endsWith("/") ? base : `${base}/`);
  if (url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return undefined;
  return targetOfPath(url.pathname.slice(root.pathname.length) + url.search);
}

/** The URL that `https/registry.example:5000/v2/…?…` names; undefined when malformed. */
export function targetOfPath(text: string): URL | undefined {
  const match = /^(https?)\/([^/?#@\\]+)(\/.*)?$/.exec(text);
  const [, scheme, host, rest] = match ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  try {
    const authority = decodeURIComponent(host);
    // Escapes must not smuggle in credentials, a path or a query.
    return /[/?#@\\]/.test(authority) ? undefined : new URL(`${scheme}://${authority}${rest ?? "/"}`);
  } catch {
    return undefined;
  }
}
