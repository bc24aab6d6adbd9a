#!/bin/sh
# /// roundsman
# about = "runs the site's playbook"
# schedule = "15 3 * * *"
# timeout = "1h"
# retry = { attempts = 2, backoff = "5m" }
# dry_run = true
# exit_codes = { partial = [2], retry = [4] }
#
# [params.playbook]
# type = "path"
# default = "/srv/ansible/site.yaml"
#
# [params.inventory]
# type = "string"
# default = "/srv/ansible/hosts"
# help = "a file, or a list of hosts with a comma behind"
# ///
set -eu
# ansible-playbook ends with 2 when a host failed and with 4 when one could not be reached.
if [ "$ROUNDSMAN_DRY_RUN" = 1 ]; then
    set -- --check --diff
fi
exec ansible-playbook --inventory "$ROUNDSMAN_PARAM_INVENTORY" "$@" "$ROUNDSMAN_PARAM_PLAYBOOK"
