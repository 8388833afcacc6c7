# bash completion for overt-publish(1)                                    -*- shell-script -*-

_overt_publish()
{
    local cur prev words cword
    _init_completion || return

    if ((cword == 1)); then
        COMPREPLY=($(compgen -W 'init key add import revoke suppress keyset statement binary sign publish --help --version' \
            -- "$cur"))
        return
    fi
    case ${words[1]}:$prev in
        key:key)
            COMPREPLY=($(compgen -W 'new' -- "$cur"))
            return
            ;;
        *:--origin | *:--not-before) return ;;
    esac
    if [[ $cur == -* ]]; then
        case ${words[1]} in
            init) COMPREPLY=($(compgen -W '--origin' -- "$cur")) ;;
            key) COMPREPLY=($(compgen -W '--witness' -- "$cur")) ;;
            add) COMPREPLY=($(compgen -W '--holds --spares --not-before' -- "$cur")) ;;
            sign) COMPREPLY=($(compgen -W '--key' -- "$cur")) ;;
        esac
    else
        _filedir
    fi
} && complete -F _overt_publish overt-publish
