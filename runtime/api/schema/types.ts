/**
 * The Engine API's data types, from Docker's own package (generated from moby's api/swagger.yaml).
 * Types only: nothing of the package is shipped.
 */
export type * from "@docker/node-sdk";

/** The API version this engine speaks: what docker 28.2 speaks, so that its client never steps down. */
export const API_VERSION = "1.50";
/** The oldest version accepted, as moby's. */
export const API_VERSION_MIN = "1.24";
