/** Every operation that is answered, by its id. The type keeps this and the table of operations in step. */
import type { Route } from "../call.ts";
import type { RoutedOperationId } from "../operations.ts";
import * as absent from "./absent.ts";
import * as files from "./container-files.ts";
import * as stats from "./container-stats.ts";
import * as streams from "./container-streams.ts";
import * as containers from "./containers.ts";
import * as exec from "./exec.ts";
import * as images from "./images.ts";
import * as usage from "./system-usage.ts";
import * as system from "./system.ts";

const ROUTES: Readonly<Record<RoutedOperationId, Route>> = {
  ContainerArchive: files.containerArchive,
  ContainerArchiveInfo: files.containerArchiveInfo,
  ContainerAttach: streams.containerAttach,
  ContainerChanges: files.containerChanges,
  ContainerCreate: containers.containerCreate,
  ContainerDelete: containers.containerDelete,
  ContainerExec: exec.containerExec,
  ContainerExport: files.containerExport,
  ContainerInspect: containers.containerInspectRoute,
  ContainerKill: containers.containerKill,
  ContainerList: containers.containerList,
  ContainerLogs: streams.containerLogs,
  ContainerPause: streams.containerPause,
  ContainerPrune: containers.containerPrune,
  ContainerRename: containers.containerRename,
  ContainerResize: streams.containerResize,
  ContainerRestart: containers.containerRestart,
  ContainerStart: containers.containerStart,
  ContainerStats: stats.containerStats,
  ContainerStop: containers.containerStop,
  ContainerTop: streams.containerTop,
  ContainerUnpause: streams.containerUnpause,
  ContainerUpdate: stats.containerUpdate,
  ContainerWait: containers.containerWait,
  ConfigInspect: absent.swarmInspect,
  ExecInspect: exec.execInspect,
  ExecResize: exec.execResize,
  ExecStart: exec.execStart,
  ImageCommit: images.imageCommit,
  ImageCreate: images.imageCreate,
  ImageDelete: images.imageDelete,
  ImageHistory: images.imageHistory,
  ImageInspect: images.imageInspectRoute,
  ImageList: images.imageList,
  ImagePrune: images.imagePrune,
  ImagePush: images.imagePush,
  ImageTag: images.imageTag,
  NetworkInspect: absent.networkInspect,
  NodeInspect: absent.swarmInspect,
  PluginInspect: absent.pluginInspect,
  PutContainerArchive: files.putContainerArchive,
  SecretInspect: absent.swarmInspect,
  ServiceInspect: absent.swarmInspect,
  SystemAuth: usage.systemAuth,
  SystemDataUsage: usage.systemDataUsage,
  SystemInfo: usage.systemInfo,
  SystemPing: system.systemPing,
  SystemPingHead: system.systemPingHead,
  SystemEvents: system.systemEvents,
  SystemVersion: system.systemVersion,
  TaskInspect: absent.swarmInspect,
  VolumeInspect: absent.volumeInspect,
};

export function routeOf(id: string): Route | undefined {
  return (ROUTES as Readonly<Record<string, Route | undefined>>)[id]; // Ids without a route are the 501s.
}
