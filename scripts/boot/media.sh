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
GUEST_LIBRARIES=(libtss2-tcti-device.so.0)
GUEST_MODULES=(virtio_pci virtio_blk)
APPLETS=(cat echo insmod ls mount poweroff sh sleep sync tar uname)

copy_in() {
    local file
    for file in "$@"; do
        [[ -e $TREE/$file ]] || install -D -m 0755 "$file" "$TREE/$file"
    done
}

libraries_of() {
    ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true
}

copy_programs() {
    local file library
    for library in "${GUEST_LIBRARIES[@]}"; do
        file=$(ldconfig -p | sed -n "s|.*$library .*=> ||p" | head -n 1)
        [[ -n $file ]] || fail "$library is not installed"
        set -- "$@" "$file"
    done
    for file in "${GUEST_PROGRAMS[@]}" "$@"; do
        # shellcheck disable=SC2046  # library paths hold no blanks
        copy_in "$file" $(libraries_of "$file")
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
    for module in "${GUEST_MODULES[@]}"; do
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

# shim, GRUB, kernel and initrd at the paths that the signed GRUB looks at.
fill_esp_grub() {
    local kernel=$1 shim grub
    shim=$(unpacked shim-signed)/usr/lib/shim/shimx64.efi.signed
    grub=$(unpacked grub-efi-amd64-signed)/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed
    install -D -m 0644 "$shim" "$ESP/EFI/BOOT/BOOTX64.EFI"
    install -D -m 0644 "$grub" "$ESP/EFI/BOOT/grubx64.efi"
    mkdir -p "$ESP/EFI/debian"
    write_grub_cfg >"$ESP/EFI/debian/grub.cfg"
    cp "$kernel" "$ESP/vmlinuz"
    cp "$WORK/initrd.img" "$ESP/initrd.img"
    note_image shim EFI/BOOT/BOOTX64.EFI "$shim" shim-signed "$(unpacked_version shim-signed)"
    note_image grub EFI/BOOT/grubx64.efi "$grub" grub-efi-amd64-signed \
        "$(unpacked_version grub-efi-amd64-signed)"
    note_image grub.cfg EFI/debian/grub.cfg "$ESP/EFI/debian/grub.cfg"
    note_image kernel vmlinuz "$kernel" "$(kernel_package)" "$(unpacked_version "$(kernel_package)")"
    note_image initrd initrd.img "$WORK/initrd.img"
}

# First free page above the sections of a PE image, as a number.
end_of_image() {
    local last
    last=$(objdump -h -w "$1" | awk '$1 ~ /^[0-9]+$/ { print $4, $3 }' | sort | tail -n 1)
    # shellcheck disable=SC2086  # two words
    set -- $last
    echo $(((0x$1 + 0x$2 + 0xfff) / 0x1000 * 0x1000))
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
    SOURCE_DATE_EPOCH=$EPOCH objcopy "${options[@]}" "$stub" "$ESP/EFI/BOOT/BOOTX64.EFI"
    note_image uki EFI/BOOT/BOOTX64.EFI "$ESP/EFI/BOOT/BOOTX64.EFI"
    note_image uki-part stub "$stub" systemd-boot-efi "$(installed_version systemd-boot-efi)"
    note_image uki-part .osrel "$TREE/etc/os-release"
    note_image uki-part .cmdline "$WORK/cmdline.txt"
    note_image kernel .linux "$kernel" "$(kernel_package)" "$(unpacked_version "$(kernel_package)")"
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
    note_image firmware "$(basename "$FIRMWARE")" "$FIRMWARE" ovmf "$(installed_version ovmf)"
    note_image variables "$(basename "$VARS")" "$VARS" ovmf "$(installed_version ovmf)"
    "fill_esp_$CHAIN" "$root/boot/vmlinuz-$version"
    make_disk
}
