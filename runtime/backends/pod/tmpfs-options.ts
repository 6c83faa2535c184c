/** `--tmpfs` options (tmpfs(5)) as the in-memory filesystem takes them. */
/** size=64m, mode=1777, uid=, gid= (tmpfs(5)); others have no meaning here. */
export function tmpfsOptions(options: readonly string[]): {
  sizeBytesMax?: number;
  rootMode: number;
  rootUid?: number;
  rootGid?: number;
} {
  const value = (name: string): string | undefined =>
    options
      .flatMap((option) => option.split(","))
      .find((option) => option.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const size = /^(\d+)([kmg]?)$/i.exec(value("size") ?? "");
  const scale =
    { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(size?.[2] ?? "").toLowerCase()] ?? 1;
  const [uid, gid] = [value("uid"), value("gid")];
  return {
    rootMode: parseInt(value("mode") ?? "1777", 8),
    ...(size === null ? {} : { sizeBytesMax: Number(size[1]) * scale }),
    ...(uid === undefined ? {} : { rootUid: Number(uid) }),
    ...(gid === undefined ? {} : { rootGid: Number(gid) }),
  };
}
