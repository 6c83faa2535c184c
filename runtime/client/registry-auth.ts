/**
 * Credentials on their way to the daemon: the X-Registry-Auth header is base64url of JSON, padded, as
 * Docker's client sends it.
 */
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";

/** One registry's credentials (moby: api/types/registry/authconfig.go). */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The value of X-Registry-Auth. */
export function encodeRegistryAuth(auth: RegistryAuth): string {
  return toBase64(encodeUtf8(JSON.stringify(auth)))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Text of base64, either alphabet. @throws DOMException when it is neither. */
export function fromBase64(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return decodeUtf8(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}
