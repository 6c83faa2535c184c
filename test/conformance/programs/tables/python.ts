/** python3: scripts, and its own regression tests, outcome by outcome. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

/** Runs a module's tests and prints each one's outcome, without times; what they print themselves is no outcome. */
const RUN_TESTS = `
import sys, unittest, io, os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
os.chdir('/tmp')
outcomes = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)
class Result(unittest.TestResult):
    def say(self, test, what): print(test.id(), what, file=outcomes, flush=True)
    def addSuccess(self, test): self.say(test, 'ok')
    def addFailure(self, test, error): self.say(test, 'FAIL ' + repr(error[1])[:200])
    def addError(self, test, error): self.say(test, 'ERROR ' + repr(error[1])[:200])
    def addSkip(self, test, reason): self.say(test, 'skip ' + reason)
    def addExpectedFailure(self, test, error): self.say(test, 'expected failure')
    def addUnexpectedSuccess(self, test): self.say(test, 'unexpected success')
import test.support
test.support.use_resources = ['network']
suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
result = Result()
suite.run(result)
print(result.testsRun, file=outcomes, flush=True)
`;

/** The modules the issue names; Debian does not pack the tests of sqlite3, which has a script of its own. */
const MODULES = [
  "json",
  "re",
  "hashlib",
  "os",
  "subprocess",
  "threading",
  "socket",
  "select",
  "signal",
  "mmap",
];

/** test_asyncio is a package of modules: as a whole it takes a quarter of an hour. */
const ASYNCIO: Readonly<Record<string, readonly string[]>> = {
  "base events and servers": ["base_events", "server"],
  events: ["events"],
  "futures, protocols, transports": ["futures", "futures2", "buffered_proto", "protocols", "transports"],
  "locks, queues, contexts": ["locks", "queues", "context", "pep492", "threads", "waitfor"],
  "runners, timeouts, task groups": ["runners", "timeouts", "taskgroups"],
  "selector and proactor events": ["selector_events", "proactor_events"],
  "sendfile and sockets": ["sendfile", "sock_lowlevel"],
  "ssl and sslproto": ["ssl", "sslproto"],
  streams: ["streams"],
  subprocess: ["subprocess"],
  tasks: ["tasks"],
  "unix events": ["unix_events"],
};

const SUITES: readonly (readonly [name: string, modules: readonly string[]])[] = [
  ...MODULES.map((module) => [module, [`test.test_${module}`]] as const),
  ...Object.entries(ASYNCIO).map(
    ([name, modules]) => [`asyncio: ${name}`, modules.map((module) => `test.test_asyncio.test_${module}`)] as const,
  ),
];

const tests: readonly ProgramCase[] = SUITES.map(([name, modules]) => ({
  name: `python3: test_${name}`,
  program: "python3 test suite",
  run: ["/usr/bin/python3", "-c", RUN_TESTS, ...modules],
  tree: "full",
  isSuite: true,
  timeoutMs: 900_000,
  ignoresStderr: "warnings hold addresses and times",
  ignored: { paths: ["/tmp", "/usr/lib/python3", "/root"], reason: "compiled modules hold times" },
}));

export const PYTHON_CASES: readonly ProgramCase[] = [
  ...casesOf(
    {
      program: "python3",
      tree: "full",
      shell: "dash",
      ignored: { paths: ["/usr/lib/python3", "/tmp/__pycache__"], reason: "compiled modules hold times" },
    },
    {
      "print(1)": ["/usr/bin/python3", "-c", "print(1)"],
      language: `cat > /tmp/a.py <<'E'\nimport sys, re, json, math, collections, itertools, functools, dataclasses, datetime, decimal, fractions, random, hashlib, struct, textwrap, string, statistics\nprint([x * x for x in range(10)], {k: v for k, v in zip("ab", [1, 2])}, 2 ** 200, 10 / 3, 7 // -2, f"{math.pi:.5f}")\nprint(json.dumps({"b": [1, None, True], "a": "é"}, sort_keys=True), json.loads('[1, {"x": 2.5}]'))\nprint(re.sub(r"(\\w+) (\\w+)", r"\\2 \\1", "hello world"), collections.Counter("abracadabra").most_common(2))\nprint(decimal.Decimal(1) / 7, fractions.Fraction(3, 6), datetime.datetime(2024, 2, 29).isoformat(), hashlib.sha256(b"x").hexdigest())\nrandom.seed(1); print(random.random(), random.sample(range(100), 5), struct.pack("<IHd", 1, 2, 0.5).hex(), statistics.stdev([1, 2, 3, 4]))\n@dataclasses.dataclass\nclass P:\n    x: int\n    y: float = 0.5\nprint(P(1), functools.reduce(lambda a, b: a * b, range(1, 20)), list(itertools.permutations("abc"))[:2])\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(repr(e))\ndef g():\n    x = yield 1\n    print("got", x)\n    yield 2\ni = g(); next(i); print(i.send("s"))\nmatch [1, 2]:\n    case [a, b]: print(a, b)\nprint(sys.version_info[:2], sys.platform, sys.maxsize, float("inf"), 0.1 + 0.2, hash(1.5))\nraise SystemExit(3)\nE\npython3 /tmp/a.py; echo $?; python3 -c 'nope'; echo $?; echo 'print("stdin")' | python3`,
      "processes, threads, files, sockets": `cat > /tmp/b.py <<'E'\nimport os, subprocess, threading, socket, select, signal, mmap, tempfile, time, queue, multiprocessing, asyncio, sqlite3, shutil, glob, stat, fcntl, resource, pathlib, zlib, gzip, tarfile, io\nprint(subprocess.run(["sh", "-c", "cat; exit 4"], input=b"in", capture_output=True))\npid = os.fork()\nif pid == 0: os._exit(5)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\nq = queue.Queue(); ts = [threading.Thread(target=lambda i=i: q.put(i)) for i in range(10)]\n[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(q.queue))\na, b = socket.socketpair(); a.send(b"x"); print(select.select([b], [], [], 1)[0] == [b], b.recv(9))\ns = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); d, _ = s.accept(); c.sendall(b"tcp"); print(d.recv(10)); c.close(); print(d.recv(10))\nsignal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05); signal.pause()\nos.chdir(tempfile.mkdtemp(dir="/tmp")); pathlib.Path("f").write_text("hello"); f = open("f", "r+b"); m = mmap.mmap(f.fileno(), 0); m[0:1] = b"J"; m.flush(); m.close(); print(open("f").read())\nprint(sorted(os.listdir(".")), oct(os.stat("f").st_mode), fcntl.fcntl(f, fcntl.F_GETFD)); fcntl.flock(f, fcntl.LOCK_EX)\ndb = sqlite3.connect(":memory:"); print(db.execute("select 6*7, sqlite_version() > ''").fetchall())\nprint(zlib.crc32(b"x"), len(gzip.compress(b"x" * 1000, mtime=0)), resource.getrlimit(resource.RLIMIT_CORE)[0] >= -1)\nasync def co():\n    p = await asyncio.create_subprocess_exec("echo", "async", stdout=asyncio.subprocess.PIPE)\n    out, _ = await p.communicate(); await asyncio.sleep(0.01); return out, p.returncode\nprint(asyncio.run(co()))\nwith multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2, 3]))\nr, w = os.pipe(); print(os.get_blocking(r)); os.write(w, b"z"); print(os.read(r, 5), os.cpu_count() > 0, os.getcwd() != "/")\nE\npython3 /tmp/b.py; echo $?; rm -rf /tmp/tmp*`,
      "sqlite3": `cat > /tmp/c.py <<'E'\nimport sqlite3, threading, os\nos.chdir("/tmp")\ndb = sqlite3.connect("d.db"); db.execute("pragma journal_mode=wal"); db.execute("create table t(a integer primary key, b text, c blob)")\nwith db: db.executemany("insert into t(b, c) values(?, ?)", [(str(i), bytes([i])) for i in range(100)])\nprint(db.execute("select count(*), sum(a), max(b) from t").fetchone(), db.total_changes)\ntry:\n    with db:\n        db.execute("delete from t"); raise ValueError("undo")\nexcept ValueError as e: print(e, db.execute("select count(*) from t").fetchone())\ntry: db.execute("insert into t(a) values(1)")\nexcept sqlite3.IntegrityError as e: print(e)\ndb.rollback()\ndb.create_function("twice", 1, lambda x: 2 * x); print(db.execute("select twice(21)").fetchone())\nclass Longest:\n    def __init__(self): self.best = ""\n    def step(self, value): self.best = max(self.best, value, key=len)\n    def finalize(self): return self.best\ndb.create_aggregate("longest", 1, Longest); print(db.execute("select longest(b) from t").fetchone())\ndb.row_factory = sqlite3.Row; row = db.execute("select a, b from t where a = 7").fetchone(); print(row.keys(), tuple(row))\nother = sqlite3.connect("d.db", timeout=0.1); db.execute("begin immediate")\ntry: other.execute("insert into t(b) values('x')")\nexcept sqlite3.OperationalError as e: print(e)\ndb.rollback(); other.execute("insert into t(b) values('x')"); other.commit(); print(db.execute("select count(*) from t").fetchone()[0])\nback = sqlite3.connect(":memory:"); db.backup(back); print(back.execute("pragma integrity_check").fetchone(), len(list(back.iterdump())))\ndef work(n):\n    mine = sqlite3.connect("d.db", timeout=30)\n    for i in range(5):\n        with mine: mine.execute("insert into t(b) values(?)", (f"{n}-{i}",))\n    mine.close()\nthreads = [threading.Thread(target=work, args=(n,)) for n in range(4)]; [t.start() for t in threads]; [t.join() for t in threads]\nprint(db.execute("select count(*) from t where b like '%-%'").fetchone()[0]); print(db.execute("pragma wal_checkpoint(truncate)").fetchone()[0])\ndb.close(); other.close(); print(sorted(os.listdir(".")))\nE\npython3 /tmp/c.py; echo $?; rm /tmp/d.db*`,
      "a benchmark of floats": [
        "/usr/bin/python3",
        "-c",
        "import math\nprint(sum(math.sin(i) * math.sqrt(i) for i in range(20000)))",
      ],
    },
  ),
  ...tests,
];
