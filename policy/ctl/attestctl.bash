# SPDX-License-Identifier: Apache-2.0
# bash completion for attestctl(1)
_attestctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verbs
    case $previous in
    --ca-file | --token-file | --config | --attest | --signature | --key | --pcrs | --log | --ima | \
        --userspace | --output)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --roots)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --role)
        mapfile -t COMPREPLY < <(compgen -W 'viewer operator admin auditor relying-party' -- "$current")
        return
        ;;
    --verdict)
        mapfile -t COMPREPLY < <(compgen -W 'trusted warning untrusted none' -- "$current")
        return
        ;;
    --state)
        mapfile -t COMPREPLY < <(compgen -W '
            expected pending enrolled quarantined revoked decommissioned' -- "$current")
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '
            --attest --ca-file --config --entries --expires --generation --help
            --id --ima --join --json --key --label --limit --log --name --output
            --pcrs --pinned-key --qualifying-data --reason --role --roots
            --select --server --signature --state --token-file --userspace
            --uses --verdict --version' -- "$current")
        return
    fi
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "inspect verify device attestation policy reference token" -- "$current")
        return
    fi
    if ((COMP_CWORD == 2)); then
        case ${COMP_WORDS[1]} in
        inspect) verbs='log ima quote certificate' ;;
        verify) verbs='quote' ;;
        device) verbs='list show check add approve revoke quarantine release decommission' ;;
        attestation) verbs='list show' ;;
        policy) verbs='check put activate deactivate get list' ;;
        reference) verbs='check put activate deactivate get list from-device from-log' ;;
        token) verbs='create list remove' ;;
        *) return ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -F _attestctl attestctl
