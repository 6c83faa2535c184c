/** The API's own types, taken from the client's signatures: web imports runtime/client and nothing else. */
import type { EngineClient } from "../../runtime/client/engine-client.ts";

type Result<Area extends keyof EngineClient, Operation extends keyof EngineClient[Area]> =
  EngineClient[Area][Operation] extends (...parameters: never[]) => Promise<infer R> ? R : never;

export type ContainerSummary = Result<"containers", "containerList">[number];
export type ImageSummary = Result<"images", "imageList">[number];
export type ImageInspect = Result<"images", "imageInspect">["value"];
export type HistoryItem = Result<"images", "imageHistory">[number];
export type DataUsage = Result<"system", "systemDataUsage">;
