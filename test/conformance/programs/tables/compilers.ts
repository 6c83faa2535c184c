/** Compilers and virtual machines of the wild tree: what they make runs too. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

const COMMON = { tree: "wild", shell: "bash", timeoutMs: 180_000 } as const;
const MADE = { paths: ["/tmp", "/root"], reason: "what is compiled holds names of temporary files" };

const GO = `package main
import ("fmt"; "io"; "net/http"; "net/http/httptest"; "os"; "sync"; "time")
func main() {
  s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "hi %s", r.URL.Path) }))
  var wg sync.WaitGroup
  out := make([]string, 20)
  for i := range out {
    wg.Add(1)
    go func(i int) {
      defer wg.Done()
      r, _ := http.Get(fmt.Sprintf("%s/%d", s.URL, i))
      b, _ := io.ReadAll(r.Body)
      out[i] = string(b)
    }(i)
  }
  wg.Wait()
  fmt.Println(out)
  defer func() { fmt.Println(recover()); os.Exit(3) }()
  <-time.After(10 * time.Millisecond)
  var none *http.Request
  fmt.Println(none.URL)
}`;

const JAVA = `import java.util.*; import java.util.stream.*;
public class Hello {
  static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  public static void main(String[] a) throws Exception {
    System.out.println("Hello " + fib(27));
    Thread t = new Thread(() -> System.out.println("thread")); t.start(); t.join();
    System.out.println(IntStream.range(0, 1000).boxed().collect(Collectors.groupingBy(x -> x % 3, Collectors.counting())));
    try { Object o = null; o.toString(); } catch (NullPointerException e) { System.out.println("npe"); }
    System.out.println(new String(new ProcessBuilder("echo", "sub").start().getInputStream().readAllBytes()));
    System.exit(3);
  }
}`;

const RUST = `use std::{collections::HashMap, thread};
fn main() {
  let h: Vec<_> = (0..4).map(|i| thread::spawn(move || i * i)).collect();
  println!("{:?}", h.into_iter().map(|t| t.join().unwrap()).collect::<Vec<i32>>());
  println!("{:?}", HashMap::from([("a", 1.5f64)]));
  println!("{}", std::panic::catch_unwind(|| { let v: Vec<i32> = vec![]; v[std::env::args().count()] }).is_err());
  std::process::exit(3)
}`;

const MUSL = `#include <stdio.h>
#include <math.h>
#include <pthread.h>
#include <locale.h>
static void *f(void *p) { return p; }
int main(int c, char **v) {
  pthread_t t; void *r;
  pthread_create(&t, 0, f, v); pthread_join(t, &r);
  printf("musl %Lg %d %s\\n", sinl(c), r == v, setlocale(LC_ALL, "")); }`;

export const COMPILER_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "musl", ...COMMON, ignored: MADE },
    {
      "static and with its own linker":
        `cd /tmp; cat > a.c <<'E'\n${MUSL}\nE\nmusl-gcc -static -o s a.c && ./s; musl-gcc -o d a.c && ./d; readelf -l d | grep interpreter; /lib/ld-musl-x86_64.so.1 ./d; /lib/ld-musl-x86_64.so.1 --list ./d | sed 's/(0x.*//'`,
    },
  ),
  ...casesOf(
    { program: "go", ...COMMON, ignored: MADE },
    {
      "builds goroutines and net/http": `export HOME=/tmp GO111MODULE=off; cd /tmp; go version; cat > main.go <<'E'\n${GO}\nE\ngo build -o x main.go; ./x; echo $?`,
    },
  ),
  ...casesOf(
    { program: "rust", ...COMMON, ignored: MADE },
    {
      rustc: {
        run: `cd /tmp; cat > a.rs <<'E'\n${RUST}\nE\nrustc --version; rustc a.rs; ./a; echo $?`,
        ignoresStderr: "a panic tells the address of its thread",
      },
      "cargo build and test, offline":
        "export HOME=/tmp; cd /tmp; cargo new --quiet --vcs none hello; cd hello; printf 'fn twice(x: i32) -> i32 { x * 2 }\\nfn main() { println!(\"{}\", twice(21)); }\\n#[test]\\nfn t() { assert_eq!(twice(2), 4); }\\n' > src/main.rs; cargo build --offline --quiet; target/debug/hello; cargo test --offline --quiet 2>&1 | grep -o '. passed'; cargo --version",
    },
  ),
  ...casesOf(
    { program: "java", ...COMMON, ignored: { paths: ["/tmp"], reason: "a class file, and what a virtual machine tells others of itself" } },
    { "javac and java": `cd /tmp; cat > Hello.java <<'E'\n${JAVA}\nE\njava -version 2>&1 | head -n 1; javac Hello.java; java Hello; echo $?; java None 2>&1 | head -n 1` },
  ),
  ...casesOf(
    { program: "erlang, ghc, ocaml", ...COMMON, ignored: MADE },
    {
      erlang:
        "cd /tmp; erl -noshell -eval 'io:format(\"~p ~p~n\", [lists:sum(lists:seq(1,100)), erlang:system_info(otp_release)]), Self = self(), [spawn(fun() -> Self ! N*N end) || N <- lists:seq(1,10)], R = lists:sort([receive X -> X end || _ <- lists:seq(1,10)]), io:format(\"~w~n\", [R]), halt(3).'; echo $?",
      ghc: "cd /tmp; printf 'main :: IO ()\\nmain = do { print (sum [1..1000 :: Integer]); putStrLn (reverse \"haskell\") }\\n' > a.hs; ghc -O0 a.hs > /dev/null; ./a; ./a +RTS -M64m",
      ocaml:
        'cd /tmp; printf \'let rec fib n = if n < 2 then n else fib (n-1) + fib (n-2)\\nlet () = Printf.printf "%%d %%f\\\\n" (fib 20) (sin 1.0)\\n\' > a.ml; ocaml a.ml; ocamlopt -o a a.ml && ./a; ocamlc -o b a.ml && ./b',
    },
  ),
  ...casesOf(
    { program: "cmake, ninja", ...COMMON, ignored: MADE },
    {
      "a library, a program and a test":
        "cd /tmp; mkdir p; cd p; printf 'cmake_minimum_required(VERSION 3.10)\\nproject(x C)\\nadd_library(l STATIC l.c)\\nadd_executable(x x.c)\\ntarget_link_libraries(x l)\\nenable_testing()\\nadd_test(NAME t COMMAND x)\\n' > CMakeLists.txt; echo 'int l(void) { return 42; }' > l.c; printf '#include <stdio.h>\\nint l(void);\\nint main() { printf(\"%%d\\\\n\", l()); }\\n' > x.c; cmake -G Ninja -S . -B b | tail -n 2; ninja -C b | tail -n 1; b/x; cd b; ctest 2>&1 | grep 'tests passed'; cmake --version | head -n 1",
    },
  ),
];

export const INTERPRETER_CASES: readonly ProgramCase[] = casesOf(
  { program: "tcl, lisps, prolog, forth, R, numpy", ...COMMON, ignored: MADE },
  {
    "tcl, forth, prolog":
      "echo 'puts [expr {2**100}]; proc f x {return [string toupper $x]}; puts [f abc]; after 10 {set done 1}; vwait done; puts [exec echo sub]; exit 4' | tclsh; echo $?; gforth -e ': sq dup * ; 7 sq . cr 1 2 + . bye'; swipl -g 'X is 2**100, write(X), nl, findall(Y, between(1,5,Y), L), write(L), nl, halt(3)'; echo $?",
    lisps:
      "guile --no-auto-compile -c '(begin (display (let loop ((i 0) (s 0)) (if (= i 1000) s (loop (+ i 1) (+ s i))))) (newline) (display (expt 2 200)) (newline) (use-modules (ice-9 threads)) (display (join-thread (call-with-new-thread (lambda () 42)))) (newline))'; sbcl --noinform --eval '(progn (print (loop for i from 1 to 10 collect (* i i))) (print (expt 2 100)) (terpri) (sb-ext:exit :code 3))'; echo $?; clisp -q -x '(progn (print (loop for i from 1 to 10 collect (* i i))) (values))'",
    R: "Rscript -e 'x <- c(1,2,3); print(mean(x)); print(lm(y ~ x, data.frame(x=1:5, y=c(2.1,3.9,6.2,7.8,10.1)))$coefficients); set.seed(1); print(runif(3)); print(solve(matrix(c(2,1,1,3),2)))'; echo $?",
    numpy:
      "python3 -c 'import numpy as np; a = np.arange(12.).reshape(3, 4); print(a @ a.T, np.linalg.inv(np.array([[2., 1], [1, 3]])), np.fft.fft([1, 2, 3, 4]), np.random.default_rng(1).random(3)); print(np.sort(np.array([3, 1, 2])), np.exp(a[0]), a.std())'",
    "luajit compiles":
      "luajit -e 'local s = 0 for i = 1, 1e6 do s = s + i % 7 end print(s, jit.version, (jit.status()))'; luajit -joff -e 'print(1)'",
  },
);
