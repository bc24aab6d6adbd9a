#!/bin/bash
# /// roundsman
# about = "counts failed logins by address"
# schedule = "@hourly"
# exit_codes = { skipped = [77] }
#
# [params.log]
# type = "path"
# default = "/var/log/auth.log"
# ///
set -euo pipefail

[ -s "$ROUNDSMAN_PARAM_LOG" ] || exit 77

# That grep finds nothing (1) is good news; that it cannot read (2) is none.
{ grep -F 'Failed password' "$ROUNDSMAN_PARAM_LOG" || [ $? = 1 ]; } |
    sed -E 's/.* from ([^ ]+) port .*/\1/' | sort | uniq -c | sort -rn
