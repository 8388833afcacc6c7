# bash completion for overt(1)                                            -*- shell-script -*-

_overt()
{
    local cur prev words cword
    _init_completion || return

    local limits='--max-depth --max-objects --max-bytes --max-object-bytes --max-ratio --max-time'
    local layers='user namespaces landlock seccomp rlimits clock traced mdwe'
    local options command=${words[1]}

    if ((cword == 1)); then
        COMPREPLY=($(compgen -W 'scan explain compile rules bundle ledger clamscan update yara yarac prohibited prove quarantine status history verify-self --help --version' -- "$cur"))
        return
    fi
    case $prev in
        --profile)
            COMPREPLY=($(compgen -W 'quick full' -- "$cur"))
            return
            ;;
        --kind)
            COMPREPLY=($(compgen -W 'scan update activation policy jail quarantine prohibited daemon event' -- "$cur"))
            return
            ;;
        --accept-weaker-jail | --without)
            COMPREPLY=($(compgen -W "$layers" -- "$cur"))
            return
            ;;
        --format)
            COMPREPLY=($(compgen -W 'text json csv cyclonedx ocsf html bod-17-01-30-day bod-17-01-60-day
                bod-17-01-status far-3-day far-10-day far-72-hour' -- "$cur"))
            return
            ;;
        --rules | --file | --file-list | -o | --output | --policy | --state | --bundle | --root | --prefix | --products | --bans | --since)
            _filedir
            return
            ;;
        --exclude | --jobs | --max-* | --only | --agency | --component)
            return
            ;;
    esac
    case $command in
        scan)
            options="--profile --incremental --again --rules --keep-good --file-list --null --exclude --one-file-system --jobs $limits
                --all --json --quiet --no-progress --accept-weaker-jail --help"
            ;;
        explain)
            options="--rules --keep-good --max-reply $limits --json --accept-weaker-jail --help"
            ;;
        clamscan)
            options="--help --version --verbose --archive-verbose --debug --quiet --stdout --no-summary --infected
                --suppress-ok-results --bell --gen-json --database --official-db-only --cvdcertsdir --fips-limits --log --recursive --allmatch
                --cross-fs --follow-dir-symlinks --follow-file-symlinks --file-list --exclude --exclude-dir
                --include --include-dir --detect-pua --exclude-pua --include-pua --phishing-sigs --scan-archive
                --alert-encrypted --alert-encrypted-archive --alert-encrypted-doc --alert-exceeds-max --disable-
                cache --max-scantime --max-filesize --max-scansize --max-files --max-recursion --max-dir-recursion
                --tempdir --leave-temps --force-to-disk --fail-if-cvd-older-than --bytecode --bytecode-unsigned
                --bytecode-timeout --statistics --detect-structured --structured-ssn-format --structured-ssn-count
                --structured-cc-count --structured-cc-mode --scan-mail --phishing-scan-urls --heuristic-alerts
                --heuristic-scan-precedence --normalize --scan-pe --scan-elf --scan-pdf --scan-swf --scan-html
                --scan-xmldocs --scan-onenote --scan-image --scan-image-fuzzy-hash --alert-broken --alert-broken-
                media --alert-macros --alert-phishing-ssl --alert-phishing-cloak --alert-partition-intersection
                --nocerts --dumpcerts --max-embeddedpe --max-htmlnormalize --max-htmlnotags --max-scriptnormalize
                --max-ziptypercg --max-partitions --max-iconspe --pcre-match-limit --pcre-recmatch-limit --pcre-max-
                filesize --remove --move --copy"
            ;;
        compile) options='--output --keep-good --strict --accept-weaker-jail --help' ;;
        rules)
            if ((cword == 2)); then
                COMPREPLY=($(compgen -W 'list show verify cost status diff accept rollback' -- "$cur"))
                return
            fi
            options='--rules --json --top --keep-good --accept-weaker-jail --help'
            ;;
        ledger) options='--ledger --key --help' ;;
        bundle) options='--state --help' ;;
        update)
            options='--policy --state --bundle --max-bytes --max-time --accept-weaker-jail --help'
            ;;
        yara)
            options="--atom-quality-table --compiled-rules --count --strict-escape --define --disable-console-logs
                --fail-on-warnings --fast-scan --file-variables --help --identifier
                --max-process-memory-chunk --max-rules --max-strings-per-rule --module-data
                --negate --no-follow-symlinks --no-warnings --print-meta --print-module-data
                --module-names --print-namespace --print-stats --print-strings
                --print-string-length --print-xor-key --print-tags --recursive --scan-list
                --skip-larger --stack-size --tag --threads --timeout --accept-weaker-jail
                --version"
            ;;
        yarac)
            options="--atom-quality-table --define --fail-on-warnings --file-variables --help --strict-escape
                --max-strings-per-rule --no-warnings --accept-weaker-jail --version"
            ;;
        verify-self) options='--prefix --list --policy --state --accept-weaker-jail --help' ;;
        status) options='--file --json --help' ;;
        history) options='--since --kind --last --ledger --events --json --help' ;;
        quarantine)
            if ((cword == 2)); then
                COMPREPLY=($(compgen -W 'list show add restore delete export' -- "$cur"))
                return
            fi
            options='--json --force --rule --to --output --store --help'
            ;;
        prohibited)
            if ((cword == 2)); then
                COMPREPLY=($(compgen -W 'merge plan --root --deep --format --products --bans --since
                    --agency --component --accept-weaker-jail --help' -- "$cur"))
                return
            fi
            options='--root --deep --format --products --bans --since --agency --component --script
                --other-catalogue --accept-weaker-jail --help'
            ;;
        prove) options='--without --only --matrix --control --list --json --help' ;;
        *) return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
    elif [[ $command != prove ]]; then
        _filedir
    fi
} && complete -F _overt overt
