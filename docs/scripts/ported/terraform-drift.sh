#!/bin/sh
# /// roundsman
# about = "tells whether what is there differs from what Terraform knows"
# schedule = "0 5 * * *"
# timeout = "30m"
# dry_run = true
# exit_codes = { success = [0], partial = [2] }
# leases = ["terraform"]
#
# [params.root]
# type = "path"
# default = "/srv/terraform"
# help = "the folder of the root module, already initialised"
# ///
set -eu
# With -detailed-exitcode: 0 is no difference, 1 an error, 2 a difference. The exit code of a script without `exec` would be
# that of its last line.
code=0
terraform -chdir="$ROUNDSMAN_PARAM_ROOT" plan -input=false -no-color -lock-timeout=60s -detailed-exitcode \
    -out="$PWD/drift.tfplan" || code=$?
if [ "$code" = 2 ]; then
    terraform -chdir="$ROUNDSMAN_PARAM_ROOT" show -no-color "$PWD/drift.tfplan" > drift.txt
    echo "::artifact drift.txt"
    echo "::outcome {\"summary\": \"$(grep -F 'Plan: ' drift.txt || echo 'outputs differ')\"}"
fi
exit "$code"
