"""Makes a random tree on the host from a seed, or prints what a tree on the host holds.

    tar-tree.py make SEED DIR
    tar-tree.py over SEED LOWER DIR    the same, with whiteouts (.wh. names) for some of what LOWER has
    tar-tree.py links SEED LOWER TAR   an archive of hard links to files that only LOWER has
    tar-tree.py dump DIR

A dump is one JSON list, sorted by path; bytes that are not UTF-8 are lone surrogates, as in
layers/fs/names.ts. Made for comparing trees, so inode numbers become the first path of a group.
"""
import hashlib
import json
import os
import random
import stat
import sys
import tarfile

TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFCHR: "character",
         stat.S_IFBLK: "block", stat.S_IFIFO: "fifo"}
PARTS = [b"a", b"etc", b"lib", b"\xc3\xbc\xc3\xb6", "日本".encode(), b"sp ace", b"new\nline", b"\xff\xfe", b"-dash",
         b"quote'\"", b"back\\slash", b"x" * 90, b"y" * 110, "é".encode() * 80, b"z" * 255, b".hidden", b"#=%"]


def make(seed, top):
    rng = random.Random(seed)
    directories, files = [top], []

    def new_path():
        while True:
            name = rng.choice(PARTS)[:250] + str(rng.randrange(100)).encode() if rng.random() < 0.7 else rng.choice(PARTS)
            path = os.path.join(rng.choice(directories), name)
            if len(path) - len(top) < 900 and len(name) <= 255 and not os.path.lexists(path):
                return path

    for _ in range(rng.randrange(30, 60)):
        path, kind = new_path(), rng.random()
        if kind < 0.25:
            os.mkdir(path)
            directories.append(path)
        elif kind < 0.6:
            with open(path, "wb") as file:
                file.write(rng.randbytes(rng.choice([0, 1, 511, 512, 513, 4096, 10240, 70000])))
            files.append(path)
        elif kind < 0.7:
            with open(path, "wb") as file:
                for _ in range(rng.randrange(0, 40)):
                    file.seek(rng.randrange(0, 400) * 4096)
                    file.write(rng.randbytes(4096))
                file.truncate(max(file.seek(0, 2), rng.randrange(0, 500) * 4096 + rng.choice([0, 7])))
            files.append(path)
        elif kind < 0.78 and files:
            os.link(rng.choice(files), path)
        elif kind < 0.88:
            os.symlink(rng.choice([b"a", b"../up", b"/absolute", b"t" * 100, b"t" * 101, b"\xff" * 50, b"deep/" * 60]), path)
        elif kind < 0.93:
            os.mkfifo(path)
        else:
            form = rng.choice([stat.S_IFCHR, stat.S_IFBLK])
            os.mknod(path, form | 0o600, os.makedev(rng.randrange(1, 4000), rng.randrange(0, 1 << 20)))
    for path in reversed(sorted(walk(top))):
        link = os.path.islink(path)
        os.chown(path, rng.choice([0, 1000, 65534, 3_000_000]), rng.choice([0, 50, 2_500_000]), follow_symlinks=False)
        if not link:
            os.chmod(path, rng.choice([0o644, 0o755, 0o4711, 0o2750, 0o1777, 0o0, 0o600]))
        if not link and rng.random() < 0.2 and (os.path.isfile(path) or os.path.isdir(path)):
            os.setxattr(path, "user.k%d" % rng.randrange(9), rng.randbytes(rng.choice([0, 5, 1500])))
            if os.path.isfile(path):
                os.setxattr(path, "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
        ns = rng.choice([0, 10**18, 1_700_000_000_123_456_789, rng.randrange(2 * 10**18)])
        os.utime(path, ns=(ns, ns), follow_symlinks=False)


def walk(top):
    yield top
    for at, names, files in os.walk(top):
        for name in names + files:
            yield os.path.join(at, name)


def dump(top):
    groups, nodes = {}, []
    for path in sorted(set(walk(top)), key=lambda p: os.fsdecode(p[len(top):]).encode("utf-16-be", "surrogatepass")):
        info = os.lstat(path)
        kind = TYPES[stat.S_IFMT(info.st_mode)]
        shown = os.fsdecode(path[len(top):]) or "/"
        node = {"path": shown, "type": kind, "mode": stat.S_IMODE(info.st_mode), "uid": info.st_uid, "gid": info.st_gid,
                "mtimeNs": str(info.st_mtime_ns)}
        if kind == "symlink":
            node["target"] = os.fsdecode(os.readlink(path))
        if kind in ("character", "block"):
            node["rdev"] = [os.major(info.st_rdev), os.minor(info.st_rdev)]
        if kind == "file":
            with open(path, "rb") as file:
                node["sha256"] = hashlib.sha256(file.read()).hexdigest()
        if kind != "directory" and info.st_nlink > 1:
            node["group"] = groups.setdefault(info.st_ino, shown)
        xattrs = {name: os.getxattr(path, name, follow_symlinks=False).hex()
                  for name in sorted(os.listxattr(path, follow_symlinks=False)) if not name.startswith("system.")}
        if xattrs:
            node["xattrs"] = xattrs
        nodes.append(node)
    json.dump(nodes, sys.stdout)


def over(seed, lower, top):
    make(seed, top)
    rng = random.Random(seed)
    for path in sorted(walk(lower))[1:]:
        place = top + path[len(lower):]
        parent, name = os.path.split(place)
        above = [place[:at] for at in range(len(top) + 1, len(place)) if place[at:at + 1] == b"/"]
        blocked = any(os.path.lexists(p) and (os.path.islink(p) or not os.path.isdir(p)) for p in above)
        hidden = any(os.path.lexists(os.path.join(os.path.dirname(p), b".wh." + os.path.basename(p))) for p in above)
        if rng.random() > 0.2 or blocked or hidden or os.path.lexists(place) or len(name) > 251:
            continue
        os.makedirs(parent, exist_ok=True)
        open(os.path.join(parent, b".wh." + name), "w").close()
    for path in sorted(walk(top)):
        both = lower + path[len(top):]
        if path != top and os.path.isdir(path) and not os.path.islink(path) and os.path.isdir(both) and rng.random() < 0.4:
            open(os.path.join(path, b".wh..wh..opq"), "w").close()
    for path in walk(top):
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)


def links(seed, lower, archive):
    rng = random.Random(seed)
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as output:
        for path in sorted(walk(lower)):
            if not os.path.isfile(path) or os.path.islink(path) or rng.random() > 0.3:
                continue
            entry = output.gettarinfo(os.fsdecode(path))
            entry.name = "linked%d" % len(output.getmembers())
            entry.type, entry.size, entry.pax_headers = tarfile.LNKTYPE, 0, {}
            entry.linkname = os.fsdecode(path[len(lower) + 1:])
            output.addfile(entry)


if sys.argv[1] == "make":
    make(int(sys.argv[2]), os.fsencode(sys.argv[3]))
elif sys.argv[1] == "over":
    over(int(sys.argv[2]), os.fsencode(sys.argv[3]), os.fsencode(sys.argv[4]))
elif sys.argv[1] == "links":
    links(int(sys.argv[2]), os.fsencode(sys.argv[3]), sys.argv[4])
else:
    dump(os.fsencode(sys.argv[2]))
