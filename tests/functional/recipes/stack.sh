#!/bin/bash
# A stack for devstack/plugin.sh: "stack.sh FOLDER MODE PHASE" sources the plugin as
# DevStack's stack.sh, unstack.sh and clean.sh do. What would change the machine or
# Keystone is written to FOLDER/calls. INI_CONFIG is DevStack's inc/ini-config or the
# one beside this file. Variables and functions that stand for DevStack's are seen as
# unused here.
# shellcheck disable=SC1090,SC1091,SC2034

set -o errexit -o nounset

STATE=$1
PLUGIN=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../devstack" && pwd)
# DevStack's inc/ini-config writes what it is given when it is traced.
source "$INI_CONFIG"

CINDER_CONF=$STATE/cinder/cinder.conf
CINDER_API_PASTE_INI=$STATE/cinder/api-paste.ini
NOVA_CONF=$STATE/nova/nova.conf
NOVA_API_PASTE_INI=$STATE/nova/api-paste.ini
GLANCE_CONF_DIR=$STATE/glance
GLANCE_API_CONF=$STATE/glance/glance-api.conf
GLANCE_IMAGE_DIR=$STATE/images
KEYSTONE_SERVICE_URI=http://192.0.2.1/identity
REGION_NAME=RegionOne
SERVICE_DOMAIN_NAME=Default
SERVICE_PASSWORD="service-password-4711"
SERVICE_PROJECT_NAME=service
SSL_BUNDLE_FILE=
DEVSTACK_VENV=$STATE/venv
GLOBAL_VENV=True

function is_service_enabled {
    local service
    for service in "$@"; do
        if [[ ",$ENABLED_SERVICES," == *",$service,"* ]]; then
            return 0
        fi
    done
    return 1
}

function trueorfalse {
    case "${!2:-}" in
        1 | [yY]es | YES | [tT]rue | TRUE) echo True ;;
        0 | [nN]o | NO | [fF]alse | FALSE) echo False ;;
        *) echo "$1" ;;
    esac
}

function warn { echo "[WARNING] $2"; }
function echo_summary { echo "$*"; }
function define_plugin { :; }
function setup_develop { echo "setup_develop $*" >> "$STATE/calls"; }
function pip_uninstall {
    echo "pip_uninstall $* from ${PIP_VIRTUAL_ENV:-the system}" >> "$STATE/calls"
}
function create_service_user { echo "create_service_user $*" >> "$STATE/calls"; }

source "$PLUGIN/settings"
set -o xtrace
source "$PLUGIN/plugin.sh" "$2" "${3:-}"
