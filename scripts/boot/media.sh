# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The disk that the machine boots from: initrd, grub.cfg or unified kernel image, GPT and ESP.
# Every name, date and identifier is fixed, so that equal packages make an equal machine.

DISK_GUID=6b1f0a52-9a3c-4a5e-8f27-1c3a5d7e9b01
PART_GUID=6b1f0a52-9a3c-4a5e-8f27-1c3a5d7e9b02
DISK_MIB=128
ESP_MIB=126

# The guest's programs, each with the libraries it is linked with, at their own paths.
GUEST_PROGRAMS=(/usr/bin/busybox /usr/bin/curl /usr/bin/tpm2)
GUEST_MODULES=(virtio_pci virtio_blk)
APPLETS=(cat echo insmod ls mount poweroff sh sleep sync tar uname)

# Programs and libraries are named by their path in the guest; GUEST_ROOT is where they are here.
copy_in() {
    local file
    for file in "$@"; do
        [[ -e $TREE$file ]] || install -D -m 0755 "$GUEST_ROOT$file" "$TREE$file"
    done
}

find_library() {
    local dir
    for dir in /lib "/lib/$TRIPLET" "/usr/lib/$TRIPLET"; do
        [[ ! -e $GUEST_ROOT$dir/$1 ]] || { echo "$dir/$1" && return; }
    done
    fail "library $1 is not in the guest's packages"
}

# Copy a program or library of a foreign architecture with all that it is linked with.
copy_foreign() {
    local file=$1 name library
    [[ ! -e $TREE$file ]] || return 0
    copy_in "$file"
    for name in $(readelf -d "$GUEST_ROOT$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        library=$(find_library "$name")
        copy_foreign "$library"
    done
}

copy_native() {
    # shellcheck disable=SC2046  # library paths hold no blanks
    copy_in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*')
}

copy_programs() {
    local file tcti copy=copy_native
    GUEST_ROOT=$(guest_root)
    [[ -z $GUEST_ROOT ]] || copy=copy_foreign
    tcti=$(find_library libtss2-tcti-device.so.0)
    for file in "${GUEST_PROGRAMS[@]}" "$tcti"; do
        "$copy" "$file"
    done
    for file in "${APPLETS[@]}"; do
        ln -s /usr/bin/busybox "$TREE/bin/$file"
    done
    ln -s /usr/bin/busybox "$TREE/bin/busybox"
    ln -s tpm2 "$TREE/usr/bin/tpm2_getcap"
    ln -s tpm2 "$TREE/usr/bin/tpm2_pcrread"
}

# Kernel modules in the order of insmod.
copy_modules() {
    local root=$1 version=$2 module path
    depmod -b "$root" "$version"
    for module in "${GUEST_MODULES[@]}" "${MODULES[@]}"; do
        modprobe -d "$root" -S "$version" --show-depends "$module"
    done | sed -n "s|^insmod $root\(/[^ ]*\).*|\1|p" | awk '!seen[$0]++' >"$TREE/etc/modules"
    while read -r path; do
        install -D -m 0644 "$root$path" "$TREE/$path"
    done <"$TREE/etc/modules"
}

write_settings() {
    printf 'NAME=Gateway\nVERSION_ID=%s\n' "$RELEASE" >"$TREE/etc/os-release"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$TREE/etc/passwd"
    echo 'root:x:0:' >"$TREE/etc/group"
    printf 'site = one\nrelease = %s\n' "$RELEASE" >"$TREE/etc/gateway.conf"
    printf '#!/usr/bin/busybox sh\necho gateway release %s\n' "$RELEASE" >"$TREE/etc/gateway.sh"
    chmod 0755 "$TREE/etc/gateway.sh"
}

make_initrd() {
    local root=$1 version=$2
    TREE=$WORK/tree
    rm -rf "$TREE"
    mkdir -p "$TREE"/{bin,dev,etc,out,proc,sys,usr/bin}
    install -m 0755 "$PARTS/guest-init" "$TREE/init"
    copy_programs
    copy_modules "$root" "$version"
    write_settings
    find "$TREE" -exec touch -h -d "@$EPOCH" {} +
    (cd "$TREE" && find . -mindepth 1 | LC_ALL=C sort |
        cpio --quiet --reproducible -R 0:0 -o -H newc) | gzip -n -6 >"$WORK/initrd.img"
}

write_grub_cfg() {
    cat <<TEXT
# gateway release $RELEASE
set default=0
set timeout=0
menuentry 'Gateway' {
    $LOADER /vmlinuz $(kernel_arguments)
    ${LOADER/linux/initrd} /initrd.img
}
TEXT
}

note_kernel() {
    local package
    package=$(kernel_package)
    note_image kernel "$1" "$2" "$package" "$(unpacked_version "$package")"
}

# What the firmware measures of itself is not the digest of its file.
note_firmware() {
    local role=$1 file=$2 package
    package=$(dpkg-query -S "$file") && package=${package%%:*}
    MEASURED=no note_image "$role" "$(basename "$file")" "$file" "$package" \
        "$(installed_version "$package")"
}

# GRUB as FILE, and grub.cfg, kernel and initrd at the paths that the signed GRUB looks at.
fill_esp_kernel() {
    local kernel=$1 grub=$2 file=$3
    install -D -m 0644 "$grub" "$ESP/$file"
    mkdir -p "$ESP/EFI/debian"
    write_grub_cfg >"$ESP/EFI/debian/grub.cfg"
    cp "$kernel" "$ESP/vmlinuz"
    cp "$WORK/initrd.img" "$ESP/initrd.img"
    note_image grub "$file" "$grub" "grub-efi-$ARCH-signed" \
        "$(unpacked_version "grub-efi-$ARCH-signed")"
    MEASURED=$GRUB_MEASURES note_image grub.cfg EFI/debian/grub.cfg "$ESP/EFI/debian/grub.cfg"
    note_kernel vmlinuz "$kernel"
    MEASURED=$GRUB_MEASURES note_image initrd initrd.img "$WORK/initrd.img"
}

fill_esp_uboot() {
    local grub
    grub=$(unpacked grub-efi-arm64-signed)/usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed
    fill_esp_kernel "$1" "$grub" EFI/BOOT/BOOTAA64.EFI
}

fill_esp_grub() {
    local shim grub
    shim=$(unpacked shim-signed)/usr/lib/shim/shimx64.efi.signed
    grub=$(unpacked grub-efi-amd64-signed)/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed
    install -D -m 0644 "$shim" "$ESP/EFI/BOOT/BOOTX64.EFI"
    note_image shim EFI/BOOT/BOOTX64.EFI "$shim" shim-signed "$(unpacked_version shim-signed)"
    fill_esp_kernel "$1" "$grub" EFI/BOOT/grubx64.efi
}

# First free page above the sections of a PE image, as a number.
end_of_image() {
    local last
    last=$(objdump -h -w "$1" | awk '$1 ~ /^[0-9]+$/ { print $4, $3 }' | sort | tail -n 1)
    # shellcheck disable=SC2086  # two words
    set -- $last
    echo $(((0x$1 + 0x$2 + 0xfff) / 0x1000 * 0x1000))
}

# objcopy leaves the time of day and a checksum over it in the PE header; the stub's own time is 0.
clear_pe_time() {
    local pe at
    pe=$(od -A n -t u4 -j 60 -N 4 "$1")
    for at in $((pe + 8)) $((pe + 88)); do
        dd if=/dev/zero of="$1" bs=1 seek="$at" count=4 conv=notrunc status=none
    done
}

fill_esp_uki() {
    local kernel=$1 stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub at part file options=()
    printf '%s' "$(kernel_arguments)" >"$WORK/cmdline.txt"
    at=$(end_of_image "$stub")
    for part in "osrel=$TREE/etc/os-release" "cmdline=$WORK/cmdline.txt" \
        "initrd=$WORK/initrd.img" "linux=$kernel"; do
        file=${part#*=}
        options+=(--add-section ".$part" --change-section-vma ".${part%%=*}=$at")
        at=$(((at + $(stat -c %s "$file") + 0xfff) / 0x1000 * 0x1000))
    done
    mkdir -p "$ESP/EFI/BOOT"
    objcopy "${options[@]}" "$stub" "$ESP/EFI/BOOT/BOOTX64.EFI"
    clear_pe_time "$ESP/EFI/BOOT/BOOTX64.EFI"
    note_image uki EFI/BOOT/BOOTX64.EFI "$ESP/EFI/BOOT/BOOTX64.EFI"
    MEASURED=no note_image stub linuxx64.efi.stub "$stub" systemd-boot-efi \
        "$(installed_version systemd-boot-efi)"
    note_image osrel .osrel "$TREE/etc/os-release"
    note_image cmdline .cmdline "$WORK/cmdline.txt"
    note_kernel .linux "$kernel"
    note_image initrd .initrd "$WORK/initrd.img"
}

# sgdisk's -q writes no table at all, so its words are thrown away instead.
make_disk() {
    local fat=$WORK/esp.fat disk=$WORK/disk.img
    find "$ESP" -exec touch -d "@$EPOCH" {} +
    rm -f "$fat" "$disk"
    truncate -s "${ESP_MIB}M" "$fat" && truncate -s "${DISK_MIB}M" "$disk"
    mkfs.vfat -F 32 --invariant -n GATEWAY "$fat" >/dev/null
    (cd "$ESP" && mcopy -s -m -i "$fat" -- * ::/)
    sgdisk -o -U "$DISK_GUID" -n "1:2048:+${ESP_MIB}M" -t 1:ef00 -u "1:$PART_GUID" -c 1:ESP \
        "$disk" >/dev/null
    sgdisk -p "$disk" | grep -q ' EF00 ' || fail "sgdisk made no EFI system partition"
    dd if="$fat" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
    rm -f "$fat"
}

make_media() {
    local root version
    root=$(unpacked "$(kernel_package)")
    version=$(basename "$root"/boot/vmlinuz-*)
    version=${version#vmlinuz-}
    make_initrd "$root" "$version"
    ESP=$WORK/esp
    rm -rf "$ESP" && mkdir -p "$ESP"
    note_firmware firmware "$FIRMWARE"
    [[ -z $VARS ]] || note_firmware variables "$VARS"
    "fill_esp_$CHAIN" "$root/boot/vmlinuz-$version"
    make_disk
}
