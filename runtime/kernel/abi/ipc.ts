/** System V IPC: linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h; x86-64 layouts of their structures. */

export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const IPC_NOWAIT = 0o4000;

export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;

/** struct ipc64_perm: key, uid, gid, cuid, cgid, mode, seq; the same at the head of the three that follow. */
export const IPC_PERM_BYTES = 48;

export const SHM_EXEC = 0o100000;
export const SHM_RDONLY = 0o10000;
export const SHM_RND = 0o20000;
export const SHM_REMAP = 0o40000;
export const SHM_HUGETLB = 0o4000;
/** In the mode of a segment: removed with users left; locked. */
export const SHM_DEST = 0o1000;
export const SHM_LOCKED = 0o2000;
export const SHM_LOCK = 11;
export const SHM_UNLOCK = 12;
export const SHM_STAT = 13;
export const SHM_INFO = 14;
export const SHM_STAT_ANY = 15;
/** struct shmid64_ds, struct shminfo64, struct shm_info. */
export const SHMID_DS_BYTES = 112;
export const SHMINFO_BYTES = 72;
export const SHM_INFO_BYTES = 48;

export const GETPID = 11;
export const GETVAL = 12;
export const GETALL = 13;
export const GETNCNT = 14;
export const GETZCNT = 15;
export const SETVAL = 16;
export const SETALL = 17;
export const SEM_STAT = 18;
export const SEM_INFO = 19;
export const SEM_STAT_ANY = 20;
export const SEM_UNDO = 0x1000;
export const SEMVMX = 32_767;
/** struct sembuf, struct semid64_ds, struct seminfo. */
export const SEMBUF_BYTES = 6;
export const SEMID_DS_BYTES = 104;
export const SEMINFO_BYTES = 40;

export const MSG_NOERROR = 0o10000;
export const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;
export const MSG_STAT = 11;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;
/** struct msqid64_ds, struct msginfo. */
export const MSQID_DS_BYTES = 120;
export const MSGINFO_BYTES = 32;
