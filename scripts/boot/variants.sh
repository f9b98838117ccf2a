# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034  # the chosen values are read by the other parts
# The boots that can be recorded: what differs between them, and nothing else does.

VARIANTS='secure                Secure Boot: shim, GRUB, kernel, all signed; the baseline
secure-other-kernel   as secure, with the kernel (and its modules) of the release before
secure-other-cmdline  as secure, with one more kernel argument in grub.cfg
secure-update         as secure, with the next release of initrd and grub.cfg
plain                 as secure, with no keys enrolled: Secure Boot is off; linuxefi in grub.cfg
plain-no-log          as plain, with the grub.cfg of secure: the kernel has no boot log to show
uki                   no Secure Boot; one unified kernel image started by the firmware
uboot-efi             arm64: U-Boot, GRUB, kernel; no Secure Boot; the TPM driver is a module'

list_variants() {
    echo "$VARIANTS"
}

choose_arm64() {
    ARCH=arm64 TRIPLET=aarch64-linux-gnu MODULES=(tpm_tis)
    CHAIN=uboot CONSOLE=ttyAMA0
    FIRMWARE=/usr/lib/u-boot/qemu_arm64/u-boot.bin
    VARS='' GRUB_MEASURES=no # its arm64 build has no measuring part
}

# Sets what a boot is made of. KERNEL: newest or previous of the archive; RELEASE: of the gateway's
# own files; VARS: the firmware's variables; CHAIN: who starts the kernel; LOADER: GRUB's command.
# Debian's GRUB starts a kernel by its EFI stub for "linux" under Secure Boot and for "linuxefi";
# else by the legacy protocol, and then the kernel never learns where the firmware's log is.
choose_variant() {
    ARCH=amd64 TRIPLET=x86_64-linux-gnu MODULES=()
    CHAIN=grub LOADER=linux GRUB_MEASURES=yes
    KERNEL=newest RELEASE=1 MORE_ARGS=''
    CONSOLE=ttyS0,115200
    FIRMWARE=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd
    VARS=/usr/share/OVMF/OVMF_VARS_4M.ms.fd
    IMA_TEMPLATE=ima-ng
    case $1 in
    secure) ;;
    secure-other-kernel) KERNEL=previous ;;
    secure-other-cmdline) MORE_ARGS=' mitigations=off' ;;
    secure-update) RELEASE=2 ;;
    plain) VARS=/usr/share/OVMF/OVMF_VARS_4M.fd LOADER=linuxefi ;;
    plain-no-log) VARS=/usr/share/OVMF/OVMF_VARS_4M.fd ;;
    uki) VARS=/usr/share/OVMF/OVMF_VARS_4M.fd CHAIN=uki IMA_TEMPLATE=ima-sig ;;
    uboot-efi) choose_arm64 ;;
    *) fail "no boot is called $1 (see --list)" ;;
    esac
}

kernel_arguments() {
    echo "console=$CONSOLE rootfstype=ramfs ima_policy=tcb ima_hash=sha256" \
        "ima_template=$IMA_TEMPLATE panic=-1 quiet loglevel=4$MORE_ARGS"
}
