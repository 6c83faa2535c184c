"""A program on a real Linux' terminal: keys in, what the screen was sent out. Asked as JSON on stdin.

Runs in namespaces of its own with the root already mounted; the terminal is of that root's devpts, so that the
program finds its name."""
import fcntl, json, os, re, select, struct, sys, termios, time

QUIET = 0.3
LIMIT = 20
TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431


def start(ask):
    root = ask["root"]
    master = os.open(root + "/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    number = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, b"\0" * 4))[0]
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ask["rows"], ask["columns"], 0, 0))
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.chroot(root)
        os.chdir("/")
        slave = os.open(f"/dev/pts/{number}", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        os.execve(ask["args"][0], ask["args"], dict(entry.split("=", 1) for entry in ask["env"]))
    return pid, master


def listen(master, expected):
    """What comes until `expected` was seen and nothing more follows."""
    got, last, end = b"", time.monotonic(), time.monotonic() + LIMIT
    while time.monotonic() < end:
        is_seen = expected is None or re.search(expected.encode(), got)
        if is_seen and time.monotonic() - last > QUIET:
            break
        if not select.select([master], [], [], 0.05)[0]:
            continue
        try:
            piece = os.read(master, 65536)
        except OSError:
            return got, True
        got, last = got + piece, time.monotonic()
    return got, False


ask = json.load(sys.stdin)
pid, master = start(ask)
shown = []
for expected, keys in ask["steps"]:
    piece, ended = listen(master, expected)
    shown.append(piece.hex())
    if isinstance(keys, list):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *keys, 0, 0))
    elif not ended:
        os.write(master, keys.encode("latin-1"))
rest, ended, end = b"", False, time.monotonic() + LIMIT
while not ended and time.monotonic() < end:
    piece, ended = listen(master, None)
    rest += piece
shown.append(rest.hex())
os.kill(pid, 9) if not ended else None
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
json.dump({"shown": shown, "status": status}, sys.stdout)
