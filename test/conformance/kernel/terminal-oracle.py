"""A pty of the real Linux: takes cases of steps as JSON on stdin, answers what each step gave."""
import errno, fcntl, json, os, select, struct, sys, termios, time

SETTLE = float(sys.argv[1]) / 1000


def settle():
    """What was typed reaches the discipline by a work queue."""
    time.sleep(SETTLE)


def attempt(call):
    try:
        return call()
    except (OSError, termios.error) as error:
        return -error.args[0]


def read_all(fd):
    got = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError as error:
            return got if got or error.errno == errno.EAGAIN else -error.errno
        if not piece:
            return got
        got += piece
        time.sleep(0.0003)


def count(fd):
    return struct.unpack("I", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]


def poll(fd):
    poller = select.poll()
    poller.register(fd, select.POLLIN | select.POLLOUT | select.POLLPRI)
    ready = poller.poll(0)
    return ready[0][1] if ready else 0


def shown(value):
    return value.hex() if isinstance(value, bytes) else value


def step(master, slave, kind, value):
    if kind == "set":
        iflag, oflag, lflag, keys = value
        raw = bytearray(fcntl.ioctl(slave, 0x5401, b"\0" * 36))
        struct.pack_into("II", raw, 0, iflag, oflag)
        struct.pack_into("I", raw, 12, lflag)
        raw[17 : 17 + len(keys)] = bytes(keys)
        return attempt(lambda: (fcntl.ioctl(slave, 0x5402, bytes(raw)), 0)[1])
    if kind == "type":
        return attempt(lambda: os.write(master, bytes.fromhex(value)))
    if kind == "write":
        return attempt(lambda: os.write(slave, bytes.fromhex(value)))
    if kind == "read":
        return attempt(lambda: os.read(slave, value))
    if kind == "take":
        return read_all(master)
    if kind == "count":
        return attempt(lambda: count(slave))
    if kind == "poll":
        return [poll(slave), poll(master)]
    if kind == "flush":
        return attempt(lambda: (termios.tcflush(slave, value), 0)[1])
    if kind == "flow":
        return attempt(lambda: (termios.tcflow(slave, value), 0)[1])
    if kind == "packet":
        return attempt(lambda: (fcntl.ioctl(master, termios.TIOCPKT, struct.pack("i", value)), 0)[1])
    raise ValueError(kind)


def run(steps):
    master, slave = os.openpty()
    os.set_blocking(master, False)
    os.set_blocking(slave, False)
    answers = []
    for kind, value in steps:
        answers.append(shown(step(master, slave, kind, value)))
        settle()
    os.close(slave)
    os.close(master)
    return answers


os.setsid() if os.getpgrp() != os.getpid() else None
json.dump([run(steps) for steps in json.load(sys.stdin)], sys.stdout)
