/** The feed for OpenWrt's SDK, as GNU make reads it: with stand-ins for what the SDK itself has. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { controlOf, directory, filesOf, unpackedPackages } from "./unpacked.ts";

const { all } = unpackedPackages("openwrt");

/** As include/package.mk uses a package: its parts by name, when make has read all of it. */
const PACKAGE_MK = `
define BuildPackage
$(eval $(Package/$(1)))
install:
	mkdir -p $(DESTINATION)
	$(call Package/$(1)/install,$(DESTINATION))
$(info Version $(PKG_VERSION)-r$(PKG_RELEASE))
$(info License $(PKG_LICENSE))
$(info Depends $(DEPENDS))
$(info Title $(TITLE))
$(info Architecture $(PKGARCH))
$(info Compile [$(Build/Compile)])
endef
`;

test("OpenWrt: make finds in the feed what the packages made without the SDK have", () => {
  const sdk = join(directory, "sdk");
  const [include, links] = [join(sdk, "include"), join(sdk, "package", "feeds", "mip4")];
  mkdirSync(include, { recursive: true });
  mkdirSync(links, { recursive: true });
  writeFileSync(join(sdk, "rules.mk"), `INCLUDE_DIR:=${include}\nCP:=cp -fpR\n`);
  writeFileSync(join(include, "package.mk"), PACKAGE_MK);
  assert.equal(all.size, 6);
  for (const [name, out] of all) {
    // `scripts/feeds install` makes such a link, and make goes into it.
    symlinkSync(join(directory, "openwrt", "feed", name), join(links, name));
    const destination = join(sdk, "installed", name);
    const words = [
      "-s",
      "-C",
      join(links, name),
      `TOPDIR=${sdk}`,
      `DESTINATION=${destination}/data`,
    ];
    const made = spawnSync("make", [...words, "install"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    assert.equal(made.status, 0, made.stderr);
    const control = controlOf(out);
    const depends = (control.get("Depends") ?? "").split(", ").slice(1);
    assert.deepEqual(made.stdout.split("\n"), [
      `Version ${control.get("Version")}`,
      `License ${control.get("License")}`,
      `Depends ${depends.map((one) => `+${one}`).join(" ")}`,
      `Title ${control.get("Description")}`,
      `Architecture ${control.get("Architecture")}`,
      "Compile []",
      "",
    ]);
    const files = filesOf(out);
    assert.ok(files.length > 0);
    assert.deepEqual(filesOf(destination), files);
    for (const file of files.map((line) => line.slice(4))) {
      const [here, there] = [out, destination].map((base) =>
        readFileSync(join(base, "data", file)),
      );
      assert.ok(here !== undefined && there?.equals(here), file);
    }
  }
});
