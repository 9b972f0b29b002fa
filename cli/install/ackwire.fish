# Completion of `ackwire` for fish. The command itself knows what fits: commands, options, and names that the broker knows.
function __ackwire_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in ($typed[1] __complete $typed[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':directories'
                __fish_complete_directories "$current"
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c ackwire -f -a '(__ackwire_complete)'
