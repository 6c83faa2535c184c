/** Image references as Docker parses and prints them (distribution/reference). */

export interface Reference {
  /** Such as "docker.io", "127.0.0.1:5000". */
  readonly domain: string;
  /** Such as "library/nginx". */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}
