#!/opt/inventory/venv/bin/python
# /// roundsman
# about = "writes the inventory report"
# schedule = "30 6 * * 1-5"
# timeout = "5m"
#
# [params.source]
# type = "path"
# default = "/srv/inventory.yaml"
# help = "the inventory as YAML"
# ///
import os

import yaml

with open(os.environ["ROUNDSMAN_PARAM_SOURCE"]) as file:
    hosts = yaml.safe_load(file)["hosts"]
print(f"{len(hosts)} hosts")
with open("report.txt", "w") as report:
    for host in sorted(hosts):
        print(host, file=report)
print("::artifact report.txt")
