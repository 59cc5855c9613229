# What the packages have in common. A package says PKG_NAME, includes this, defines its own parts, and
# ends with $(eval $(call BuildPackage,$(PKG_NAME))).

PKG_VERSION:=0.1.0
PKG_RELEASE:=1
PKG_LICENSE:=Apache-2.0

include $(INCLUDE_DIR)/package.mk

# What is installed is JavaScript and shell, made by `make package` of the project; nothing is compiled.
define Build/Compile
endef

define Package/$(PKG_NAME)/install
	$(CP) ./files/. $(1)/
endef
