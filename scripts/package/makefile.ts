/** What an OpenWrt package's Makefile, and mip4.mk, say about the package, for building it without the SDK. */

export interface OpenwrtPackage {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly section: string;
  /** Names of packages. */
  readonly depends: readonly string[];
  readonly conffiles: readonly string[];
  /** Shell, or nothing. */
  readonly postinst: string;
  readonly prerm: string;
}

/** Reads the simple form that ours have; what is missing is empty. */
export function readPackageMakefile(text: string): OpenwrtPackage {
  const variable = (name: string): string =>
    new RegExp(`^\\s*${name}:=(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  const name = variable("PKG_NAME");
  const block = (part: string): string =>
    new RegExp(`^define Package/${name}${part}\\n([\\s\\S]*?)^endef$`, "m").exec(text)?.[1] ?? "";
  return {
    name,
    version: `${variable("PKG_VERSION")}-r${variable("PKG_RELEASE")}`,
    title: variable("TITLE"),
    description: block("/description").trim(),
    section: variable("SECTION"),
    depends: variable("DEPENDS")
      .split(/\s+/)
      .filter((word) => word !== "")
      .map((word) => word.replace(/^\+/, "")),
    conffiles: block("/conffiles").split("\n").filter(Boolean),
    // What make makes of it.
    postinst: block("/postinst").replaceAll("$$", () => "$"),
    prerm: block("/prerm").replaceAll("$$", () => "$"),
  };
}
