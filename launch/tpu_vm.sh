# Steps of a campaign on TPU VM slices; each takes the numbers of slices, or else does all:
#   create    asks for the slices, and waits until they are there
#   install   copies the last commit of this folder to every host, and installs it
#   run       one worker on each slice; 0 when the campaign is done; the same step resumes it
#   status    says the state of each slice
#   delete    gives the slices back; until then they are paid for
set -euo pipefail

in_queue() {
    gcloud compute tpus queued-resources "$1" "$name-$2" "${place[@]}" "${@:3}"
}

on_hosts() {
    gcloud compute tpus tpu-vm ssh "$name-$1" --worker=all --command="$2" "${place[@]}"
}

state() {
    in_queue describe "$1" --format='value(state.state)'
}

create() {
    local slice now
    for slice in "$@"; do
        in_queue create "$slice" --node-id="$name-$slice" "${request[@]}"
    done
    for slice in "$@"; do
        until now=$(state "$slice"); [ "$now" = ACTIVE ]; do
            case $now in
                FAILED | SUSPEND* | "")
                    echo "error: $name-$slice: is ${now:-unknown}; delete and create it again" >&2
                    return 1 ;;
            esac
            sleep 30
        done
    done
}

install() {
    local slice archive
    archive=$(mktemp -d)/source.tar.gz
    git archive --format=tar.gz --output="$archive" HEAD
    for slice in "$@"; do
        gcloud compute tpus tpu-vm scp "$archive" "$name-$slice:source.tar.gz" --worker=all \
            "${place[@]}"
        on_hosts "$slice" "$setup"
    done
}

# A worker ends with 0 when the campaign's result is there, whoever computed it.
run() {
    local slice process processes=() code=1
    for slice in "$@"; do
        on_hosts "$slice" "$worker --config.campaign.worker=$slice" >> "$name-$slice.log" 2>&1 &
        processes+=("$!")
    done
    for process in "${processes[@]}"; do
        wait "$process" && code=0
    done
    return "$code"
}

status() {
    local slice
    for slice in "$@"; do
        echo "$name-$slice $(state "$slice")"
    done
}

delete() {
    local slice
    for slice in "$@"; do
        in_queue delete "$slice" --force
    done
}

usage() {
    sed -n 's/^# //p; /^set /q' "$0" >&2
    exit 2
}

case ${1:-} in
    create | install | run | status | delete) step=$1 ;;
    *) usage ;;
esac
shift
for slice in "$@"; do
    if ! [[ $slice =~ ^[0-9]+$ ]] || [ "$slice" -ge "$slices" ]; then
        echo "error: $slice: no slice; allowed: 0..$((slices - 1))" >&2
        exit 2
    fi
done
[ "$#" -gt 0 ] || set -- $(seq 0 $((slices - 1)))
"$step" "$@"
