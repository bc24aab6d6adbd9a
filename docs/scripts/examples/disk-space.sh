#!/bin/sh
# /// roundsman
# about = "tells how full file systems are"
# schedule = "*/15 * * * *"
# dry_run = true
#
# [params.paths]
# type = "string"
# default = "/"
# help = "the file systems to look at, separated by spaces"
#
# [params.limit]
# type = "integer"
# default = 90
# help = "percent in use from which on a file system counts as full"
#
# [metrics.disk_space_used_percent]
# help = "How full a file system is."
# labels = ["path"]
# ///
set -eu

# Parameters are variables. The defaults of the header are filled in before the script starts.
limit=$ROUNDSMAN_PARAM_LIMIT
set -f
set -- $ROUNDSMAN_PARAM_PATHS

total=$#
done=0
full=0
for path in "$@"; do
    used=$(df -P "$path" | awk 'NR == 2 { sub("%", "", $5); print $5 }')
    # What is no protocol line is a line of the run's log.
    echo "$path: $used % used"
    echo "::metric disk_space_used_percent{path=\"$path\"} $used"
    if [ "$used" -ge "$limit" ]; then
        full=$((full + 1))
    fi
    done=$((done + 1))
    echo "::progress $done/$total $path"
done

# Relative paths are in the work directory, which is empty, this attempt's own, and removed afterwards.
df -P "$@" > df.txt
echo "::artifact df.txt text/plain"

status=success
if [ "$full" -gt 0 ]; then
    status=partial
fi
echo "::outcome {\"status\": \"$status\", \"summary\": \"$full of $total file systems are full\"," \
    "\"counts\": {\"processed\": $total, \"ok\": $((total - full)), \"failed\": $full}}"
