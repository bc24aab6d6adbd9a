//! Names every crate that brings kinds, so that it is linked. A new family of kinds is one line here and nothing else.

use roundsman_command as _;
use roundsman_databricks as _;
use roundsman_hardware as _;
use roundsman_metabase as _;
use roundsman_network as _;
