# SPDX-License-Identifier: Apache-2.0
# bash completion for attest-agent(8)
_attest_agent()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word
    case $previous in
    --config)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --for)
        COMPREPLY=(trusted)
        return
        ;;
    --set)
        mapfile -t COMPREPLY < <(compgen -S = -W '
            verifier.url verifier.ca_file verifier.pinned_key verifier.exporter verifier.proxy
            verifier.connect_timeout verifier.timeout tpm.tcti tpm.ek tpm.ak_algorithm
            tpm.ak_counter logs.boot logs.ima logs.userspace round.interval round.jitter
            round.retry_min round.retry_max state.directory enrollment.token_file
            enrollment.automatic' -- "$current")
        compopt -o nospace
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '
            --config --set --json --once --file --text --slot --for --timeout --verbose --help --version' -- "$current")
        return
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        enroll | run | announce | wait | status | identity | doctor | config) return ;;
        esac
    done
    mapfile -t COMPREPLY < <(compgen -W 'enroll run announce wait status identity doctor config' -- "$current")
}
complete -F _attest_agent attest-agent
