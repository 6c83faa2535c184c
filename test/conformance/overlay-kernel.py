"""Runs the operations of overlay-operations.ts on a real kernel's tmpfs and overlayfs.

Reads one JSON request a line and answers one JSON line each. Everything is mounted in a mount
namespace of this process's own, on a tmpfs of its own: when it ends, however it ends, nothing is left.
"""
import ctypes
import errno
import hashlib
import json
import os
import shutil
import stat
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_NOATIME = 0x20000, 0x4000, 1 << 18, 1024
SYS_renameat2, SYS_fallocate = 316, 285  # x86-64
RENAME = {"replace": 0, "noReplace": 1, "exchange": 2}
XATTR = {"either": 0, "create": 1, "replace": 2}
NOW_AFTER_NS = 1_600_000_000 * 10**9
TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFCHR: "character",
         stat.S_IFBLK: "block", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}
FORMATS = {name: bits for bits, name in TYPES.items()}


def check(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def mount(source, target, kind, flags=0, data=None):
    check(libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, flags,
                     data.encode() if data else None))


def umount(target):
    check(libc.umount2(target.encode(), 0))


def fill_bytes(size, fill):
    return bytes((fill + index * 7) & 0xFF for index in range(size))


class Place:
    """A name in a directory that is held open, so that no path is followed through a link."""

    def __init__(self, root, path):
        names = path.split("/")[1:]
        self.directory = os.open(root, os.O_PATH | os.O_DIRECTORY)
        self.name = names[-1] if names else "."
        for name in names[:-1]:
            try:
                step = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.directory)
            except OSError as error:
                os.close(self.directory)
                if error.errno == errno.ELOOP:
                    raise OSError(errno.ENOTDIR, "link on the way")
                raise
            os.close(self.directory)
            self.directory = step
        self.path = f"/proc/self/fd/{self.directory}/{self.name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.directory)

    def type(self):
        return TYPES[stat.S_IFMT(os.lstat(self.path).st_mode)]

    def check_is_file(self):
        kind = self.type()
        if kind != "file":
            raise OSError(errno.EISDIR if kind == "directory" else errno.EINVAL, kind)

    def open(self, flags):
        self.check_is_file()
        return os.open(self.name, flags | os.O_NOFOLLOW, dir_fd=self.directory)


class Runner:
    def __init__(self, root):
        self.root = root
        self.handles = {}

    def run(self, operation):
        try:
            answer = getattr(self, "op_" + operation["op"])(operation)
            return "ok" if answer is None else answer
        except OSError as error:
            return errno.errorcode[error.errno].replace("ENOTSUP", "EOPNOTSUPP")

    def close(self):
        for handle in self.handles.values():
            os.close(handle)
        self.handles.clear()

    def op_stamp(self, o):
        for count, path in enumerate(sorted(paths_of(self.root), key=utf16), 1):
            time = (o["seconds"] + count) * 10**9 + count * 7
            os.utime(self.root + path, ns=(time, time), follow_symlinks=False)

    def own(self, place, o):
        os.lchown(place.path, o["uid"], o["gid"])
        os.chmod(place.path, o["mode"])

    def op_create(self, o):
        with Place(self.root, o["path"]) as place:
            os.close(os.open(place.name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, o["mode"], dir_fd=place.directory))
            self.own(place, o)

    def op_mkdir(self, o):
        with Place(self.root, o["path"]) as place:
            os.mkdir(place.path, o["mode"])
            self.own(place, o)

    def op_symlink(self, o):
        with Place(self.root, o["path"]) as place:
            os.symlink(o["target"], place.path)
            os.lchown(place.path, 0, 0)

    def op_mknod(self, o):
        with Place(self.root, o["path"]) as place:
            os.mknod(place.path, FORMATS[o["type"]] | o["mode"], os.makedev(o["major"], o["minor"]))
            self.own(place, {"uid": 0, "gid": 0, "mode": o["mode"]})

    def op_write(self, o):
        with Place(self.root, o["path"]) as place:
            handle = place.open(os.O_WRONLY)
            os.pwrite(handle, fill_bytes(o["size"], o["fill"]), o["position"])
            os.close(handle)

    def op_put(self, o):
        with Place(self.root, o["path"]) as place:
            handle = place.open(os.O_WRONLY)
            os.pwrite(handle, bytes.fromhex(o["hex"]), 0)
            os.close(handle)

    def op_read(self, o):
        with Place(self.root, o["path"]) as place:
            handle = place.open(os.O_RDONLY)
            data = os.pread(handle, o["size"], o["position"])
            os.close(handle)
            return hashlib.sha1(data).hexdigest()

    def op_extents(self, o):
        with Place(self.root, o["path"]) as place:
            handle = place.open(os.O_RDONLY)
            status = os.fstat(handle)
            extents, end = [], 0
            try:
                while end < status.st_size:
                    start = os.lseek(handle, end, os.SEEK_DATA)
                    end = os.lseek(handle, start, os.SEEK_HOLE)
                    extents.append(f"{start}-{end}")
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            finally:
                os.close(handle)
            return f"{status.st_blocks * 512} {' '.join(extents)}"

    def op_punch(self, o):
        with Place(self.root, o["path"]) as place:
            handle = place.open(os.O_RDWR)
            try:
                check(libc.syscall(SYS_fallocate, handle, 3, ctypes.c_long(o["position"]), ctypes.c_long(o["size"])))
            finally:
                os.close(handle)

    def op_truncate(self, o):
        with Place(self.root, o["path"]) as place:
            place.check_is_file()
            os.truncate(place.path, o["size"])

    def op_unlink(self, o):
        with Place(self.root, o["path"]) as place:
            os.unlink(place.path)

    def op_rmdir(self, o):
        with Place(self.root, o["path"]) as place:
            os.rmdir(place.path)

    def op_list(self, o):
        with Place(self.root, o["path"]) as place:
            if place.type() != "directory":
                raise OSError(errno.ENOTDIR, "")
            names = [name for name in os.listdir(place.path) if os.path.lexists(f"{place.path}/{name}")]
            return " ".join(sorted(f"{n}:{TYPES[stat.S_IFMT(os.lstat(f'{place.path}/{n}').st_mode)]}" for n in names))

    def op_stat(self, o):
        with Place(self.root, o["path"]) as place:
            s = os.lstat(place.path)
            device = f"{os.major(s.st_rdev)}:{os.minor(s.st_rdev)}"
            return f"{place.type()} {stat.S_IMODE(s.st_mode):o} {s.st_uid}:{s.st_gid} {device}"

    def op_readlink(self, o):
        with Place(self.root, o["path"]) as place:
            return os.readlink(place.path)

    def op_link(self, o):
        with Place(self.root, o["path"]) as place:
            os.lstat(place.path)
            with Place(self.root, o["to"]) as to:
                os.link(place.path, to.path, follow_symlinks=False)

    def op_rename(self, o):
        with Place(self.root, o["path"]) as place, Place(self.root, o["to"]) as to:
            check(libc.syscall(SYS_renameat2, place.directory, os.fsencode(place.name),
                               to.directory, os.fsencode(to.name), RENAME[o["mode"]]))

    def op_chmod(self, o):
        with Place(self.root, o["path"]) as place:
            if place.type() == "symlink":
                raise OSError(errno.EOPNOTSUPP, "")
            os.chmod(place.path, o["mode"])

    def op_chown(self, o):
        with Place(self.root, o["path"]) as place:
            mode = os.lstat(place.path).st_mode
            os.lchown(place.path, o["uid"], o["gid"])
            if not stat.S_ISLNK(mode):
                os.chmod(place.path, stat.S_IMODE(mode))  # chown(2) drops setuid; the caller of ours would.

    def op_utimes(self, o):
        with Place(self.root, o["path"]) as place:
            os.utime(place.path, ns=(int(o["mtime"]), int(o["mtime"])), follow_symlinks=False)

    def xattr_place(self, place, name):
        if place.type() not in ("file", "directory") and name.startswith("user."):
            raise OSError(errno.EPERM, "")
        return place.path

    def op_setxattr(self, o):
        with Place(self.root, o["path"]) as place:
            path = self.xattr_place(place, o["name"])
            os.setxattr(path, o["name"], bytes.fromhex(o["value"]), XATTR[o["mode"]], follow_symlinks=False)

    def op_getxattr(self, o):
        with Place(self.root, o["path"]) as place:
            os.lstat(place.path)
            return os.getxattr(place.path, o["name"], follow_symlinks=False).hex() if o["name"] in os.listxattr(
                place.path, follow_symlinks=False) else "ENODATA"

    def op_removexattr(self, o):
        with Place(self.root, o["path"]) as place:
            os.removexattr(self.xattr_place(place, o["name"]), o["name"], follow_symlinks=False)

    def op_open(self, o):
        with Place(self.root, o["path"]) as place:
            self.handles[o["handle"]] = place.open(os.O_RDWR)

    def handle(self, o):
        if o["handle"] not in self.handles:
            raise OSError(errno.EBADF, "")
        return self.handles[o["handle"]]

    def op_handleWrite(self, o):
        os.pwrite(self.handle(o), fill_bytes(o["size"], o["fill"]), o["position"])

    def op_handleRead(self, o):
        handle = self.handle(o)
        return hashlib.sha1(os.pread(handle, os.fstat(handle).st_size, 0)).hexdigest()

    def op_handleStat(self, o):
        s = os.fstat(self.handle(o))
        return f"{s.st_size} {stat.S_IMODE(s.st_mode):o}"

    def op_handleClose(self, o):
        os.close(self.handle(o))
        del self.handles[o["handle"]]


def utf16(path):
    return path.encode("utf-16-be", "surrogatepass")


def paths_of(root):
    """Overlayfs lists the whiteouts of a directory that it need not merge, but does not find them."""
    found = [""]
    for path in found:
        if stat.S_ISDIR(os.lstat(root + path).st_mode):
            found.extend(f"{path}/{name}" for name in os.listdir(root + path)
                         if os.path.lexists(f"{root}{path}/{name}"))
    return found


def dump(root):
    first, nodes = {}, []
    for path in sorted(paths_of(root), key=utf16):
        s = os.lstat(root + path)
        kind = TYPES[stat.S_IFMT(s.st_mode)]
        same = first.setdefault((s.st_dev, s.st_ino), path)
        xattrs = {name: os.getxattr(root + path, name, follow_symlinks=False).hex()
                  for name in sorted(os.listxattr(root + path, follow_symlinks=False))}
        digest = ""
        if kind == "file":
            with open(root + path, "rb") as file:
                digest = hashlib.sha1(file.read()).hexdigest()
        nodes.append({
            "path": path, "type": kind, "mode": stat.S_IMODE(s.st_mode), "uid": s.st_uid, "gid": s.st_gid,
            "nlink": s.st_nlink, "same": same, "xattrs": xattrs,
            "rdev": f"{os.major(s.st_rdev)}:{os.minor(s.st_rdev)}" if kind in ("character", "block") else "0:0",
            "size": -1 if kind == "directory" else s.st_size,
            "mtime": "now" if s.st_mtime_ns > NOW_AFTER_NS else str(s.st_mtime_ns),
            "sha1": digest, "target": os.readlink(root + path) if kind == "symlink" else "",
        })
    return nodes


class Server:
    def __init__(self, base):
        self.base = base
        self.runners = {}
        self.mounted = set()

    def runner(self, directory):
        root = f"{self.base}/{directory}"
        os.makedirs(root, 0o755, exist_ok=True)
        return self.runners.setdefault(directory, Runner(root))

    def run(self, request):
        runner = self.runner(request["directory"])
        return [runner.run(operation) for operation in request["operations"]]

    def dump(self, request):
        return dump(f"{self.base}/{request['directory']}")

    def contents(self, request):
        """Files of a tree whole, for rebuilding it on the other side."""
        root = f"{self.base}/{request['directory']}"
        return {p: open(root + p, "rb").read().hex() for p in paths_of(root) if os.path.isfile(root + p)
                and not os.path.islink(root + p)}

    def mount(self, request):
        target = f"{self.base}/{request['directory']}"
        for directory in [request["directory"], request["upper"], request["work"]]:
            os.makedirs(f"{self.base}/{directory}", 0o755, exist_ok=True)
        lowers = ":".join(f"{self.base}/{lower}" for lower in request["lowers"])
        mount("overlay", target, "overlay", MS_NOATIME,
              f"lowerdir={lowers},upperdir={self.base}/{request['upper']},workdir={self.base}/{request['work']}"
              f",redirect_dir=off,metacopy=off,index={request['index']}")
        self.mounted.add(target)

    def unmount(self, request):
        directory = request["directory"]
        if directory in self.runners:
            self.runners.pop(directory).close()
        umount(f"{self.base}/{directory}")
        self.mounted.discard(f"{self.base}/{directory}")

    def clear(self, _):
        for runner in self.runners.values():
            runner.close()
        self.runners.clear()
        for target in list(self.mounted):
            umount(target)
        self.mounted.clear()
        for name in os.listdir(self.base):
            shutil.rmtree(f"{self.base}/{name}")


def main():
    base = sys.argv[1]
    check(libc.unshare(CLONE_NEWNS))
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOATIME, "mode=755")
    os.umask(0)
    server = Server(base)
    print(json.dumps({"answer": "ready"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            print(json.dumps({"answer": getattr(server, request["request"])(request)}), flush=True)
        except OSError as error:
            print(json.dumps({"error": f"{request['request']}: {error}"}), flush=True)


main()
