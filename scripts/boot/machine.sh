# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One virtual machine with one software TPM, bounded in time, stopped by process id.

MACHINE_UUID=6b1f0a52-9a3c-4a5e-8f27-1c3a5d7e9b03
BOOT_FAILURES='UEFI Interactive Shell|Kernel panic|bad shim signature|Security Violation'
BOOT_FAILURES+='|grub rescue'
SWTPM_PID=
QEMU_PID=

stop_machine() {
    local pid
    for pid in $QEMU_PID $SWTPM_PID; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    QEMU_PID='' SWTPM_PID=''
}

start_tpm() {
    local state=$WORK/tpm tries
    rm -rf "$state" "$WORK/tpm.sock" && mkdir -p "$state"
    swtpm_setup --tpm2 --tpmstate "$state" --pcr-banks sha1,sha256,sha384 >"$WORK/tpm.log" 2>&1 ||
        fail "swtpm_setup: see $WORK/tpm.log"
    swtpm socket --tpm2 --terminate --tpmstate "dir=$state" \
        --ctrl "type=unixio,path=$WORK/tpm.sock" >>"$WORK/tpm.log" 2>&1 9>&- &
    SWTPM_PID=$!
    for ((tries = 0; tries < 50; tries++)); do
        [[ -S $WORK/tpm.sock ]] && return
        sleep 0.1
    done
    fail "swtpm did not start"
}

# RAM size and CPU are part of what OVMF measures: they never change.
machine_amd64() {
    cp "$VARS" "$WORK/vars.fd"
    MACHINE=(qemu-system-x86_64 -machine q35 -machine smm=on
        -cpu "qemu64,+rdrand,+aes,+ssse3,+sse4.1,+sse4.2,+pclmulqdq"
        -global "driver=cfi.pflash01,property=secure,value=on"
        -drive "if=pflash,unit=0,format=raw,readonly=on,file=$FIRMWARE"
        -drive "if=pflash,unit=1,format=raw,file=$WORK/vars.fd"
        -device "tpm-crb,tpmdev=tpm0")
}

machine_arm64() {
    MACHINE=(qemu-system-aarch64 -machine virt -cpu cortex-a57 -bios "$FIRMWARE"
        -device "tpm-tis-device,tpmdev=tpm0")
}

start_machine() {
    "machine_$ARCH"
    rm -f "$WORK/out.img" "$WORK/serial.log"
    truncate -s 4M "$WORK/out.img" && : >"$WORK/serial.log"
    timeout -k 5 "$BOOT_LIMIT_S" nice -n 5 "${MACHINE[@]}" \
        -accel tcg,thread=multi -smp 2 -m 1024 -uuid "$MACHINE_UUID" -rtc "base=2025-01-01" \
        -nodefaults -no-user-config -display none -no-reboot -nic none \
        -chardev "socket,id=chrtpm,path=$WORK/tpm.sock" -tpmdev emulator,id=tpm0,chardev=chrtpm \
        -drive "if=none,id=boot,format=raw,readonly=on,file=$WORK/disk.img" \
        -device virtio-blk-pci,drive=boot,serial=boot,bootindex=1 \
        -drive "if=none,id=out,format=raw,file=$WORK/out.img" \
        -device virtio-blk-pci,drive=out,serial=boot-record \
        -device virtio-rng-pci -serial "file:$WORK/serial.log" >"$WORK/qemu.log" 2>&1 9>&- &
    QEMU_PID=$!
}

show_console() {
    tail -n 15 "$WORK/serial.log" | tr -c -d "[:print:]\n" | cut -c 1-200 >&2
    cat "$WORK/qemu.log" >&2
}

# Ends when the guest has powered off; fails early on words that no good boot prints.
run_machine() {
    start_tpm
    start_machine
    while kill -0 "$QEMU_PID" 2>/dev/null; do
        if grep -a -q -E "$BOOT_FAILURES" "$WORK/serial.log"; then
            show_console
            fail "the machine does not boot"
        fi
        sleep 0.5
    done
    if ! wait "$QEMU_PID" || ! grep -a -q boot-recorded "$WORK/serial.log"; then
        show_console
        fail "the machine ended without a record (limit: $BOOT_LIMIT_S s)"
    fi
    stop_machine
}
