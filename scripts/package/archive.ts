/** Archives that are the same octets whenever and wherever they are made. */

import { execFileSync } from "node:child_process";

/** Seconds since 1970 that every file gets: of the last commit, or as reproducible builds say. */
export function buildTime(): string {
  return (
    process.env.SOURCE_DATE_EPOCH ??
    execFileSync("git", ["log", "-1", "--format=%ct"], { encoding: "utf8" }).trim()
  );
}

/** `file` = the gzipped tar of what is in `directory`. */
export function tarDirectory(directory: string, file: string, members: readonly string[]): void {
  execFileSync("tar", [
    "--format=gnu",
    "--sort=name",
    `--mtime=@${buildTime()}`,
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--use-compress-program=gzip -9n",
    "-cf",
    file,
    "-C",
    directory,
    ...members,
  ]);
}
