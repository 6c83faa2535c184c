/**
 * From the domain of a reference to the host that is asked, and how: Docker Hub answers at another
 * name than images carry, and loopback registries speak plain http, as dockerd assumes.
 */
import { DEFAULT_DOMAIN } from "../oci/reference.ts";
import type { RegistrySettings } from "./settings.ts";

const DOCKER_HUB_HOST = "registry-1.docker.io";
/** What `docker login` calls Docker Hub. */
const DOCKER_HUB_INDEX = /^(?:https?:\/\/)?(?:index\.docker\.io|registry-1\.docker\.io|docker\.io)(?:\/.*)?$/;

/** Origin of the registry behind `domain`: "https://registry-1.docker.io". */
export function registryOrigin(domain: string, settings: RegistrySettings): string {
  const host = domain === DEFAULT_DOMAIN ? DOCKER_HUB_HOST : domain;
  const isPlain = settings.registries[domain]?.insecure ?? isLoopback(host);
  return `${isPlain ? "http" : "https"}://${host}`;
}

/** The domain that `docker login SERVER` means: scheme and path go, Docker Hub's names become one. */
export function domainOfServer(server: string): string {
  if (server === "" || DOCKER_HUB_INDEX.test(server)) return DEFAULT_DOMAIN;
  return server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

/** Whether `host` (with or without port) is this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || /^127(\.\d{1,3}){3}$/.test(name) || name === "[::1]";
}
