/** Interpreters: perl, lua, ruby, php, node. */
import type { ProgramCase } from "../case.ts";
import { casesOf } from "../case.ts";

export const LANGUAGE_CASES: readonly ProgramCase[] = [
  ...casesOf(
    { program: "perl", tree: "base", shell: "dash" },
    {
      "one-liners": `perl -e 'print "hello\\n"; my %h=(b=>2,a=>1); print join(",", map {"$_$h{$_}"} sort keys %h), "\\n"; print "ok\\n" if "foobar" =~ /o(b)a/; print "$1 $& $\`\\n"; printf "%.3f %s\\n", atan2(1,1)*4, 2**62; my @a=sort {$b<=>$a} 3,10,2; print "@a\\n"; print scalar reverse("abc"), lc("ABC"), ucfirst("xyz"), "\\n"; local $,="-"; print 1..5; print "\\n"; exit 3'; echo $?; seq 5 | perl -ne 'print if $. % 2'; seq 5 | perl -pe 's/(\\d)/<$1>/'; echo a:b | perl -F: -lane 'print $F[1]'`,
      "processes, files, signals": `cd /tmp; perl -e 'my $p=fork; if(!$p){exit 7} waitpid($p,0); print $?>>8,"\\n"; print \`echo back\`; system("exit 2"); print $?>>8,"\\n"; open(F,">f"); print F "x\\n"; close F; print -s "f","\\n"; $SIG{USR1}=sub{print "sig\\n"}; kill USR1=>$$; pipe(R,W); if(!fork){close R; print W "child\\n"; exit} close W; print <R>; wait; mkdir "d"; opendir(D,"."); print join(",",sort readdir D),"\\n"; print join(",",(stat "f")[2,3,7]),"\\n"; $SIG{ALRM}=sub{die "alarm\\n"}; eval{alarm 1; select(undef,undef,undef,5)}; print $@; unlink "f"; rename "d","e"; die "gone\\n"'; echo $?`,
      "core modules": {
        run: `perl -MList::Util=sum,max -MPOSIX=floor,strftime -MData::Dumper -e '$Data::Dumper::Sortkeys=1; print sum(1..10),max(3,9),floor(3.7),"\\n"; print Dumper({a=>[1,2]}); print strftime("%F",gmtime 0),"\\n"; use Socket; print inet_ntoa(inet_aton("127.0.0.1")),"\\n"; use Digest::MD5 qw(md5_hex); print md5_hex("x"),"\\n"; use Time::HiRes qw(usleep); usleep 1000; use File::Find; my $n=0; find(sub{$n++},"/etc/default"); print $n>0,"\\n"; use Encode; print length(decode("UTF-8","\\xc3\\xa9")),"\\n"; use Storable qw(dclone); print dclone([1,2])->[1],"\\n"'`,
        tree: "full",
      },
      "a sieve": {
        run: `perl -e 'my @p; N: for my $n (2..8000) { for (@p) { last if $_*$_>$n; next N unless $n % $_ } push @p,$n } print scalar(@p)," $p[-1]\\n"'`,
      },
    },
  ),
  ...casesOf(
    { program: "lua", tree: "full", shell: "dash" },
    {
      "language and library": `cd /tmp; cat > a.lua <<'E'\nlocal t = {} for i = 1, 10 do t[#t+1] = i * i end print(table.concat(t, " ")) print(string.format("%5.2f %q %x", math.pi, "a\\nb", 255)) print(("hello"):gsub("l", "L")) local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) print(co(), co(), co()) print(pcall(error, {code = 1}) == false) print(10 // 3, 10 % 3, 2^53, 7 & 3, 1 << 40, math.maxinteger) setmetatable(_G, {__index = function(_, k) return k end}) print(nope) local f = io.open("o", "w") f:write("x\\n") f:close() for l in io.lines("o") do print(l) end print(os.getenv("HOME"), os.time{year=2000,month=1,day=1,hour=0}) print(io.popen("echo sub"):read("a")) goto e ::e:: os.exit(4)\nE\nlua5.4 a.lua; echo $?; lua5.4 -e 'error("x")'; echo $?; lua5.4 -v`,
    },
  ),
  ...casesOf(
    { program: "ruby", tree: "full", shell: "dash" },
    {
      "language and library": `cd /tmp; cat > a.rb <<'E'\nrequire "json"; require "set"; require "digest"; require "time"\nputs (1..10).map { |x| x * x }.select(&:even?).inspect\nputs({"b" => 2, a: [1, nil, 2.5]}.to_json); puts JSON.parse('{"x":[1,2]}')["x"].sum\nputs "héllo".upcase, "%05.2f" % 3.14159, 2**100, 10.divmod(-3).inspect, 1r/3\nputs Digest::SHA256.hexdigest("x"); puts Time.at(0).utc.iso8601\nbegin; raise ArgumentError, "bad"; rescue => e; puts e.message; end\nputs \`echo sub\`; pid = fork { exit 3 }; Process.wait pid; puts $?.exitstatus\nq = Queue.new; t = Thread.new { 3.times { |i| q << i } }; t.join; puts q.size\nFile.write("o", "x"); puts File.size("o"); r, w = IO.pipe; w.puts "p"; puts r.gets\nTrap = trap("USR1") { puts "usr1" }; Process.kill("USR1", $$); sleep 0.05\nputs "foobar"[/o+/]; puts Set.new([1,2,2]).size; puts ObjectSpace.respond_to?(:gc); exit 5\nE\nruby a.rb; echo $?; ruby -e 'puts RUBY_VERSION; nope'; echo $?`,
    },
  ),
  ...casesOf(
    { program: "php-cli", tree: "full", shell: "dash" },
    {
      "language and library": `cd /tmp; cat > a.php <<'E'\n<?php\n$a = ["b" => 2, "a" => 1]; ksort($a); echo json_encode($a), "\\n"; echo implode(",", array_map(fn($x) => $x ** 2, range(1, 5))), "\\n";\nprintf("%05.2f %s %x\\n", M_PI, ucfirst("abc"), 255); preg_match('/(\\d+)/', "ab12", $m); echo $m[1], "\\n"; echo hash("sha256", "x"), "\\n", date("Y-m-d", 0), "\\n", PHP_OS, PHP_INT_MAX, "\\n";\ntry { throw new Exception("bad"); } catch (Exception $e) { echo $e->getMessage(), "\\n"; } file_put_contents("o", "x"); echo filesize("o"), shell_exec("echo sub"); function g() { yield 1; yield 2; } foreach (g() as $v) echo $v; echo "\\n", strlen(serialize($a)), md5("x"), "\\n"; $d = new PDO("sqlite::memory:"); echo $d->query("select 6*7")->fetchColumn(), "\\n"; exit(6);\nE\nphp a.php; echo $?; php -r 'echo PHP_VERSION;'; php -r 'nope();'; echo $?`,
    },
  ),
  ...casesOf(
    { program: "nodejs", tree: "full", shell: "dash", timeoutMs: 120_000 },
    {
      "node -e":
        "node -e 'console.log(1 + 1, process.version, [1,2].map(x => x * 2)); process.exitCode = 3'; echo $?",
      "a server, fetch, a worker, zlib":
        'node -e \'const { createServer } = require("http"); const { Worker } = require("worker_threads"); const s = createServer((q, r) => { let b = ""; q.on("data", (d) => (b += d)).on("end", () => r.end("hi " + q.url + b)); }).listen(0, "127.0.0.1", async () => { const r = await fetch(`http://127.0.0.1:${s.address().port}/x`, { method: "POST", body: "body" }); console.log(r.status, await r.text()); s.close(); }); new Worker(`require("worker_threads").parentPort.postMessage(6 * 7)`, { eval: true }).on("message", (m) => console.log(m)); require("child_process").exec("echo sub", (e, o) => process.stdout.write(o)); require("zlib").gzip("x".repeat(1000), (e, b) => console.log(b.length)); console.log(new Intl.NumberFormat("en").format(1234567))\' 2> /dev/null | sort',
      "node without its compiler":
        'node --jitless -e \'console.log(require("crypto").createHash("sha256").update("x").digest("hex")); setTimeout(() => console.log("later"), 10); require("fs").writeFileSync("/tmp/o", "x")\'; echo $?',
    },
  ),
  ...casesOf(
    { program: "esbuild (Go)", tree: "npm", shell: "dash", timeoutMs: 180_000 },
    {
      version: "esbuild --version; esbuild --nosuch; echo $?",
      "bundles files": `cd /tmp; echo 'export const a: number = 1; export default <T>(x: T) => [x, a]' > a.ts; echo 'import f, { a } from "./a"; console.log(f(a), import.meta.url, 2 ** 3)' > b.ts; esbuild b.ts --bundle --format=esm; esbuild b.ts --bundle --minify --sourcemap --outfile=o.js 2>&1 | sed 's/ in .*ms//'; cat o.js; echo 'let x = <a b={1}>t</a>' | esbuild --loader=jsx; echo 'let' | esbuild; echo $?`,
    },
  ),
  ...casesOf(
    { program: "ast-grep, deno, bun", tree: "npm", shell: "bash", timeoutMs: 120_000 },
    {
      "ast-grep finds and rewrites":
        "cd /tmp; printf 'function f(a) { console.log(a + 1); return foo(1, 2) }\\n' > a.js; ast-grep --version; ast-grep run -p 'console.log($A)' --color never a.js; ast-grep run -p 'foo($A, $B)' -r 'bar($B, $A)' -U a.js; cat a.js",
      "deno runs TypeScript": {
        run: 'cd /tmp; export DENO_DIR=/tmp/d DENO_NO_UPDATE_CHECK=1; deno --version | head -n 1; echo \'const x: number = 6; console.log(x * 7, Deno.build.os, await Promise.resolve("p"))\' > a.ts; deno run a.ts; echo $?; deno eval \'console.log(new TextEncoder().encode("\\u00e9"), await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module)\'',
        ignored: { paths: ["/tmp/d"], reason: "its cache holds times" },
      },
      "bun runs TypeScript and serves": {
        run: "cd /tmp; bun --version; echo 'const x: number = 6; console.log(x * 7, await Promise.resolve(\"p\"), [3, 1, 2].sort().join()); const s = Bun.serve({ port: 0, fetch: (r) => new Response(\"hi \" + new URL(r.url).pathname) }); console.log(await (await fetch(`http://127.0.0.1:${s.port}/x`)).text()); s.stop(true)' > a.ts; bun a.ts; echo $?",
        ignored: { paths: ["/root", "/tmp"], reason: "its caches hold times" },
      },
    },
  ),
  ...casesOf(
    { program: "dprint (Rust)", tree: "npm", shell: "dash", timeoutMs: 900_000 },
    {
      "version and help": "dprint --version; dprint help | head -n 5; dprint nosuch; echo $?",
      "formats by its plugin, compiled by wasmtime": {
        run: `cd /tmp; mkdir p; cd p; echo '{"plugins": ["/usr/local/lib/dprint/json.wasm"], "json": {}}' > dprint.json; printf '{"b":1,\n"a":[1,2]}' > x.json; dprint fmt x.json 2>&1 | head -n 5; cat x.json`,
        ignored: { paths: ["/root/.cache"], reason: "what it compiled" },
      },
    },
  ),
];
