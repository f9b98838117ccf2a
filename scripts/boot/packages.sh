# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian packages: those this machine needs, and those fetched and unpacked but never installed.

# What the guest's programs come from; for an amd64 guest, this machine's own.
GUEST_PACKAGES=(busybox-static curl tpm2-tools)
NEEDED=(binutils cpio dosfstools gdisk kmod mtools python3 swtpm swtpm-tools)
declare -A NEEDED_FOR=(
    [amd64]="${GUEST_PACKAGES[*]} ovmf qemu-system-x86 systemd-boot-efi"
    [arm64]="qemu-system-arm u-boot-qemu"
)

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) = installed ]]
}

require_packages() {
    local package missing=()
    for package in "${NEEDED[@]}" ${NEEDED_FOR[$ARCH]}; do
        installed "$package" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $INSTALL = no ]]; then
        fail "missing packages: ${missing[*]} (--install installs them)"
    fi
    apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# apt for a foreign architecture works on lists and a cache of its own, with nothing installed.
foreign_apt() {
    local tool=$1 dir=$WORK/apt-$ARCH
    shift
    if [[ ! -e $dir/conf ]]; then
        mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial" && : >"$dir/status"
        cat >"$dir/conf.new" <<TEXT
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
Dir::State "$dir/state";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
TEXT
        APT_CONFIG=$dir/conf.new apt-get update >"$dir/log" 2>&1 || fail "apt-get update: $dir/log"
        mv "$dir/conf.new" "$dir/conf"
    fi
    APT_CONFIG=$dir/conf "$tool" "$@"
}

apt_for_arch() {
    if [[ $ARCH = amd64 ]]; then
        "$@"
    else
        foreign_apt "$@"
    fi
}

newest_kernel() {
    apt_for_arch apt-cache depends --important "linux-image-cloud-$ARCH" |
        sed -n 's/^ *Depends: *//p'
}

# The signed cloud kernel that sorts just below the newest, of the same Linux release.
previous_kernel() {
    local newest
    newest=$(newest_kernel)
    apt_for_arch apt-cache pkgnames linux-image- | grep -E "^linux-image-[0-9].*-cloud-$ARCH\$" |
        sort -V | grep -F -x -B 1 -e "$newest" | grep -v -F -x -e "$newest"
}

kernel_package() {
    local package
    package=$("$KERNEL"_kernel)
    [[ -n $package ]] || fail "no $KERNEL cloud kernel in apt's lists"
    echo "$package"
}

# Fetch a package and unpack it below $WORK/root; prints the directory.
unpacked() {
    local package=$1 debs=$WORK/debs root=$WORK/root/$ARCH/$1
    if [[ ! -f $root/.version ]]; then
        rm -rf "$root" && mkdir -p "$root" "$debs"
        (cd "$debs" && rm -f "${package}"_*.deb &&
            apt_for_arch apt-get download -q "$package" >"$WORK/apt.log" 2>&1) ||
            fail "cannot download $package: see $WORK/apt.log"
        dpkg-deb -x "$debs/${package}"_*.deb "$root"
        dpkg-deb -f "$debs/${package}"_*.deb Version >"$root/.version"
    fi
    echo "$root"
}

unpacked_version() {
    cat "$WORK/root/$ARCH/$1/.version"
}

# The directory whose programs the guest runs: empty for this machine's own.
guest_root() {
    local root=$WORK/root/$ARCH/guest deb
    [[ $ARCH != amd64 ]] || return 0
    if [[ ! -d $root ]]; then
        apt_for_arch apt-get install -q -y --download-only --no-install-recommends \
            "${GUEST_PACKAGES[@]}" >"$WORK/apt.log" 2>&1 || fail "apt-get: see $WORK/apt.log"
        rm -rf "$root.new" && mkdir -p "$root.new"
        for deb in "$WORK/apt-$ARCH/cache/archives"/*.deb; do
            dpkg-deb -x "$deb" "$root.new"
        done
        [[ ! -e $root.new/bin/busybox ]] || mv "$root.new/bin/busybox" "$root.new/usr/bin/"
        mv "$root.new" "$root"
    fi
    echo "$root"
}

installed_version() {
    dpkg-query -W -f '${Version}' "$1"
}

# One line of the list that images-json reads: role, name in the machine, path, package, version.
# MEASURED says whether the boot log has to hold the digest of the whole file.
note_image() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" "${5:-}" "${MEASURED:-yes}" \
        >>"$WORK/images.tsv"
}
