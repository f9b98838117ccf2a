# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian packages: those this machine needs, and those fetched and unpacked but never installed.

PACKAGES_NEEDED=(binutils busybox-static cpio curl dosfstools gdisk kmod mtools ovmf python3
    qemu-system-x86 swtpm swtpm-tools systemd-boot-efi tpm2-tools)

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) = installed ]]
}

require_packages() {
    local package missing=()
    for package in "${PACKAGES_NEEDED[@]}"; do
        installed "$package" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $INSTALL = no ]]; then
        fail "missing packages: ${missing[*]} (--install installs them)"
    fi
    apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

newest_kernel() {
    apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/^ *Depends: *//p'
}

# The signed cloud kernel that sorts just below the newest, of the same Linux release.
previous_kernel() {
    local newest
    newest=$(newest_kernel)
    apt-cache pkgnames linux-image- | grep -E '^linux-image-[0-9].*-cloud-amd64$' | sort -V |
        grep -F -x -B 1 -e "$newest" | grep -v -F -x -e "$newest"
}

kernel_package() {
    local package
    package=$("$KERNEL"_kernel)
    [[ -n $package ]] || fail "no $KERNEL cloud kernel in apt's lists"
    echo "$package"
}

# Fetch a package and unpack it below $WORK/root; prints the directory.
unpacked() {
    local package=$1 debs=$WORK/debs root=$WORK/root/$1
    if [[ ! -f $root/.version ]]; then
        rm -rf "$root" && mkdir -p "$root" "$debs"
        (cd "$debs" && rm -f "${package}"_*.deb && apt-get download -q "$package" >"$WORK/apt.log" 2>&1) ||
            fail "cannot download $package: see $WORK/apt.log"
        dpkg-deb -x "$debs/${package}"_*.deb "$root"
        dpkg-deb -f "$debs/${package}"_*.deb Version >"$root/.version"
    fi
    echo "$root"
}

unpacked_version() {
    cat "$WORK/root/$1/.version"
}

installed_version() {
    dpkg-query -W -f '${Version}' "$1"
}

# One line of the list that images-json reads: role, name in the machine, path, package, version.
note_image() {
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" "${5:-}" >>"$WORK/images.tsv"
}
