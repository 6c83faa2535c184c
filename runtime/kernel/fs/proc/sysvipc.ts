/** /proc/sysvipc: what ipcs(1) shows, of the reader's ipc namespace, in the columns of ipc/{shm,sem,msg}.c. */
import { ipcOf } from "../../ipc/ipc-namespace.ts";
import type { IpcObject } from "../../ipc/ipc-object.ts";
import { shownPid } from "../../ipc/ipc-object.ts";
import { PAGE_BYTES } from "../../mm/region.ts";
import { shownGid, shownUid } from "../../task/credentials.ts";
import type { Task } from "../../task/task.ts";
import type { GeneratedDirectory } from "../generated.ts";
import { directory, text } from "../nodes.ts";

const SHM_HEAD =
  "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid" +
  "      atime      dtime      ctime                   rss                  swap\n";

const SEM_HEAD = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
const MSG_HEAD =
  "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid" +
  "      stime      rtime      ctime\n";

function right(value: number | bigint, width: number): string {
  return String(value).padStart(width);
}

/** Key, number and mode: the first columns of all three. */
function head({ key, id, mode }: IpcObject): string {
  return `${right(key, 10)} ${right(id, 10)}  ${mode.toString(8).padStart(4)}`;
}

function owners({ credentials }: Task, { uid, gid, creatorUid, creatorGid }: IpcObject): string {
  const ids = [
    shownUid(credentials, uid),
    shownGid(credentials, gid),
    shownUid(credentials, creatorUid),
    shownGid(credentials, creatorGid),
  ];
  return ids.map((id) => right(id, 5)).join(" ");
}

function seconds(...moments: readonly bigint[]): string {
  return moments.map((moment) => right(moment, 10)).join(" ");
}

function segmentsText(task: Task): string {
  const rows = ipcOf(task).segments.all.map((segment) => {
    const { sizeBytes, creator, lastUser, attachments, pages } = segment;
    const users = `${right(shownPid(task, creator), 5)} ${right(shownPid(task, lastUser), 5)}  ${right(attachments, 5)}`;
    const times = seconds(segment.attachedSeconds, segment.detachedSeconds, segment.changedSeconds);
    const memory = `${right(pages.pageCount * PAGE_BYTES, 21)} ${right(0, 21)}`;
    return `${head(segment)} ${right(sizeBytes, 21)} ${users} ${owners(task, segment)} ${times} ${memory}\n`;
  });
  return SHM_HEAD + rows.join("");
}

function semaphoresText(task: Task): string {
  const rows = ipcOf(task).semaphores.all.map((set) => {
    const times = seconds(set.operatedSeconds, set.changedSeconds);
    return `${head(set)} ${right(set.values.length, 10)} ${owners(task, set)} ${times}\n`;
  });
  return SEM_HEAD + rows.join("");
}

function messagesText(task: Task): string {
  const rows = ipcOf(task).messages.all.map((queue) => {
    const { usedBytes, messages, lastSender, lastReceiver } = queue;
    const users = `${right(shownPid(task, lastSender), 5)} ${right(shownPid(task, lastReceiver), 5)}`;
    const times = seconds(queue.sentSeconds, queue.receivedSeconds, queue.changedSeconds);
    const contents = `${right(usedBytes, 10)} ${right(messages.length, 10)}`;
    return `${head(queue)}  ${contents} ${users} ${owners(task, queue)} ${times}\n`;
  });
  return MSG_HEAD + rows.join("");
}

export function sysvipcDirectory(): GeneratedDirectory {
  return directory({ msg: text(messagesText), sem: text(semaphoresText), shm: text(segmentsText) });
}
